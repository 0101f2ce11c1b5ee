using AmcEngine.Amc.Evaluation.Explainers;
using AmcEngine.Amc.Evaluation.Game;
using AmcEngine.Amc.Explanation.Methods;
using AmcEngine.DataTools;
using AmcEngine.Model;

namespace AmcEngine.Amc.Evaluation.Results;

/// <summary>How a method has played the pointing game.</summary>
/// <param name="Method">The method.</param>
/// <param name="Result">Its numbers.</param>
/// <param name="First">Its first answers.</param>
internal sealed record MethodResult(
    IExplanationMethod Method, PointingResult Result, IReadOnlyList<PointingAnswer> First)
{
    /// <summary>Seconds that a phrase takes, its picture read and resized.</summary>
    public double Seconds => Result.Seconds / Result.Count;
}

/// <summary>
/// Plays the pointing game by every explanation method that applies to a model, on the same questions.
/// </summary>
/// <param name="model">The model.</param>
/// <param name="rise">Constants of RISE.</param>
internal sealed class MethodComparison(ExplainedModel model, RiseOptions rise)
{
    /// <summary>The methods, the default first.</summary>
    public IReadOnlyList<IExplanationMethod> Methods { get; } =
        ExplainerChoice.Applicable(model.Model.Grounder(model.Settings ?? new GroundingSettings()).Mode, rise);

    /// <summary>The method that an exception ended after some of its questions; null where none was.</summary>
    public MethodResult? Unfinished { get; private set; }

    /// <summary>Plays by one method after the other.</summary>
    /// <param name="questions">The questions.</param>
    /// <param name="batchSize">Questions that the default method is asked together.</param>
    /// <param name="kept">First answers that are kept.</param>
    /// <param name="answered">Told of each answer, one method's after the other's.</param>
    /// <param name="stop">Looked at before each question and each batch.</param>
    /// <exception cref="OperationCanceledException"><paramref name="stop"/> says so.</exception>
    public IEnumerable<MethodResult> Run(
        IEvaluationSet questions, int batchSize, int kept, Action<PointingAnswer>? answered = null,
        CancellationToken stop = default)
    {
        foreach (var method in Methods)
        {
            var explainer = ExplainerChoice.Create(model, method);
            // The first pass compiles what the others run, and is no part of the time.
            var side = model.Model.ImageRes;
            explainer.Explain([new PhraseInPicture(new RgbImage(side, side), "a")]);
            List<PointingAnswer> first = [];
            var tally = new PointingTally(answer =>
            {
                if (first.Count < kept)
                    first.Add(answer);
                answered?.Invoke(answer);
            });
            try
            {
                PointingEvaluator.Run(explainer, questions, batchSize, stop: stop, tally: tally);
            }
            catch (Exception) when (tally.Count > 0)
            {
                Unfinished = new MethodResult(method, tally.Result, first);
                throw;
            }
            yield return new MethodResult(method, tally.Result, first);
        }
    }
}
