using AmcEngine.Backends;
using AmcEngine.Backends.Kernels;
using AmcEngine.Model.Contrastive;
using AmcEngine.Model.Layers;
using AmcEngine.Model.Modules;
using AmcEngine.Model.Text;
using AmcEngine.Model.Tokenization;
using AmcEngine.Model.Vision;
using AmcEngine.Ops;
using AmcEngine.Tensors;

namespace AmcEngine.Model;

/// <summary>
/// What ALBEF and BLIP have in common: an image encoder, a BERT that attends to it, contrastive projections with a
/// temperature, and a matching head. Such a model can be explained by its match logit and by contrast.
/// </summary>
public abstract class MatchingModel : VisionLanguageModel
{
    private const double MinTemperature = 0.001;
    private const double MaxTemperature = 0.5;

    /// <summary>Temperature of the contrastive similarities, a scalar.</summary>
    public abstract Parameter Temperature { get; }

    /// <summary>Image encoder.</summary>
    public abstract VisionTransformer Vision { get; }

    /// <summary>Projection of the image class token.</summary>
    public abstract Linear VisionProjection { get; }

    /// <summary>Projection of the text class token.</summary>
    public abstract Linear TextProjection { get; }

    /// <summary>Matching head; logit 1 means "match".</summary>
    public abstract Linear ItmHead { get; }

    /// <summary>What the other texts about a picture are to it in training.</summary>
    public abstract SamePicture SamePicture { get; }

    /// <summary>Queue of image features; null in a model for evaluation.</summary>
    internal abstract FeatureQueue? ImageQueue { get; }

    /// <summary>Queue of text features; null in a model for evaluation.</summary>
    internal abstract FeatureQueue? TextQueue { get; }

    private protected override IReadOnlyList<FeatureQueue> Queues => ImageQueue is null ? [] : [ImageQueue, TextQueue!];

    /// <inheritdoc/>
    public override int ImageRes => Vision.ImageRes;

    /// <inheritdoc/>
    public override int MaxTextLength => Encoder.MaxPositions;

    /// <summary>Text encoder with its fusion layers.</summary>
    protected abstract BertEncoder Encoder { get; }

    /// <summary>Whose score is explained in training.</summary>
    protected abstract GroundingMode TrainedMode { get; }

    /// <summary>The layer that is explained in training: a fusion layer, or by contrast a vision block.</summary>
    protected abstract int TrainedLayer { get; }

    /// <summary>The fusion layer that is explained where training explains by contrast.</summary>
    protected abstract int DefaultLayer { get; }

    /// <summary>Whether each text ends with an end token.</summary>
    protected virtual bool HasEnd => false;

    /// <summary>
    /// The weights on which an explanation depends. By the match logit: image encoder, text and fusion layers, matching
    /// head; by contrast: image encoder, text mode's layers, projections and temperature. The others serve training
    /// alone.
    /// </summary>
    public override IEnumerable<Parameter> ExplanationWeights(GroundingSettings settings) => IsContrast(settings)
        ? [Temperature, .. Vision.Parameters, .. Encoder.TextParameters, .. VisionProjection.Parameters,
            .. TextProjection.Parameters]
        : [.. Vision.Parameters, .. Encoder.Parameters, .. ItmHead.Parameters];

    /// <inheritdoc/>
    public override IGrounder Grounder(GroundingSettings settings)
    {
        var trainedByContrast = TrainedMode == GroundingMode.Itc;
        if (IsContrast(settings))
            return new ItcGrounder(
                Vision, ContrastParts(), settings.Layer ?? (trainedByContrast ? TrainedLayer : null));
        var layer = settings.Layer ?? (trainedByContrast ? DefaultLayer : TrainedLayer);
        return new ItmGrounder(Vision, Encoder, ItmHead, layer, settings.WordsOnly ?? false, this)
        {
            Prepare = PrepareForFusion,
            HasEnd = HasEnd
        };
    }

    /// <summary>Texts as the fusion layers read them.</summary>
    protected internal virtual TokenBatch PrepareForFusion(TokenBatch text) => text;

    /// <summary>L2-normalised projection of the class rows of <c>[B, N, D]</c>.</summary>
    internal static Tensor Feature(Tensor tokens, Linear projection) =>
        projection.Forward(ClassRow(tokens)).L2Normalize();

    /// <summary>Cosines <c>[B]</c> to logits.</summary>
    internal Tensor Scale(Tensor cosine) => cosine.Div(Temperature.Value);

    /// <summary>Keeps the temperature in its range, on the device.</summary>
    internal void ClampTemperature()
    {
        var temperature = Temperature.Value;
        temperature.Backend.Run(
            new UnaryArgs(UnaryKind.Clamp, temperature, temperature, MinTemperature, MaxTemperature));
    }

    private bool IsContrast(GroundingSettings settings) =>
        (settings.Mode == GroundingMode.Default ? TrainedMode : settings.Mode) == GroundingMode.Itc;

    private ItcGrounder.Parts ContrastParts() => new(
        row => Feature(row, VisionProjection), text => Feature(TextStates(text), TextProjection), Scale);

    private Tensor TextStates(TokenBatch text) => Encoder.Text(
        Tensor.From(text.Ids, [text.Count, text.Length], Backend), TextMask.Create(text, DType, Backend),
        ForwardContext.Evaluation);
}
