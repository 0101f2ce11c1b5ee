using AmcEngine.Model.Contrastive;
using AmcEngine.Model.Modules;
using AmcEngine.Model.Text;
using AmcEngine.Model.Vision;

namespace AmcEngine.Model.Albef;

/// <summary>
/// Every size of ALBEF (specification 1 and 2). The defaults are those of the published model: ViT-B/16 at 256 pixels
/// and a BERT-base whose upper six layers attend to the image.
/// </summary>
public sealed record AlbefConfig
{
    /// <summary>The image encoder.</summary>
    public VisionConfig Vision { get; init; } = new();

    /// <summary>The text encoder with its fusion layers.</summary>
    public TextConfig Text { get; init; } = new();

    /// <summary>Width of the contrastive features.</summary>
    public int EmbedDim { get; init; } = 256;

    /// <summary>Columns of the feature queues.</summary>
    public int QueueSize { get; init; } = 65536;

    /// <summary>Momentum of the teacher's weights.</summary>
    public double Momentum { get; init; } = 0.995;

    /// <summary>What the other texts about a picture are to it; wrong in ALBEF's pre-training.</summary>
    public SamePicture SamePicture { get; init; } = SamePicture.Negative;

    /// <summary>Initial temperature of the contrastive similarities.</summary>
    public double Temperature { get; init; } = 0.07;

    /// <summary>
    /// The fusion layer whose cross-attention map explains the prediction (0-based); in <see cref="GroundingMode.Itc"/>
    /// the vision block.
    /// </summary>
    public int AmcLayer { get; init; } = 8;

    /// <summary>The third of six fusion layers in the published model, the first of two in a small one.</summary>
    public int DefaultLayer => Text.FirstCrossLayer + (Text.Layers - Text.FirstCrossLayer - 1) / 2;

    /// <summary>Probability that a word piece is selected for masked language modelling.</summary>
    public double MlmProbability { get; init; } = 0.15;

    /// <summary>Axis of the distillation term; <see cref="MlmDistillAxis.Sequence"/> reproduces AMC.</summary>
    public MlmDistillAxis MlmDistillAxis { get; init; } = MlmDistillAxis.Sequence;

    /// <summary>Whose score is explained in training; image-text matching by default.</summary>
    public GroundingMode Mode { get; init; }

    /// <summary>Checks that the sizes fit together and returns this configuration.</summary>
    /// <exception cref="ModelException">They do not; the message names the first misfit.</exception>
    public AlbefConfig Validate()
    {
        Vision.Validate();
        Text.Validate();
        SizeRules.RequirePositive(("embed_dim", EmbedDim), ("queue_size", QueueSize));
        if (Mode == GroundingMode.Itc)
            SizeRules.Require(AmcLayer >= 0 && AmcLayer < Vision.Depth,
                $"the AMC layer {AmcLayer} is no block of the image encoder; choose one of 0..{Vision.Depth - 1}");
        else SizeRules.Require(AmcLayer >= Text.FirstCrossLayer && AmcLayer < Text.Layers,
            $"the AMC layer {AmcLayer} has no cross attention; "
                + $"choose one of the fusion layers {Text.FirstCrossLayer}..{Text.Layers - 1}");
        SizeRules.RequireProbability(Momentum, "momentum", 1);
        SizeRules.Require(MlmProbability is >= 0 and <= 1, $"MLM probability {MlmProbability} is not in [0, 1]");
        SizeRules.Require(
            Temperature > 0 && double.IsFinite(Temperature), $"temperature {Temperature} is not positive");
        return this;
    }
}
