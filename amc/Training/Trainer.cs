using AmcEngine.Amc.Evaluation;
using AmcEngine.DataTools;

namespace AmcEngine.Amc.Training;

/// <summary>How a run ended.</summary>
/// <param name="Interrupted">Whether it was asked to stop.</param>
internal sealed record TrainingOutcome(bool Interrupted);

/// <summary>Trains a session to its end, with evaluations, log and checkpoints.</summary>
/// <param name="session">The run.</param>
/// <param name="log">Its log.</param>
/// <param name="store">Its checkpoints.</param>
/// <param name="view">Who watches.</param>
internal sealed class Trainer(TrainingSession session, TrainingLog log, CheckpointStore store, ITrainingView view)
{
    /// <summary>Whether every op's output is searched for NaN.</summary>
    public bool TraceNaN { get; init; }

    /// <summary>Called before each step; tests break things here.</summary>
    internal Action<TrainingSession>? BeforeStep { get; init; }

    /// <summary>Runs up to a step.</summary>
    /// <param name="last">Number of steps to have done at the end.</param>
    /// <param name="stop">Asks to stop after the step in progress.</param>
    /// <exception cref="TrainingException">A loss or gradient is NaN or infinite; the checkpoints before are kept.</exception>
    public TrainingOutcome Run(int last, CancellationToken stop)
    {
        var step = new OptimizationStep(session, TraceNaN);
        bool evaluated = session.Step == 0;
        if (evaluated)
            Evaluate();
        view.Show(session.Step, last, () =>
        {
            // A step that was promised runs whether or not the wish to stop came since: the momentum copies wait for it.
            bool promised = false;
            Func<bool> promise = () => promised = Continues(session.Step + 1, last) && !stop.IsCancellationRequested;
            while (promised || (session.Step < last && !stop.IsCancellationRequested))
            {
                promised = false;
                BeforeStep?.Invoke(session);
                StepRecord record = step.Run(promise);
                log.Write(record);
                view.Step(record);
                evaluated = session.Plan.EvaluatesAfter(session.Step);
                if (evaluated)
                    Evaluate();
                if (SavesAfter(session.Step) && session.Step < last)
                    store.Save(session);
            }
        });
        bool interrupted = session.Step < last;
        // An interrupted run is left quickly; one that has come to its end wants to know how well it does.
        if (!evaluated && !interrupted)
            Evaluate();
        store.Save(session);
        ReportData();
        return new TrainingOutcome(interrupted);
    }

    private void ReportData()
    {
        if (session.Train is not IFileDataset data || !(data.Pictures.HasBad || data.Annotations.HasBad))
            return;
        log.Write(session.Step, data);
        view.Say($"training data: {data.Pictures.Summary}; {data.Annotations.Summary}");
    }

    // Whether nothing but the next step comes after so many.
    private bool Continues(int steps, int last) => steps < last && !SavesAfter(steps) && !session.Plan.EvaluatesAfter(steps);

    private bool SavesAfter(int steps) => steps % session.Plan.SaveEvery == 0;

    private void Evaluate()
    {
        if (session.Test is not { } questions)
            return;
        PointingResult result = PointingEvaluator.Run(session.Explainer, questions, session.Config.Integer("eval_batch"));
        log.Write(session.Step, result);
        view.Say(FormattableString.Invariant(
            $"after step {session.Step}: pointing accuracy {100 * result.Accuracy:0.0} % on {result.Count} test samples (a random point {100 * result.RandomAccuracy:0.0} %), {result.Seconds:0.0} s"));
    }
}
