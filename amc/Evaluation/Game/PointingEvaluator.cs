using AmcEngine.Amc.Evaluation.Explainers;
using AmcEngine.Amc.Evaluation.Protocols;
using AmcEngine.DataTools;
using AmcEngine.Model;

namespace AmcEngine.Amc.Evaluation.Game;

/// <summary>
/// Plays the pointing game over a test set. Pictures are read ahead while the model computes; of a picture only its
/// size and the model's input are held. Batches are stretches of the test set's own order, so that a resumed game asks
/// what it asks as the uninterrupted one does.
/// </summary>
internal static class PointingEvaluator
{
    /// <summary>Asks every question once.</summary>
    /// <param name="explainer">The model.</param>
    /// <param name="questions">The test set.</param>
    /// <param name="batchSize">Questions asked together.</param>
    /// <param name="progress">Called with the number of questions done.</param>
    /// <param name="stop">Looked at before each question is read and before each batch is asked.</param>
    /// <param name="tally">Counts the answers; it also holds those given before an exception.</param>
    /// <param name="judge">Says by which protocol; null takes the reference's.</param>
    /// <param name="known">Answers that an earlier game gave, by question: they count, and are not asked again.</param>
    /// <exception cref="OperationCanceledException"><paramref name="stop"/> says so.</exception>
    /// <exception cref="DataException">The data is wrong, or there is no question that can be asked.</exception>
    /// <exception cref="ModelException">A heatmap is not finite.</exception>
    public static PointingResult Run(
        IExplainer explainer, IEvaluationSet questions, int batchSize, Action<int>? progress = null,
        CancellationToken stop = default, PointingTally? tally = null, AnswerJudge? judge = null,
        IReadOnlyDictionary<int, PointingAnswer>? known = null)
    {
        tally ??= new PointingTally();
        judge ??= new AnswerJudge(ProtocolRegistry.Default);
        RequireQuestions(questions);
        using var game = new QuestionGame(explainer, questions, batchSize, tally, judge, known ?? NoAnswers);
        try
        {
            for (var first = 0; first < questions.Count; first += batchSize)
            {
                var end = Math.Min(first + batchSize, questions.Count);
                game.Play(first, end, stop);
                progress?.Invoke(end);
            }
        }
        finally
        {
            // What is known of entities counts also when an error ends the game.
            game.CountEntities();
        }
        return game.Result();
    }

    /// <summary>No answers of an earlier game.</summary>
    internal static IReadOnlyDictionary<int, PointingAnswer> NoAnswers { get; } = new Dictionary<int, PointingAnswer>();

    /// <summary>Refuses an empty test set.</summary>
    /// <exception cref="DataException">It is empty.</exception>
    internal static void RequireQuestions(IEvaluationSet questions)
    {
        if (questions.Count == 0)
            throw new DataException("the test set is empty; check test_file or test_count.");
    }
}
