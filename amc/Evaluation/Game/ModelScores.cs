using AmcEngine.Amc.Evaluation.Explainers;
using AmcEngine.Amc.Evaluation.Metrics;
using AmcEngine.Autograd;
using AmcEngine.Memory;
using AmcEngine.Model;
using AmcEngine.Tensors;

namespace AmcEngine.Amc.Evaluation.Game;

/// <summary>Scores changed pictures by a model: the score that explains it, as reports give it.</summary>
/// <param name="model">The model.</param>
internal sealed class ModelScores(ExplainedModel model)
{
    private readonly IGrounder _grounder = model.Model.Grounder(model.Settings ?? new GroundingSettings());

    /// <summary>The scores for one phrase.</summary>
    public PictureScores For(string phrase) => pictures => Score(pictures, phrase);

    private double[] Score(ReadOnlySpan<float> pictures, string phrase)
    {
        using var scope = MemoryScope.Begin();
        var side = model.Model.ImageRes;
        var count = pictures.Length / (3 * side * side);
        var input = Tensor.From(pictures.ToArray(), [count, 3, side, side], model.Model.Backend);
        var text = _grounder.EncodeTexts(model.Tokenizer.EncodeBatch([phrase], model.Model.MaxTextLength));
        ImageEncoding encoded;
        using (NoGrad.Begin())
            encoded = _grounder.EncodeImages(input);
        var first = Tensor.From(new int[count], [count], model.Model.Backend);
        return _grounder.Ground(encoded, text.Select(first)).Confidence!.ToDoubles();
    }
}
