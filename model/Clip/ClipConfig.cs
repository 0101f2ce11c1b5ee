using AmcEngine.Model.Modules;
using AmcEngine.Model.Vision;

namespace AmcEngine.Model.Clip;

/// <summary>Sizes of CLIP. The defaults are those of ViT-B/16 (Radford et al. 2021, table 20).</summary>
public sealed record ClipConfig
{
    /// <summary>The image encoder.</summary>
    public VisionConfig Vision { get; init; } = new() { ImageRes = 224, NormEps = NormEps };

    /// <summary>Width of a text token.</summary>
    public int TextWidth { get; init; } = 512;

    /// <summary>Blocks of the text encoder.</summary>
    public int TextLayers { get; init; } = 12;

    /// <summary>Attention heads of a text block.</summary>
    public int TextHeads { get; init; } = 8;

    /// <summary>Longest text in tokens, start and end included.</summary>
    public int Context { get; init; } = 77;

    /// <summary>Byte pairs.</summary>
    public int VocabSize { get; init; } = 49408;

    /// <summary>Width of the contrastive features.</summary>
    public int EmbedDim { get; init; } = 512;

    /// <summary>Initial temperature of the similarities; the model holds the logarithm of its inverse.</summary>
    public double Temperature { get; init; } = 0.07;

    /// <summary>The vision block whose attention explains the model (0-based); null is the last.</summary>
    public int? AmcLayer { get; init; }

    /// <summary>Eps of every layer norm.</summary>
    public const double NormEps = 1e-5;

    /// <summary>Checks that the sizes fit together and returns this configuration.</summary>
    /// <exception cref="ModelException">They do not; the message names the first misfit.</exception>
    public ClipConfig Validate()
    {
        Vision.Validate();
        SizeRules.RequirePositive(
            ("text width", TextWidth), ("text layers", TextLayers), ("text heads", TextHeads), ("context", Context),
            ("vocabulary size", VocabSize), ("embed_dim", EmbedDim));
        SizeRules.Require(TextWidth % TextHeads == 0, $"text width {TextWidth} is not divisible by {TextHeads} heads");
        SizeRules.Require(AmcLayer is null or >= 0 && !(AmcLayer >= Vision.Depth),
            $"the AMC layer {AmcLayer} is no block of the image encoder; choose one of 0..{Vision.Depth - 1}");
        SizeRules.Require(
            Temperature > 0 && double.IsFinite(Temperature), $"temperature {Temperature} is not positive");
        return this;
    }
}
