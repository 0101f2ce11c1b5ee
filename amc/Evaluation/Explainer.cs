using AmcEngine.Amc.Maps;
using AmcEngine.DataTools;
using AmcEngine.Memory;
using AmcEngine.Model;
using AmcEngine.Model.Pretraining;
using AmcEngine.Model.Tokenization;
using AmcEngine.Ops;
using AmcEngine.Tensors;

namespace AmcEngine.Amc.Evaluation;

/// <summary>Asks a model where it looks.</summary>
/// <param name="model">The model.</param>
/// <param name="tokenizer">Its tokenizer.</param>
/// <param name="resize">How pictures are resized.</param>
internal sealed class Explainer(Albef model, WordPieceTokenizer tokenizer, Resampling resize) : IExplainer
{
    /// <summary>The model.</summary>
    public Albef Model => model;

    /// <inheritdoc/>
    public PictureTarget Input { get; } = PictureTarget.Square(model.Config.ImageRes, resize);

    /// <inheritdoc/>
    public IReadOnlyList<MatchExplanation> Explain(IReadOnlyList<PhraseInPicture> batch)
    {
        using var scope = MemoryScope.Begin();
        ExplanationOutput output = model.Explain(Batch(batch));
        float[] maps = output.Cam.ToArray<float>(), scores = output.Logits.Softmax(-1).ToArray<float>();
        int side = model.Config.Grid, patches = side * side;
        return [.. batch.Select((_, i) => new MatchExplanation(new PatchMap(side, maps[(i * patches)..((i + 1) * patches)]), scores[2 * i + 1]))];
    }

    private AlbefBatch Batch(IReadOnlyList<PhraseInPicture> batch)
    {
        int side = model.Config.ImageRes, numbers = 3 * side * side;
        var images = new float[batch.Count * numbers];
        Parallel.For(0, batch.Count, i =>
            ImageOps.Normalize(batch[i].Input, ImageOps.DefaultMean, ImageOps.DefaultStd, images.AsSpan(i * numbers, numbers)));
        // No truncation at evaluation, except where the model has no more positions.
        TokenBatch text = tokenizer.EncodeBatch([.. batch.Select(s => s.Phrase)], model.Config.MaxPositions);
        return new AlbefBatch(Tensor.From(images, [batch.Count, 3, side, side], model.Backend), text);
    }
}
