using System.Diagnostics;
using AmcEngine.DataTools;

namespace AmcEngine.Amc.Evaluation;

/// <summary>Plays the pointing game over a test set.</summary>
internal static class PointingEvaluator
{
    /// <summary>Asks every question once.</summary>
    /// <param name="explainer">The model.</param>
    /// <param name="questions">The test set.</param>
    /// <param name="batchSize">Questions asked together.</param>
    /// <param name="progress">Called with the number of questions done.</param>
    /// <param name="stop">Looked at between two batches.</param>
    /// <exception cref="OperationCanceledException"><paramref name="stop"/> says so.</exception>
    /// <exception cref="DataException">A picture is unusable, or the set is empty.</exception>
    public static PointingResult Run(Explainer explainer, IReadOnlyList<EvaluationSample> questions, int batchSize, Action<int>? progress = null, CancellationToken stop = default)
    {
        if (questions.Count == 0)
            throw new DataException("the test set is empty; check test_file or test_count.");
        long start = Stopwatch.GetTimestamp();
        int hits = 0;
        double random = 0;
        for (int first = 0; first < questions.Count; first += batchSize)
        {
            stop.ThrowIfCancellationRequested();
            EvaluationSample[] batch = [.. Enumerable.Range(first, Math.Min(batchSize, questions.Count - first)).Select(i => questions[i])];
            Heatmap[] maps = explainer.Explain(batch);
            for (int i = 0; i < batch.Length; i++)
            {
                (int x, int y) = maps[i].Peak();
                hits += PointingGame.IsHit(x, y, batch[i].Boxes) ? 1 : 0;
                random += PointingGame.RandomChance(batch[i].Picture.Width, batch[i].Picture.Height, batch[i].Boxes);
            }
            progress?.Invoke(first + batch.Length);
        }
        return new PointingResult(hits / (double)questions.Count, random / questions.Count, questions.Count, Stopwatch.GetElapsedTime(start).TotalSeconds);
    }
}
