using AmcEngine.Amc.Explanation;
using AmcEngine.Amc.Explanation.Methods;
using AmcEngine.Amc.Maps;
using AmcEngine.Autograd;
using AmcEngine.DataTools;
using AmcEngine.Memory;
using AmcEngine.Model;
using AmcEngine.Model.Modules;
using AmcEngine.Model.Tokenization;
using AmcEngine.Ops;
using AmcEngine.Tensors;

namespace AmcEngine.Amc.Evaluation.Explainers;

/// <summary>
/// Asks a model where it looks by any explanation method, pair by pair. Every map has the model's grid of patches, so
/// that methods are enlarged and compared alike; a map of pixels (RISE) is averaged over each patch.
/// </summary>
/// <param name="model">The model.</param>
/// <param name="grounder">Its score and layer.</param>
/// <param name="method">The method, one that applies to that score.</param>
internal sealed class MethodExplainer(ExplainedModel model, IGrounder grounder, IExplanationMethod method) : IExplainer
{
    /// <inheritdoc/>
    public PictureTarget Input { get; } = EvaluationSettings.Input(model.Model.ImageRes, model.Resize, model.Crop);

    /// <inheritdoc/>
    public IReadOnlyList<MatchExplanation> Explain(IReadOnlyList<PhraseInPicture> batch) => [.. batch.Select(Explain)];

    /// <inheritdoc/>
    public void Release()
    {
        // Pairs have nothing in common here.
    }

    private MatchExplanation Explain(PhraseInPicture question)
    {
        using var scope = MemoryScope.Begin();
        var side = model.Model.ImageRes;
        var values = new float[3 * side * side];
        ImageOps.Normalize(question.Input, ImageOps.DefaultMean, ImageOps.DefaultStd, values);
        var image = TensorValues.From(Array.ConvertAll(values, v => (double)v), [1, 3, side, side],
            model.Model.DType, model.Model.Backend);
        var text = model.Tokenizer.EncodeBatch([question.Phrase], model.Model.MaxTextLength);
        var answer = method switch
        {
            IAttentionMethod attention =>
                Answer(AttentionReader.Read(grounder, image, text, attention.Needs), attention.Explain),
            GradEclip => Answer(AttentionReader.ReadClass(grounder, image, text), GradEclip.Explain),
            Rise rise => BlackBox(rise, image, text),
            _ => throw new NotSupportedException($"the explanation method {method.Name} has no explainer"),
        };
        return answer with { Map = answer.Map with { Crop = Input.Crop } };
    }

    private static MatchExplanation Answer<T>(ReadAttention<T> read, Func<T, double[]> explain) =>
        Answer(explain(read.Inputs), read.Grid, read.Confidence);

    private static MatchExplanation Answer(double[] patches, int grid, double confidence) =>
        new(new PatchMap(grid, Array.ConvertAll(patches, v => (float)v)), confidence);

    // Masks hide by the mean colour: normalised pictures are 0 there. What is averaged is the score that is reported.
    private MatchExplanation BlackBox(Rise rise, Tensor image, TokenBatch text)
    {
        var encoded = grounder.EncodeTexts(text);
        var whole = grounder.Ground(grounder.EncodeImages(image), encoded);
        var side = image.Shape[2];
        var pixels = rise.Explain(masks => Scores(image, masks, side, encoded), side);
        return Answer(PatchMeans(pixels, side, whole.Grid), whole.Grid, whole.Confidence!.ToDoubles()[0]);
    }

    private double[] Scores(Tensor image, ReadOnlySpan<float> masks, int side, TextEncoding text)
    {
        using var scope = MemoryScope.Begin();
        var count = masks.Length / (side * side);
        double[] values = [.. masks.ToArray().Select(v => (double)v)];
        var mask = TensorValues.From(values, [count, 1, side, side], image.DType, image.Backend);
        var first = Tensor.From(new int[count], [count], image.Backend);
        ImageEncoding masked;
        using (NoGrad.Begin())
            masked = grounder.EncodeImages(image.Mul(mask));
        return grounder.Ground(masked, text.Select(first)).Confidence!.ToDoubles();
    }

    /// <summary>The mean of each patch of a map of pixels.</summary>
    /// <param name="pixels">side × side numbers.</param>
    /// <param name="side">Side of the picture, a multiple of <paramref name="grid"/>.</param>
    /// <param name="grid">Patches along a side.</param>
    internal static double[] PatchMeans(double[] pixels, int side, int grid)
    {
        var patch = side / grid;
        var means = new double[grid * grid];
        for (var i = 0; i < pixels.Length; i++)
            means[i / side / patch * grid + i % side / patch] += pixels[i] / (patch * patch);
        return means;
    }
}
