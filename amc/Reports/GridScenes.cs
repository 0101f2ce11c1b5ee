using AmcEngine.Amc.Evaluation.Explainers;
using AmcEngine.Amc.Maps;
using AmcEngine.DataTools;

namespace AmcEngine.Amc.Reports;

/// <summary>Chooses the test questions that a run's grid shows, and answers them.</summary>
internal static class GridScenes
{
    // Candidates for each row. Which of them are hits is known only after training, when it is too late for the maps of
    // before.
    private const int CandidatesEach = 4;

    /// <summary>
    /// The first questions that each have a picture of their own: those among which the shown ones are chosen later.
    /// </summary>
    /// <param name="test">The test set.</param>
    /// <param name="shown">Rows of the grid.</param>
    public static int[] Candidates(IEvaluationSet test, int shown)
    {
        var pictures = new HashSet<string>(StringComparer.Ordinal);
        return [.. Enumerable.Range(0, shown == 0 ? 0 : test.Count).Where(i => pictures.Add(test.PictureOf(i)))
            .Take(CandidatesEach * shown)];
    }

    /// <summary>
    /// The candidates to show: hits in the share that all the test set has, as far as there are enough of both kinds.
    /// </summary>
    /// <param name="hits">Whether each candidate is a hit.</param>
    /// <param name="shown">Rows of the grid.</param>
    /// <param name="accuracy">Share of hits in all the test set.</param>
    /// <returns>Places in <paramref name="hits"/>, ascending.</returns>
    public static int[] Choose(IReadOnlyList<bool> hits, int shown, double accuracy)
    {
        int[] right = [.. Enumerable.Range(0, hits.Count).Where(i => hits[i])],
            wrong = [.. Enumerable.Range(0, hits.Count).Where(i => !hits[i])];
        var wanted = (int)Math.Round(shown * accuracy, MidpointRounding.AwayFromZero);
        var take = Math.Min(Math.Max(wanted, shown - wrong.Length), right.Length);
        return [.. right.Take(take).Concat(wrong.Take(shown - take)).Order()];
    }

    /// <summary>Answers some questions; those that cannot be asked are missing.</summary>
    /// <param name="explainer">The model.</param>
    /// <param name="test">The test set.</param>
    /// <param name="questions">Which questions.</param>
    /// <param name="batchSize">Questions asked together.</param>
    public static Dictionary<int, PatchMap> Explain(
        IExplainer explainer, IEvaluationSet test, IReadOnlyList<int> questions, int batchSize)
    {
        var maps = new Dictionary<int, PatchMap>();
        foreach (var part in questions.Chunk(batchSize))
        {
            List<(int Index, PhraseInPicture Question)> batch = [];
            foreach (var index in part)
            {
                try
                {
                    var sample = test.Read(index, [explainer.Input]);
                    batch.Add((index, new PhraseInPicture(sample.Picture, sample.Caption)));
                }
                catch (UnusableSampleException)
                {
                    // Named and counted already.
                }
            }
            if (batch.Count == 0)
                continue;
            var answers = explainer.Explain([.. batch.Select(q => q.Question)]);
            for (var i = 0; i < batch.Count; i++)
                maps[batch[i].Index] = answers[i].Map;
        }
        return maps;
    }
}
