using System.Runtime.ExceptionServices;
using AmcEngine.Amc.Maps;
using AmcEngine.DataTools;
using AmcEngine.Model;

namespace AmcEngine.Amc.Evaluation;

/// <summary>Plays the pointing game over a test set.</summary>
internal static class PointingEvaluator
{
    /// <summary>Asks every question once. Of a picture only its size and the model's input are held.</summary>
    /// <param name="explainer">The model.</param>
    /// <param name="questions">The test set.</param>
    /// <param name="batchSize">Questions asked together.</param>
    /// <param name="progress">Called with the number of questions done.</param>
    /// <param name="stop">Looked at before each question is read and before each batch is asked.</param>
    /// <param name="tally">Counts the answers; it also holds those given before an exception.</param>
    /// <exception cref="OperationCanceledException"><paramref name="stop"/> says so.</exception>
    /// <exception cref="DataException">The data is wrong, or there is no question that can be asked.</exception>
    /// <exception cref="ModelException">A heatmap is not finite.</exception>
    public static PointingResult Run(
        IExplainer explainer, IEvaluationSet questions, int batchSize, Action<int>? progress = null, CancellationToken stop = default, PointingTally? tally = null)
    {
        if (questions.Count == 0)
            throw new DataException("the test set is empty; check test_file or test_count.");
        tally ??= new PointingTally();
        for (var first = 0; first < questions.Count; first += batchSize)
        {
            var end = Math.Min(first + batchSize, questions.Count);
            var batch = new List<(int Index, EvaluationSample Sample)>(end - first);
            var failure = Read(questions, first, end, explainer.Input, tally, batch, stop);
            stop.ThrowIfCancellationRequested();
            if (batch.Count > 0)
                Answer(explainer, batch, tally);
            // What could be asked before is answered first.
            failure?.Throw();
            progress?.Invoke(end);
        }
        return tally.Count > 0
            ? tally.Result
            : throw new DataException($"none of the {questions.Count} questions could be asked; the last: {tally.LastSkipped}");
    }

    private static ExceptionDispatchInfo? Read(
        IEvaluationSet questions, int first, int end, PictureTarget input, PointingTally tally, List<(int, EvaluationSample)> batch, CancellationToken stop)
    {
        for (var i = first; i < end && !stop.IsCancellationRequested; i++)
        {
            try
            {
                batch.Add((i, questions.Read(i, [input])));
            }
            catch (UnusableSampleException e)
            {
                tally.Skip(e.Message);
            }
            catch (DataException e)
            {
                return ExceptionDispatchInfo.Capture(e);
            }
        }
        return null;
    }

    private static void Answer(IExplainer explainer, List<(int Index, EvaluationSample Sample)> batch, PointingTally tally)
    {
        // Questions about one picture share it, so that it is encoded once.
        var pictures = new Dictionary<string, RgbImage>(StringComparer.Ordinal);
        RgbImage Shared(EvaluationSample sample)
        {
            if (pictures.TryGetValue(sample.Image, out var known) && known.Pixels.AsSpan().SequenceEqual(sample.Picture.Pixels))
                return known;
            return pictures[sample.Image] = sample.Picture;
        }

        var answers = explainer.Explain([.. batch.Select(q => new PhraseInPicture(Shared(q.Sample), q.Sample.Caption))]);
        for (var i = 0; i < batch.Count; i++)
        {
            (var index, var sample) = batch[i];
            var map = answers[i].Map.RequireFinite(sample.Caption, sample.Image);
            var point = map.Peak(sample.Width, sample.Height);
            var hit = point is { } p && PointingGame.IsHit(p.X, p.Y, sample.Regions);
            tally.Add(new PointingAnswer(index, sample, map, point, hit, answers[i].Score));
        }
    }
}
