using AmcEngine.Amc.Objective;
using AmcEngine.Amc.Training;
using AmcEngine.Backends;
using AmcEngine.Model;
using AmcEngine.Model.Albef;
using AmcEngine.Model.Blip;
using AmcEngine.Model.Clip;
using AmcEngine.Model.Modules;
using AmcEngine.Model.Text;
using AmcEngine.Model.Tokenization;
using AmcEngine.Model.Vision;
using AmcEngine.Ops;
using AmcEngine.Tensors;

namespace AmcEngine.Tests.Amc.Training;

/// <summary>Tiny models of each kind with what a step learns from, some samples of a batch of eight or all.</summary>
internal static class TinyTraining
{
    public const int Count = 8;
    public const int Length = 6;

    private const int Side = 12;

    private static readonly VisionConfig Pictures = new()
    {
        ImageRes = 9,
        PatchSize = 3,
        Width = 6,
        Depth = 2,
        Heads = 2,
        MlpRatio = 2,
    };

    // An odd width, so that no sample begins with a block of random numbers.
    private static readonly TextConfig Texts = new()
    {
        Hidden = 9,
        Heads = 3,
        Intermediate = 14,
        Layers = 3,
        FirstCrossLayer = 1,
        VocabSize = 20,
        MaxPositions = 8,
        ClsId = 1,
        MaskId = 2,
        HiddenDropout = 0.2,
        AttentionDropout = 0.3,
    };

    /// <summary>Which samples have a region.</summary>
    public static bool[] HasRegion => [true, false, true, true, true, true, false, true];

    /// <summary>A margin at which the hinge of the mean is open whatever the maps are.</summary>
    public static AmcObjective Amc => new(new AmcOptions(MeanMargin: 0.9));

    /// <summary>A model with weights large enough that every path of the objective carries signal.</summary>
    /// <param name="kind">albef, blip or clip; "itc" behind it explains by contrast.</param>
    /// <param name="backend">Device.</param>
    /// <param name="dtype">Element type.</param>
    /// <param name="drops">Whether there is dropout.</param>
    public static IVisionLanguageModel Create(
        string kind, IBackend backend, DType dtype = DType.F64, bool drops = true)
    {
        var mode = kind.EndsWith("itc", StringComparison.Ordinal) ? GroundingMode.Itc : GroundingMode.Default;
        var text = drops ? Texts : Texts with { HiddenDropout = 0, AttentionDropout = 0 };
        VisionLanguageModel model = kind[..4] switch
        {
            "albe" => AlbefModel.Create(new AlbefConfig
            {
                Vision = Pictures,
                Text = text,
                EmbedDim = 5,
                QueueSize = 11,
                AmcLayer = 1,
                Mode = mode,
                MlmProbability = 0.4,
                Momentum = 0.7,
                Temperature = 0.3,
            }, backend, dtype, seed: 7),
            "blip" => BlipModel.Create(new BlipConfig
            {
                Vision = Pictures,
                Text = BlipConfig.EncoderOf(text),
                EncId = 19,
                EmbedDim = 5,
                QueueSize = 11,
                AmcLayer = 1,
                Mode = mode,
                Momentum = 0.7,
                Temperature = 0.3,
            }, backend, dtype, seed: 7),
            _ => ClipModel.Create(new ClipConfig
            {
                Vision = Pictures with { NormEps = ClipConfig.NormEps },
                TextWidth = 10,
                TextHeads = 2,
                TextLayers = 2,
                Context = 7,
                VocabSize = 23,
                EmbedDim = 6,
                AmcLayer = 1,
            }, backend, dtype, seed: 7),
        };
        var random = new RandomSource(11);
        foreach (var p in model.Trainable.Where(p => p.Shape.Rank > 0))
            p.Value.FillUniform(-0.4, 0.4, random.NextKey());
        model.CopyStudentToMomentum();
        return model;
    }

    /// <summary>What a step learns from: samples of the batch of a step.</summary>
    /// <param name="model">The model.</param>
    /// <param name="step">Which batch.</param>
    /// <param name="first">The first sample.</param>
    /// <param name="count">How many.</param>
    public static StepInputs Inputs(IVisionLanguageModel model, int step = 0, int first = 0, int count = Count)
    {
        var (backend, rows) = (model.Backend, new Range(first, first + count));
        using var all = Tensor.Empty([Count, 3, Pictures.ImageRes, Pictures.ImageRes], model.DType, backend)
            .FillUniform(-1.5, 1.5, new RandomSource(5 + (ulong)step).NextKey());
        var (size, mask) = (all.Count / Count, Mask());
        var image = TensorValues.From(all.ToDoubles()[(first * size)..((first + count) * size)],
            [count, 3, Pictures.ImageRes, Pictures.ImageRes], model.DType, backend);
        var regions = TensorValues.From(mask[(first * Side * Side)..((first + count) * Side * Side)],
            [count, Side, Side], model.DType, backend);
        long[] pictures = [1, 2, 3, 4, 1, 5, 6, 7 - step % 2];
        bool[] isOther = [true, true, false, true, true, true, false, true];
        return new StepInputs(new PairBatch(image, Tokens(3 + step, first, count))
        {
            Pictures = model is BlipModel ? pictures[rows] : null,
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
