using AmcEngine.Amc.Explanation;
using AmcEngine.Amc.Maps;
using AmcEngine.DataTools;
using AmcEngine.Memory;
using AmcEngine.Model;
using AmcEngine.Model.Tokenization;
using AmcEngine.Tensors;

namespace AmcEngine.Amc.Evaluation;

/// <summary>Asks a model where it looks.</summary>
/// <param name="model">The model.</param>
/// <param name="tokenizer">Its tokenizer.</param>
/// <param name="resize">How pictures are resized.</param>
/// <param name="settings">Which map explains the model; null takes its own.</param>
/// <param name="crop">Whether the model sees only the square in the middle of a picture.</param>
internal sealed class Explainer(
    IVisionLanguageModel model, ITokenizer tokenizer, Resampling resize, GroundingSettings? settings = null,
    bool crop = false) : IExplainer
{
    private readonly IGrounder _grounder = model.Grounder(settings ?? new GroundingSettings());

    /// <inheritdoc/>
    public PictureTarget Input { get; } = EvaluationSettings.Input(model.ImageRes, resize, crop);

    /// <inheritdoc/>
    public IReadOnlyList<MatchExplanation> Explain(IReadOnlyList<PhraseInPicture> batch)
    {
        using var scope = MemoryScope.Begin();
        var grounding = _grounder.Ground(Images(batch), Texts(batch));
        float[] maps = GradCam.Explain(grounding).ToArray<float>(), scores = grounding.Confidence!.ToArray<float>();
        int side = grounding.Grid, patches = side * side;
        return [
            .. batch.Select((_, i) => new MatchExplanation(Map(maps[(i * patches)..((i + 1) * patches)]), scores[i]))];

        PatchMap Map(float[] values) => new(side, values) { Crop = Input.Crop };
    }

    // A picture that several phrases are about is encoded once.
    private ImageEncoding Images(IReadOnlyList<PhraseInPicture> batch)
    {
        RgbImage[] pictures =
            [.. batch.Select(b => b.Input).Distinct(ReferenceEqualityComparer.Instance).Cast<RgbImage>()];
        int side = model.ImageRes, numbers = 3 * side * side;
        var values = new float[pictures.Length * numbers];
        Parallel.For(0, pictures.Length, i =>
            ImageOps.Normalize(
                pictures[i], ImageOps.DefaultMean, ImageOps.DefaultStd, values.AsSpan(i * numbers, numbers)));
        var encoded = _grounder.EncodeImages(Tensor.From(values, [pictures.Length, 3, side, side], model.Backend));
        if (pictures.Length == batch.Count)
            return encoded;
        int[] places = [.. batch.Select(b => Array.IndexOf(pictures, b.Input))];
        return encoded.Select(Tensor.From(places, [places.Length], model.Backend));
    }

    // No truncation at evaluation, except where the model has no more positions.
    private TextEncoding Texts(IReadOnlyList<PhraseInPicture> batch) =>
        _grounder.EncodeTexts(tokenizer.EncodeBatch([.. batch.Select(s => s.Phrase)], model.MaxTextLength));
}
