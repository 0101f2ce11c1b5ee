using AmcEngine.Backends;
using AmcEngine.Backends.Kernels;
using AmcEngine.Memory;
using AmcEngine.Model.Modules;
using AmcEngine.Ops;
using AmcEngine.Tensors;

namespace AmcEngine.Model.Contrastive;

/// <summary>A ring of the momentum encoder's latest features <c>[E, Q]</c> with a write position.</summary>
/// <param name="columns">The features.</param>
/// <param name="pointer">Where the next are written.</param>
/// <param name="advances">
/// Whether the position moves on with this queue; false where a queue of the same position is written after it.
/// </param>
internal class FeatureQueue(Parameter columns, Parameter pointer, bool advances = true) : IDisposable
{
    private Tensor? _overwritten;
    private int _overwrittenAt;

    /// <summary>Whether the step has written.</summary>
    protected bool IsWritten { get; private set; }

    /// <summary>Begins a step: <see cref="TakeBack"/> goes back to here.</summary>
    public void Begin() => IsWritten = false;

    /// <summary>
    /// Features of the batch beside those of the queue, <c>[E, B + Q]</c>: a copy, since the queue moves on.
    /// </summary>
    public Tensor With(Tensor features) => Movement.Concat([features.Permute(1, 0), columns.Value], 1);

    /// <summary>
    /// Columns of batch and queue that are as right for a sample as its own: <c>[b, n + Q]</c>, a row's ones divided by
    /// their number. Null where each sample's own column is the only one, or nobody knows the pictures.
    /// </summary>
    /// <param name="samples">The pictures of the samples; null where nobody knows them.</param>
    /// <param name="batch">The pictures of the batch's n columns, those of the samples among them.</param>
    /// <param name="dtype">Element type.</param>
    /// <param name="backend">Device.</param>
    public virtual Tensor? Positives(long[]? samples, long[]? batch, DType dtype, IBackend backend) => null;

    /// <summary>Writes features <c>[B, E]</c> at the pointer and wraps around at the end (specification 3.6).</summary>
    /// <param name="features">The features.</param>
    /// <param name="pictures">
    /// Which picture each is about, for a queue that knows its pictures; null where nobody knows.
    /// </param>
    /// <exception cref="ModelException">The batch has more rows than the queue columns.</exception>
    public virtual void Enqueue(Tensor features, long[]? pictures = null)
    {
        var (batch, size) = (features.Shape[0], columns.Shape[1]);
        if (batch > size)
            throw new ModelException(
                $"feature queue: a batch of {batch} does not fit {size} columns; raise queue_size");
        using var rows = features.Permute(1, 0);
        var start = checked((int)pointer.Integers![0]);
        if (_overwritten?.Shape[1] != batch)
        {
            _overwritten?.Dispose();
            using (MemoryScope.Suspend())
                _overwritten = Tensor.Empty([columns.Shape[0], batch], columns.Value.DType, columns.Value.Backend);
        }
        _overwrittenAt = start;
        Read(_overwritten, start);
        Write(rows, start);
        if (advances) pointer.Integers[0] = (start + batch) % size;
        IsWritten = true;
    }

    /// <summary>Puts back what the step has written over, if it came to that.</summary>
    public virtual void TakeBack()
    {
        if (!IsWritten) return;
        Write(_overwritten!, _overwrittenAt);
        pointer.Integers![0] = _overwrittenAt;
        IsWritten = false;
    }

    /// <summary>Forgets which pictures the columns are about.</summary>
    public virtual void ForgetPictures()
    {
    }

    /// <summary>Gives back what is kept for <see cref="TakeBack"/>.</summary>
    public void Dispose()
    {
        _overwritten?.Dispose();
        _overwritten = null;
        GC.SuppressFinalize(this);
    }

    // From the queue's columns at "start", around its end, and the other way.
    private void Read(Tensor rows, int start)
    {
        var (batch, tail) = (rows.Shape[1], Math.Min(rows.Shape[1], columns.Shape[1] - start));
        Copy(columns.Value, start, rows, 0, tail);
        if (tail < batch) Copy(columns.Value, 0, rows, tail, batch - tail);
    }

    private void Write(Tensor rows, int start)
    {
        var (batch, tail) = (rows.Shape[1], Math.Min(rows.Shape[1], columns.Shape[1] - start));
        Copy(rows, 0, columns.Value, start, tail);
        if (tail < batch) Copy(rows, tail, columns.Value, 0, batch - tail);
    }

    private static void Copy(Tensor source, int from, Tensor target, int to, int count)
    {
        target.Backend.Run(
            new CopyRowsArgs(source, source.Shape[1], from, target, target.Shape[1], to, target.Shape[0], count, 1));
    }
}
