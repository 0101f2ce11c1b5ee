using AmcEngine.Backends;
using AmcEngine.Model.Modules;
using AmcEngine.Tensors;

namespace AmcEngine.Model.Contrastive;

/// <summary>
/// A ring of features that also knows which picture each column is about, so that pairs of one picture are no
/// negatives.
/// </summary>
/// <param name="columns">The features <c>[E, Q]</c>.</param>
/// <param name="pointer">Where the next are written.</param>
/// <param name="pictures">The pictures' numbers <c>[1, Q]</c>.</param>
internal sealed class PictureQueue(Parameter columns, Parameter pointer, Parameter pictures)
    : FeatureQueue(columns, pointer)
{
    /// <summary>The number of columns of which nobody knows the picture.</summary>
    public const long NoPicture = -100;

    private readonly Parameter _pointer = pointer;
    private long[] _overwritten = [];

    /// <summary>The pictures of the batch that is enqueued next; null where nobody knows them.</summary>
    public long[]? Batch { get; set; }

    /// <summary>
    /// Columns of batch and queue that are about the same picture as each sample: <c>[b, n + Q]</c>, a row's ones
    /// divided by their number. Null where each sample's own column is the only one, or nobody knows the pictures.
    /// </summary>
    /// <param name="samples">The pictures of the samples.</param>
    /// <param name="batch">The pictures of the batch's n columns, those of the samples among them.</param>
    /// <param name="dtype">Element type.</param>
    /// <param name="backend">Device.</param>
    public Tensor? Positives(long[]? samples, long[]? batch, DType dtype, IBackend backend)
    {
        if (samples is null || batch is null) return null;
        long[] all = [.. batch, .. pictures.Integers!];
        var counts = samples.Distinct().ToDictionary(p => p, _ => 0);
        foreach (var picture in all)
            if (counts.TryGetValue(picture, out var known)) counts[picture] = known + 1;
        if (samples.All(p => counts[p] == 1)) return null;
        var values = new double[samples.Length * all.Length];
        for (var row = 0; row < samples.Length; row++)
            for (var column = 0; column < all.Length; column++)
                if (all[column] == samples[row]) values[row * all.Length + column] = 1.0 / counts[samples[row]];
        return TensorValues.From(values, [samples.Length, all.Length], dtype, backend);
    }

    /// <inheritdoc/>
    public override void Enqueue(Tensor features)
    {
        var (start, count) = ((int)_pointer.Integers![0], features.Shape[0]);
        base.Enqueue(features);
        var numbers = pictures.Integers!;
        if (_overwritten.Length != count) _overwritten = new long[count];
        for (var i = 0; i < count; i++)
        {
            ref var number = ref numbers[(start + i) % numbers.Length];
            (_overwritten[i], number) = (number, Batch?[i] ?? NoPicture);
        }
    }

    /// <inheritdoc/>
    public override void TakeBack()
    {
        if (!IsWritten) return;
        base.TakeBack();
        var (start, numbers) = ((int)_pointer.Integers![0], pictures.Integers!);
        for (var i = 0; i < _overwritten.Length; i++) numbers[(start + i) % numbers.Length] = _overwritten[i];
    }
}
