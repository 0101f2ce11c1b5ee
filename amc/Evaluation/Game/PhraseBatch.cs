using AmcEngine.Amc.Evaluation.Explainers;
using AmcEngine.DataTools;

namespace AmcEngine.Amc.Evaluation.Game;

/// <summary>Questions that are asked together.</summary>
internal static class PhraseBatch
{
    /// <summary>Asks them.</summary>
    /// <param name="explainer">The model.</param>
    /// <param name="batch">The questions, whose pictures are read.</param>
    /// <param name="nextOf">The next question about the same picture; null where none follows.</param>
    public static JudgedMap[] Ask(
        IExplainer explainer, IReadOnlyList<(int Index, EvaluationSample Sample)> batch, Func<int, int?> nextOf)
    {
        // Questions about one picture share it, so that it is encoded once.
        var pictures = new Dictionary<string, RgbImage>(StringComparer.Ordinal);
        RgbImage Shared(EvaluationSample sample)
        {
            if (pictures.TryGetValue(sample.Image, out var known)
                && known.Pixels.AsSpan().SequenceEqual(sample.Picture.Pixels))
                return known;
            return pictures[sample.Image] = sample.Picture;
        }

        var answers = explainer.Explain([.. batch.Select(
            q => new PhraseInPicture(Shared(q.Sample), q.Sample.Caption) { Next = nextOf(q.Index) })]);
        return [.. batch.Select((q, i) => new JudgedMap(q.Index, q.Sample, answers[i].Map, answers[i].Score))];
    }
}
