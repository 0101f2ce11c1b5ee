using AmcEngine.Amc.Maps;
using AmcEngine.DataTools;

namespace AmcEngine.Amc.Evaluation.Explainers;

/// <summary>A picture in the size that the model takes, and a phrase.</summary>
/// <param name="Input">The picture as <see cref="IExplainer.Input"/> wants it.</param>
/// <param name="Phrase">The phrase.</param>
internal sealed record PhraseInPicture(RgbImage Input, string Phrase)
{
    /// <summary>
    /// The next question about the same picture, the smallest number soonest; null where none follows. What was
    /// computed for the picture alone may be kept until then.
    /// </summary>
    public int? Next { get; init; }
}

/// <summary>Where a model looks for a phrase.</summary>
/// <param name="Map">The map, which may hold anything that the weights give.</param>
/// <param name="Score">
/// How likely phrase and picture belong together, by the model: softmax of the match logits, 0..1.
/// </param>
internal sealed record MatchExplanation(PatchMap Map, double Score);

/// <summary>Asks where phrases are.</summary>
internal interface IExplainer
{
    /// <summary>How pictures are wanted.</summary>
    PictureTarget Input { get; }

    /// <summary>Explains each of a batch.</summary>
    IReadOnlyList<MatchExplanation> Explain(IReadOnlyList<PhraseInPicture> batch);

    /// <summary>Lets go of what is kept of pictures for later batches.</summary>
    void Release();
}
