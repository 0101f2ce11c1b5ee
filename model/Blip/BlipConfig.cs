using AmcEngine.Model.Contrastive;
using AmcEngine.Model.Modules;
using AmcEngine.Model.Text;
using AmcEngine.Model.Vision;

namespace AmcEngine.Model.Blip;

/// <summary>
/// Every size of BLIP's image-text matching (Li et al. 2022). The defaults are those of the published base model:
/// ViT-B/16 at 384 pixels and a BERT-base without token types whose layers all attend to the image.
/// </summary>
public sealed record BlipConfig
{
    /// <summary>The image encoder.</summary>
    public VisionConfig Vision { get; init; } = new() { ImageRes = 384 };

    /// <summary>The text encoder; <see cref="EncoderOf"/> says what BLIP fixes in it.</summary>
    public TextConfig Text { get; init; } = EncoderOf(new TextConfig { VocabSize = 30524 });

    /// <summary>
    /// Id of <c>[ENC]</c>, which stands in the place of <c>[CLS]</c> where a text attends to an image.
    /// </summary>
    public int EncId { get; init; } = 30523;

    /// <summary>Width of the contrastive features.</summary>
    public int EmbedDim { get; init; } = 256;

    /// <summary>Columns of the feature queues.</summary>
    public int QueueSize { get; init; } = 57600;

    /// <summary>Momentum of the teacher's weights.</summary>
    public double Momentum { get; init; } = 0.995;

    /// <summary>What the other texts about a picture are to it; right in BLIP's fine-tuning.</summary>
    public SamePicture SamePicture { get; init; } = SamePicture.Positive;

    /// <summary>Initial temperature of the contrastive similarities.</summary>
    public double Temperature { get; init; } = 0.07;

    /// <summary>
    /// The layer whose cross-attention map explains the prediction (0-based), as LAVIS chooses it; in
    /// <see cref="GroundingMode.Itc"/> the vision block.
    /// </summary>
    public int AmcLayer { get; init; } = 7;

    /// <summary>Number 7 of twelve in LAVIS, the second of three in a small one.</summary>
    public int DefaultLayer => Math.Min(Text.Layers - 1, Text.Layers * 7 / 12);

    /// <summary>
    /// A text encoder as BLIP has it: no token types, cross attention in every layer, text mode through all of them
    /// without it.
    /// </summary>
    public static TextConfig EncoderOf(TextConfig config) =>
        config with { TypeVocabSize = 0, FirstCrossLayer = 0, TextModeLayers = config.Layers };

    /// <summary>Whose score is explained in training; image-text matching by default.</summary>
    public GroundingMode Mode { get; init; }

    /// <summary>Checks that the sizes fit together and returns this configuration.</summary>
    /// <exception cref="ModelException">They do not; the message names the first misfit.</exception>
    public BlipConfig Validate()
    {
        Vision.Validate();
        Text.Validate();
        SizeRules.RequirePositive(("embed_dim", EmbedDim), ("queue_size", QueueSize));
        SizeRules.Require(
            EncId >= 0 && EncId < Text.VocabSize, $"the enc id {EncId} is not in the vocabulary of {Text.VocabSize}");
        var layers = Mode == GroundingMode.Itc ? Vision.Depth : Text.Layers;
        SizeRules.Require(AmcLayer >= 0 && AmcLayer < layers,
            $"the AMC layer {AmcLayer} is not there; choose one of 0..{layers - 1}");
        SizeRules.RequireProbability(Momentum, "momentum", 1);
        SizeRules.Require(
            Temperature > 0 && double.IsFinite(Temperature), $"temperature {Temperature} is not positive");
        return this;
    }
}
