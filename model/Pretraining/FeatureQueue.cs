using AmcEngine.Model.Modules;
using AmcEngine.Ops;
using AmcEngine.Tensors;

namespace AmcEngine.Model.Pretraining;

/// <summary>A ring of the momentum encoder's latest features <c>[E, Q]</c> with its own write position.</summary>
internal sealed class FeatureQueue(Parameter columns, Parameter pointer)
{
    /// <summary>Features of the batch beside those of the queue, <c>[E, B + Q]</c>: a copy, since the queue moves on.</summary>
    public Tensor With(Tensor features) => Movement.Concat([features.Permute(1, 0), columns.Value], 1);

    /// <summary>Writes features <c>[B, E]</c> at the pointer and wraps around at the end (specification 3.6).</summary>
    public void Enqueue(Tensor features)
    {
        var (batch, size) = (features.Shape[0], columns.Shape[1]);
        if (batch > size)
            throw new ModelException($"feature queue: a batch of {batch} does not fit {size} columns; raise queue_size");
        using var rows = features.Permute(1, 0);
        var start = checked((int)pointer.Integers![0]);
        var tail = Math.Min(batch, size - start);
        Write(rows, 0, start, tail);
        if (tail < batch) Write(rows, tail, 0, batch - tail);
        pointer.Integers[0] = (start + batch) % size;
    }

    private void Write(Tensor rows, int from, int to, int count)
    {
        var queue = columns.Value;
        queue.Backend.CopyRows(rows, rows.Shape[1], from, queue, queue.Shape[1], to, queue.Shape[0], count, 1);
    }
}
