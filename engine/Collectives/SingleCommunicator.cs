using AmcEngine.Backends.Kernels;
using AmcEngine.Tensors;

namespace AmcEngine.Collectives;

/// <summary>One process alone: nothing to wait for, nothing installed.</summary>
public sealed class SingleCommunicator : ICommunicator
{
    /// <summary>The only instance.</summary>
    public static SingleCommunicator Instance { get; } = new();

    private SingleCommunicator()
    {
    }

    /// <inheritdoc/>
    public string Name => "single process";

    /// <inheritdoc/>
    public int Rank => 0;

    /// <inheritdoc/>
    public int Size => 1;

    /// <inheritdoc/>
    public CollectiveWork AllReduce(Tensor tensor, Reduction reduction = Reduction.Sum) => CollectiveWork.Done;

    /// <inheritdoc/>
    /// <exception cref="ArgumentOutOfRangeException">There is no such rank.</exception>
    public CollectiveWork Reduce(Tensor tensor, int root)
    {
        CollectiveShapes.CheckRoot(root, Size);
        return CollectiveWork.Done;
    }

    /// <inheritdoc/>
    /// <exception cref="ShapeException">The shapes differ.</exception>
    /// <exception cref="DTypeException">The element types differ.</exception>
    public CollectiveWork ReduceScatter(Tensor source, Tensor target) => Copy("reduce_scatter", source, target);

    /// <inheritdoc/>
    /// <exception cref="ShapeException">The shapes differ.</exception>
    /// <exception cref="DTypeException">The element types differ.</exception>
    public CollectiveWork AllGather(Tensor source, Tensor target) => Copy("all_gather", source, target);

    /// <inheritdoc/>
    /// <exception cref="ShapeException">The numbers of rows are not those of the tensors.</exception>
    /// <exception cref="DTypeException">The element types differ.</exception>
    public CollectiveWork AllToAll(Tensor source, int[] sent, Tensor target, int[] received)
    {
        CollectiveShapes.CheckRows(source, sent, target, received, 1);
        return Copy("all_to_all", source, target);
    }

    /// <inheritdoc/>
    /// <exception cref="ArgumentOutOfRangeException">There is no such rank.</exception>
    public CollectiveWork Broadcast(Tensor tensor, int root)
    {
        CollectiveShapes.CheckRoot(root, Size);
        return CollectiveWork.Done;
    }

    /// <inheritdoc/>
    public void AllReduce(Span<double> values, Reduction reduction = Reduction.Sum)
    {
    }

    /// <inheritdoc/>
    public byte[][] AllGather(ReadOnlySpan<byte> bytes) => [bytes.ToArray()];

    /// <inheritdoc/>
    public void Barrier()
    {
    }

    /// <inheritdoc/>
    public ICommunicator Split(int color, int key) => this;

    /// <inheritdoc/>
    public void Abort(int exitCode) => Environment.Exit(exitCode);

    /// <inheritdoc/>
    public void Dispose()
    {
    }

    private static CollectiveWork Copy(string op, Tensor source, Tensor target)
    {
        CollectiveShapes.CheckParts(op, source, target, 1);
        source.Backend.Run(new CopyArgs(source, target));
        return CollectiveWork.Done;
    }
}
