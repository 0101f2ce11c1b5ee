using AmcEngine.Amc.Objective;
using AmcEngine.Amc.Training;
using AmcEngine.Backends;
using AmcEngine.Model;
using AmcEngine.Model.Modules;
using AmcEngine.Model.Tokenization;
using AmcEngine.Ops;
using AmcEngine.Tensors;
using AmcEngine.Tests.Model;

namespace AmcEngine.Tests.Amc.Training;

/// <summary>What a step of the <see cref="TinyModels"/> learns from, some samples of a batch of eight or all.</summary>
internal static class TinyTraining
{
    public const int Count = 8;
    public const int Length = 6;

    private const int Side = 12;

    /// <summary>Which samples have a region.</summary>
    public static bool[] HasRegion => [true, false, true, true, true, true, false, true];

    /// <summary>A margin at which the hinge of the mean is open whatever the maps are.</summary>
    public static AmcObjective Amc => new(new AmcOptions(MeanMargin: 0.9));

    /// <summary>What a step learns from: samples of the batch of a step.</summary>
    /// <param name="model">The model.</param>
    /// <param name="step">Which batch.</param>
    /// <param name="first">The first sample.</param>
    /// <param name="count">How many.</param>
    public static StepInputs Inputs(IVisionLanguageModel model, int step = 0, int first = 0, int count = Count)
    {
        var (backend, rows) = (model.Backend, new Range(first, first + count));
        using var all = Tensor.Empty([Count, 3, TinyModels.Side, TinyModels.Side], model.DType, backend)
            .FillUniform(-1.5, 1.5, new RandomSource(5 + (ulong)step).NextKey());
        var (size, mask) = (all.Count / Count, Mask());
        var image = TensorValues.From(all.ToDoubles()[(first * size)..((first + count) * size)],
            [count, 3, TinyModels.Side, TinyModels.Side], model.DType, backend);
        var regions = TensorValues.From(mask[(first * Side * Side)..((first + count) * Side * Side)],
            [count, Side, Side], model.DType, backend);
        long[] pictures = [1, 2, 3, 4, 1, 5, 6, 7 - step % 2];
        bool[] isOther = [true, true, false, true, true, true, false, true];
        return new StepInputs(new PairBatch(image, Tokens(3 + step, first, count))
        {
            Pictures = pictures[rows],
        }, regions, HasRegion[rows])
        {
            Others = Tokens(7 + step, first, count),
            IsOther = isOther[rows],
        };
    }

    /// <summary>Texts of different lengths that begin with 1.</summary>
    public static IEnumerable<int> Ids(int seed) => Enumerable.Range(0, Count * Length).Select(i =>
        i % Length == 0 ? 1 : i % Length >= Length - i / Length % 3 ? 0 : 3 + (i * seed + i / Length) % 16);

    /// <summary>All numbers that a model holds, momentum copies and queues included.</summary>
    public static Dictionary<string, double[]?> State(IVisionLanguageModel model) =>
        model.StateEntries.Where(e => !e.IsAlias).Select(e => e.Parameter).ToDictionary(
            p => p.Name,
            double[]? (p) => p.Integers is { } whole ? Array.ConvertAll(whole, v => (double)v) : p.Value.ToDoubles());

    /// <summary>
    /// Least norm that errors are taken relative to: a bias that all keys share changes no attention, and its gradient
    /// is nothing but rounding.
    /// </summary>
    public static double Floor(string name) => name.EndsWith("key.bias", StringComparison.Ordinal) ? 1 : 0;

    private static TokenBatch Tokens(int seed, int first, int count)
    {
        int[] ids = [.. Ids(seed).Skip(first * Length).Take(count * Length)];
        return new TokenBatch(ids, [.. ids.Select(i => i == 0 ? 0 : 1)], count, Length);
    }

    private static double[] Mask()
    {
        var mask = new double[Count * Side * Side];
        for (var i = 0; i < mask.Length; i++)
            if (i / 144 <= i % 12 && i % 12 < 8 && i / 12 % 12 > 4) mask[i] = 1;
        return mask;
    }
}
