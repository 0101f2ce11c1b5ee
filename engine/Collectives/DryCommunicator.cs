using AmcEngine.Tensors;

namespace AmcEngine.Collectives;

/// <summary>
/// A rank of a group that is not there, for runs that compute nothing: no value is sent, and operands keep what they
/// hold. Code takes the way that it takes among so many ranks, as far as that does not depend on values.
/// </summary>
public sealed class DryCommunicator : ICommunicator
{
    /// <summary>A rank.</summary>
    /// <param name="rank">Its number.</param>
    /// <param name="size">Ranks in the group.</param>
    public DryCommunicator(int rank, int size) => (Rank, Size) = (rank, size);

    /// <inheritdoc/>
    public string Name => "no communication";

    /// <inheritdoc/>
    public int Rank { get; }

    /// <inheritdoc/>
    public int Size { get; }

    /// <summary>Told of each tensor that ranks would reduce.</summary>
    public Action<Tensor>? Reducing { get; init; }

    /// <inheritdoc/>
    public CollectiveWork AllReduce(Tensor tensor, Reduction reduction = Reduction.Sum)
    {
        Reducing?.Invoke(tensor);
        return CollectiveWork.Done;
    }

    /// <inheritdoc/>
    public CollectiveWork Reduce(Tensor tensor, int root) => AllReduce(tensor);

    /// <inheritdoc/>
    public CollectiveWork ReduceScatter(Tensor source, Tensor target) => CollectiveWork.Done;

    /// <inheritdoc/>
    public CollectiveWork AllGather(Tensor source, Tensor target) => CollectiveWork.Done;

    /// <inheritdoc/>
    public CollectiveWork AllToAll(Tensor source, int[] sent, Tensor target, int[] received) => CollectiveWork.Done;

    /// <inheritdoc/>
    public CollectiveWork Broadcast(Tensor tensor, int root) => CollectiveWork.Done;

    /// <inheritdoc/>
    public void AllReduce(Span<double> values, Reduction reduction = Reduction.Sum)
    {
    }

    /// <inheritdoc/>
    public byte[][] AllGather(ReadOnlySpan<byte> bytes)
    {
        var all = new byte[Size][];
        for (var i = 0; i < all.Length; i++) all[i] = bytes.ToArray();
        return all;
    }

    /// <inheritdoc/>
    public void Barrier()
    {
    }

    /// <inheritdoc/>
    /// <remarks>All ranks are taken to be in one group.</remarks>
    public ICommunicator Split(int color, int key) => this;

    /// <inheritdoc/>
    public void Abort(int exitCode) => Environment.Exit(exitCode);

    /// <inheritdoc/>
    public void Dispose()
    {
    }
}
