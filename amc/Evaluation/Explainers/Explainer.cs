using AmcEngine.Amc.Explanation;
using AmcEngine.Amc.Maps;
using AmcEngine.DataTools;
using AmcEngine.Memory;
using AmcEngine.Model;
using AmcEngine.Model.Tokenization;

namespace AmcEngine.Amc.Evaluation.Explainers;

/// <summary>Asks a model where it looks.</summary>
/// <param name="model">The model.</param>
/// <param name="tokenizer">Its tokenizer.</param>
/// <param name="resize">How pictures are resized.</param>
/// <param name="settings">Which map explains the model; null takes its own.</param>
/// <param name="crop">Whether the model sees only the square in the middle of a picture.</param>
/// <param name="keptBytes">Bytes of encoded pictures that are kept for later batches.</param>
internal sealed class Explainer(
    IVisionLanguageModel model, ITokenizer tokenizer, Resampling resize, GroundingSettings? settings = null,
    bool crop = false, long keptBytes = 0) : IExplainer
{
    private readonly IGrounder _grounder = model.Grounder(settings ?? new GroundingSettings());
    private PictureEncodings? _encodings;

    /// <inheritdoc/>
    public PictureTarget Input { get; } = EvaluationSettings.Input(model.ImageRes, resize, crop);

    /// <inheritdoc/>
    public IReadOnlyList<MatchExplanation> Explain(IReadOnlyList<PhraseInPicture> batch)
    {
        using var scope = MemoryScope.Begin();
        _encodings ??= new PictureEncodings(model, _grounder, keptBytes);
        var grounding = _grounder.Ground(_encodings.Of(batch), Texts(batch));
        float[] maps = GradCam.Explain(grounding).ToArray<float>(), scores = grounding.Confidence!.ToArray<float>();
        int side = grounding.Grid, patches = side * side;
        return [
            .. batch.Select((_, i) => new MatchExplanation(Map(maps[(i * patches)..((i + 1) * patches)]), scores[i]))];

        PatchMap Map(float[] values) => new(side, values) { Crop = Input.Crop };
    }

    /// <inheritdoc/>
    public void Release() => _encodings?.Release();

    // No truncation at evaluation, except where the model has no more positions.
    private TextEncoding Texts(IReadOnlyList<PhraseInPicture> batch) =>
        _grounder.EncodeTexts(tokenizer.EncodeBatch([.. batch.Select(s => s.Phrase)], model.MaxTextLength));
}
