using System.Globalization;
using AmcEngine.Amc.Evaluation.Explainers;
using AmcEngine.Amc.Evaluation.Protocols;
using AmcEngine.Amc.Ranks;
using AmcEngine.DataTools;

namespace AmcEngine.Amc.Evaluation.Game;

/// <summary>
/// The pointing game of several ranks: batches go round, each rank asks its own, and the first one counts all answers
/// in the order of the questions. So the outcome is that of one process, to the last digit.
/// </summary>
/// <param name="explainer">The model, the same on all ranks.</param>
/// <param name="questions">The test set, the same on all ranks.</param>
/// <param name="batchSize">Questions asked together.</param>
/// <param name="job">The ranks.</param>
internal sealed class SharedEvaluator(IExplainer explainer, IEvaluationSet questions, int batchSize, Job job)
{
    // Batches that each rank asks before all meet: often enough to be stopped soon, seldom enough not to wait much for
    // the slowest.
    private const int BetweenMeetings = 8;

    /// <summary>Says by which protocol; null takes the reference's.</summary>
    public AnswerJudge? Judge { get; init; }

    /// <summary>Answers that an earlier game gave, by question: those of the first rank count.</summary>
    public IReadOnlyDictionary<int, PointingAnswer> Known { get; init; } = PointingEvaluator.NoAnswers;

    /// <summary>Called on the first rank with the number of questions done; may be null.</summary>
    public Action<int>? Progress { get; init; }

    /// <summary>Told by the first rank, in one line, where another one could not ask its questions.</summary>
    public Action<string>? Warn { get; init; }

    /// <summary>Asks every question once. All ranks call it.</summary>
    /// <param name="tally">Counts the answers, on the first rank.</param>
    /// <param name="stop">Asks all ranks to stop.</param>
    /// <returns>The outcome on the first rank; null on the others.</returns>
    /// <exception cref="OperationCanceledException">A rank asks to stop.</exception>
    /// <exception cref="Exception">As of <see cref="PointingEvaluator.Run"/> and <see cref="Job.Meet"/>.</exception>
    public PointingResult? Run(PointingTally tally, CancellationToken stop)
    {
        var judge = Judge ?? new AnswerJudge(ProtocolRegistry.Default);
        if (job.IsAlone)
            return PointingEvaluator.Run(explainer, questions, batchSize, Progress, stop, tally, judge, Known);
        if (judge is { MayShare: false, NeedsPictures: true })
            return OnFirst(tally, judge, stop);
        PointingEvaluator.RequireQuestions(questions);
        var known = Exchange.Integers(job.Communicator, job.IsFirst ? [.. Known.Keys] : [])[0].ToHashSet();
        int[][] batches = [.. Enumerable.Range(0, questions.Count).Chunk(batchSize)];
        using var finder = new AnswerFinder(explainer, questions, judge, judge.MayShare, known,
            batches.Where((_, i) => i % job.Size == job.Rank));
        using var game = job.IsFirst
            ? new QuestionGame(explainer, questions, batchSize, tally, judge, Known, readsAhead: false) : null;
        PointingResult? result = null;
        try
        {
            foreach (var part in batches.Chunk(BetweenMeetings * job.Size))
                Ask(part, finder, game, stop);
        }
        finally
        {
            // What is known of entities counts also when an error ends the game.
            job.Attempt(() => game?.CountEntities());
        }
        job.First(() => result = game!.Result());
        return result;
    }

    private void Ask(int[][] part, AnswerFinder finder, QuestionGame? game, CancellationToken stop)
    {
        job.Doing = string.Create(
            CultureInfo.InvariantCulture, $"questions {part[0][0]} to {part[^1][^1]} of the evaluation");
        byte[] own = [];
        job.Attempt(() => own = Find(part, finder, stop));
        if (job.Any(stop.IsCancellationRequested))
            throw new OperationCanceledException();
        var all = job.Communicator.AllGather(own);
        if (game is not null)
            job.Attempt(() => Count(part, all, game));
    }

    private byte[] Find(int[][] part, AnswerFinder finder, CancellationToken stop)
    {
        using var bytes = new MemoryStream();
        using var writer = new BinaryWriter(bytes);
        for (var i = job.Rank; i < part.Length && !stop.IsCancellationRequested; i += job.Size)
            finder.Find(part[i]).Write(writer);
        writer.Flush();
        return bytes.ToArray();
    }

    private void Count(int[][] part, byte[][] all, QuestionGame game)
    {
        BinaryReader[] readers = [.. all.Select(b => new BinaryReader(new MemoryStream(b)))];
        for (var i = 0; i < part.Length; i++)
        {
            var rank = i % job.Size;
            var found = BatchFindings.Read(readers[rank]);
            if (found.Failure is { } reason && rank > 0)
                Warn?.Invoke($"rank {rank} cannot ask questions {part[i][0]} to {part[i][^1]}, which the first rank "
                    + $"does: {reason}");
            game.Play(part[i][0], part[i][^1] + 1, CancellationToken.None, found.Failure is null ? found : null);
            Progress?.Invoke(part[i][^1] + 1);
        }
    }

    // Where the answer to a question depends on that to the question before, and needs its picture.
    private PointingResult? OnFirst(PointingTally tally, AnswerJudge judge, CancellationToken stop)
    {
        PointingResult? result = null;
        var cancelled = false;
        if (job.IsFirst)
            job.Attempt(() =>
            {
                try
                {
                    result = PointingEvaluator.Run(
                        explainer, questions, batchSize, Progress, stop, tally, judge, Known);
                }
                catch (OperationCanceledException)
                {
                    cancelled = true;
                }
            });
        return job.Any(cancelled) ? throw new OperationCanceledException() : result;
    }
}
