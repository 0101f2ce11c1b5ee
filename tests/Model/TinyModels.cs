using AmcEngine.Backends;
using AmcEngine.Model;
using AmcEngine.Model.Albef;
using AmcEngine.Model.Blip;
using AmcEngine.Model.Clip;
using AmcEngine.Model.Contrastive;
using AmcEngine.Model.Text;
using AmcEngine.Model.Vision;
using AmcEngine.Ops;
using AmcEngine.Tensors;

namespace AmcEngine.Tests.Model;

/// <summary>
/// A model of each kind that trains in moments: pictures of 9 pixels, texts of up to eight tokens, widths that no
/// vector fills, dropout, and a hooked layer that is not the last.
/// </summary>
internal static class TinyModels
{
    /// <summary>Side of the pictures.</summary>
    public const int Side = 9;

    /// <summary>An image encoder.</summary>
    /// <param name="depth">Its blocks.</param>
    public static VisionConfig Vision(int depth) =>
        new() { ImageRes = Side, PatchSize = 3, Width = 6, Depth = depth, Heads = 2, MlpRatio = 2 };

    /// <summary>
    /// A text encoder of a text layer and two fusion layers. Its width is odd, so that no sample begins with a block of
    /// random numbers.
    /// </summary>
    public static TextConfig Text { get; } = new()
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

    /// <summary>A model with large weights.</summary>
    /// <param name="kind">
    /// albef, blip or clip; with " itc" behind it, explained by contrast. ALBEF then also counts other texts of a
    /// picture as right, as BLIP always does.
    /// </param>
    /// <param name="backend">Where it is.</param>
    /// <param name="dtype">Element type.</param>
    /// <param name="drops">Whether there is dropout.</param>
    /// <param name="depth">Blocks of the image encoder.</param>
    public static VisionLanguageModel Create(
        string kind, IBackend backend, DType dtype = DType.F64, bool drops = true, int depth = 2)
    {
        var text = drops ? Text : Text with { HiddenDropout = 0, AttentionDropout = 0 };
        var byContrast = kind.EndsWith(" itc", StringComparison.Ordinal);
        var mode = byContrast ? GroundingMode.Itc : GroundingMode.Default;
        VisionLanguageModel model = kind.Split(' ')[0] switch
        {
            "albef" => AlbefModel.Create(new AlbefConfig
            {
                Vision = Vision(depth),
                Text = text,
                EmbedDim = 5,
                QueueSize = 11,
                AmcLayer = 1,
                Mode = mode,
                SamePicture = byContrast ? SamePicture.Positive : SamePicture.Negative,
                MlmProbability = 0.4,
                Momentum = 0.7,
                Temperature = 0.3,
            }, backend, dtype, seed: 7),
            "blip" => BlipModel.Create(new BlipConfig
            {
                Vision = Vision(depth),
                Text = BlipConfig.EncoderOf(text),
                EncId = 19,
                EmbedDim = 5,
                QueueSize = 11,
                AmcLayer = 1,
                Mode = mode,
                Momentum = 0.7,
                Temperature = 0.3,
            }, backend, dtype, seed: 7),
            "clip" => ClipModel.Create(new ClipConfig
            {
                Vision = Vision(depth) with { NormEps = ClipConfig.NormEps },
                TextWidth = 10,
                TextHeads = 2,
                TextLayers = 2,
                Context = 7,
                VocabSize = 23,
                EmbedDim = 6,
                AmcLayer = 1,
            }, backend, dtype, seed: 7),
            _ => throw new ArgumentOutOfRangeException(nameof(kind), kind, "no kind of model"),
        };
        return model.WithLargeWeights();
    }

    /// <summary>
    /// Gives a model weights large enough that every path of an objective carries signal. Temperatures stay, and the
    /// momentum copies follow.
    /// </summary>
    public static T WithLargeWeights<T>(this T model) where T : VisionLanguageModel
    {
        var random = new RandomSource(11);
        foreach (var p in model.Trainable.Where(p => p.Shape.Rank > 0))
            p.Value.FillUniform(-0.4, 0.4, random.NextKey());
        model.CopyStudentToMomentum();
        return model;
    }
}
