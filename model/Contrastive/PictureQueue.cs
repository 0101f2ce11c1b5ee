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
/// <param name="numbers">The pictures' numbers <c>[1, Q]</c>, as <see cref="FreshNumbers"/> makes them.</param>
internal sealed class PictureQueue(Parameter columns, Parameter pointer, Parameter numbers)
    : FeatureQueue(columns, pointer)
{
    /// <summary>The number of columns of which nobody knows the picture.</summary>
    public const long NoPicture = -100;

    /// <summary>What the pictures' numbers are called in a state dict.</summary>
    public const string EntryName = "idx_queue";

    private readonly Parameter _pointer = pointer;
    private long[] _overwritten = [];

    /// <summary>Numbers of a queue of which no picture is known.</summary>
    /// <param name="size">Columns of the queue.</param>
    public static long[] FreshNumbers(int size) => [.. Enumerable.Repeat(NoPicture, size)];

    /// <inheritdoc/>
    public override Tensor? Positives(long[]? samples, long[]? batch, DType dtype, IBackend backend)
    {
        if (samples is null || batch is null) return null;
        long[] all = [.. batch, .. numbers.Integers!];
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
    public override void Enqueue(Tensor features, long[]? pictures = null)
    {
        var (start, count) = ((int)_pointer.Integers![0], features.Shape[0]);
        base.Enqueue(features, pictures);
        var known = numbers.Integers!;
        if (_overwritten.Length != count) _overwritten = new long[count];
        for (var i = 0; i < count; i++)
        {
            ref var number = ref known[(start + i) % known.Length];
            (_overwritten[i], number) = (number, pictures?[i] ?? NoPicture);
        }
    }

    /// <inheritdoc/>
    public override void TakeBack()
    {
        if (!IsWritten) return;
        base.TakeBack();
        var (start, known) = ((int)_pointer.Integers![0], numbers.Integers!);
        for (var i = 0; i < _overwritten.Length; i++) known[(start + i) % known.Length] = _overwritten[i];
    }

    /// <inheritdoc/>
    public override void ForgetPictures() => Array.Fill(numbers.Integers!, NoPicture);
}
