using System.Runtime.ExceptionServices;
using AmcEngine.Amc.Evaluation.Protocols;
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
    /// <param name="judge">Says by which protocol; null takes the reference's.</param>
    /// <exception cref="OperationCanceledException"><paramref name="stop"/> says so.</exception>
    /// <exception cref="DataException">The data is wrong, or there is no question that can be asked.</exception>
    /// <exception cref="ModelException">A heatmap is not finite.</exception>
    public static PointingResult Run(
        IExplainer explainer, IEvaluationSet questions, int batchSize, Action<int>? progress = null,
        CancellationToken stop = default, PointingTally? tally = null, AnswerJudge? judge = null)
    {
        if (questions.Count == 0)
            throw new DataException("the test set is empty; check test_file or test_count.");
        tally ??= new PointingTally();
        judge ??= new AnswerJudge(ProtocolRegistry.Default);
        var pool = judge.Protocol.AveragesEntities ? new EntityPool() : null;
        try
        {
            for (var first = 0; first < questions.Count; first += batchSize)
            {
                var end = Math.Min(first + batchSize, questions.Count);
                var batch = new List<(int Index, EvaluationSample Sample)>(end - first);
                var failure = Read(questions, first, end, [explainer.Input], (judge.Protocol, tally), batch, stop);
                stop.ThrowIfCancellationRequested();
                if (batch.Count > 0)
                    Answer(explainer, batch, tally, judge, pool);
                // What could be asked before is answered first.
                failure?.Throw();
                progress?.Invoke(end);
            }
        }
        catch (Exception) when (pool is not null)
        {
            // What is known of entities counts also when an error ends the game.
            Count(pool.Take(), batchSize, tally, judge);
            throw;
        }
        Count(pool?.Take() ?? [], batchSize, tally, judge);
        if (tally.Count > 0)
            return tally.Result;
        throw new DataException(tally.LastSkipped.Length > 0
            ? $"none of the {questions.Count} questions could be asked; the last: {tally.LastSkipped}"
            : $"the protocol {judge.Protocol.Name} leaves out all {questions.Count} questions; use another one");
    }

    private static ExceptionDispatchInfo? Read(
        IEvaluationSet questions, int first, int end, IReadOnlyList<PictureTarget> input,
        (IProtocol Protocol, PointingTally Tally) rules, List<(int, EvaluationSample)> batch, CancellationToken stop)
    {
        for (var i = first; i < end && !stop.IsCancellationRequested; i++)
        {
            try
            {
                if (rules.Protocol.Prepare(questions.Read(i, input)) is { } asked)
                    batch.Add((i, asked));
                else
                    rules.Tally.LeaveOut();
            }
            catch (UnusableSampleException e)
            {
                rules.Tally.Skip(e.Message);
            }
            catch (DataException e)
            {
                return ExceptionDispatchInfo.Capture(e);
            }
        }
        return null;
    }

    private static void Answer(
        IExplainer explainer, List<(int Index, EvaluationSample Sample)> batch, PointingTally tally, AnswerJudge judge,
        EntityPool? pool)
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

        var answers = explainer.Explain(
            [.. batch.Select(q => new PhraseInPicture(Shared(q.Sample), q.Sample.Caption))]);
        JudgedMap[] maps =
            [.. batch.Select((q, i) => new JudgedMap(q.Index, q.Sample, answers[i].Map, answers[i].Score))];
        var bad = Array.FindIndex(maps, m => !m.Map.IsFinite);
        var finite = bad < 0 ? maps : maps[..bad];
        if (pool is null)
            Count(finite, finite.Length, tally, judge);
        else
            Array.ForEach(finite, m => pool.Add(m, judge.NeedsPictures));
        if (bad >= 0)
            maps[bad].Map.RequireFinite(maps[bad].Sample.Caption, maps[bad].Sample.Image);
    }

    private static void Count(IReadOnlyList<JudgedMap> maps, int atOnce, PointingTally tally, AnswerJudge judge)
    {
        foreach (var few in maps.Chunk(Math.Max(1, atOnce)))
            Array.ForEach(judge.Judge(few), tally.Add);
    }
}
