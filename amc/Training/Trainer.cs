using System.Globalization;
using AmcEngine.Amc.Evaluation.Game;
using AmcEngine.Amc.Runs;
using AmcEngine.Backends.Kernels;
using AmcEngine.DataTools;
using AmcEngine.Diagnostics;
using AmcEngine.Model.Modules;
using AmcEngine.Tensors;
using ILGPU.Runtime;

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
    // What the files hold: the checkpoint that the session came from, or nothing, which step 0 says as well.
    private int _savedStep = session.Step;
    private bool _saving;
    private BackgroundSave? _background;

    /// <summary>Whether every op's output is searched for NaN.</summary>
    public bool TraceNaN { get; init; }

    /// <summary>Whether the error that ended the run came after steps that were then saved.</summary>
    public bool SavedAfterError { get; private set; }

    /// <summary>Told of each answer of the evaluation after the last step.</summary>
    public Action<PointingAnswer>? LastAnswers { get; init; }

    /// <summary>Judges those answers; null judges them as all others.</summary>
    public AnswerJudge? LastJudge { get; init; }

    /// <summary>Called before each step; tests break things here.</summary>
    internal Action<TrainingSession>? BeforeStep { get; init; }

    /// <summary>Runs up to a step.</summary>
    /// <param name="last">Number of steps to have done at the end.</param>
    /// <param name="stop">Asks to stop after the step in progress; an evaluation in progress is given up.</param>
    /// <exception cref="TrainingException">A loss or gradient is NaN or infinite.</exception>
    /// <exception cref="Exception">
    /// Whatever ends the run; the steps before are saved where their numbers are sound.
    /// </exception>
    public TrainingOutcome Run(int last, CancellationToken stop)
    {
        try
        {
            var complete = false;
            view.Show(session.Step, last, () => complete = Train(last, stop));
            Settle();
            if (session.Step != _savedStep)
                Save();
            ReportData();
            return new TrainingOutcome(!complete);
        }
        catch (Exception error)
        {
            SavedAfterError = TrySave(error);
            throw;
        }
    }

    // False where it was stopped.
    private bool Train(int last, CancellationToken stop)
    {
        var step = new OptimizationStep(session, TraceNaN, WaitUntilRead);
        if (session.Plan.EvaluatesAfter(session.Step) && !Evaluate(last, stop))
            return false;
        while (session.Step < last && !stop.IsCancellationRequested)
        {
            if (_background is { IsDone: true })
                Settle();
            BeforeStep?.Invoke(session);
            var record = step.Run();
            log.Write(record);
            view.Step(record);
            if (session.Plan.EvaluatesAfter(session.Step) && !Evaluate(last, stop))
                return false;
            if (SavesAfter(session.Step) && session.Step < last)
                SaveAndGoOn();
        }
        // An interrupted run is left quickly; one that has come to its end wants to know how well it does.
        return session.Step >= last && Evaluate(last, stop);
    }

    private void ReportData()
    {
        if (session.Train is not IFileDataset data || !(data.Pictures.HasBad || data.Annotations.HasBad))
            return;
        log.Write(session.Step, data);
        view.Say($"training data: {data.Pictures.Summary}; {data.Annotations.Summary}");
    }

    private bool SavesAfter(int steps) => steps % session.Plan.SaveEvery == 0;

    // False where it was given up because the run is to stop.
    private bool Evaluate(int last, CancellationToken stop)
    {
        if (session.Test is not { } questions || log.HasEvaluation(session.Step))
            return true;
        PointingResult result;
        try
        {
            var isLast = session.Step == last;
            var tally = new PointingTally(isLast ? LastAnswers : null);
            result = PointingEvaluator.Run(
                session.Explainer, questions, session.Config.Integer("eval_batch"), stop: stop, tally: tally,
                judge: isLast ? LastJudge : null);
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
            return false;
        }
        log.Write(session.Step, result);
        view.Say(string.Create(
            CultureInfo.InvariantCulture,
            $"after step {session.Step}: pointing accuracy {100 * result.Accuracy:0.0} % on {result.Count} test "
                + $"samples (a random point {100 * result.RandomAccuracy:0.0} %), {result.Seconds:0.0} s"));
        return true;
    }

    private void Save()
    {
        _saving = true;
        store.Save(session);
        (_saving, _savedStep) = (false, session.Step);
    }

    private void SaveAndGoOn()
    {
        Settle();
        if (!session.Plan.SaveAsync || store.Begin(session) is not { } background)
        {
            Save();
            return;
        }
        (_saving, _background) = (true, background);
    }

    // The weights are about to change; the save that reads them may be late.
    private void WaitUntilRead()
    {
        if (_background is null)
            return;
        using var phase = Phase.Begin("checkpoint");
        _background.WaitUntilRead();
    }

    // Waits for a save in the background. Its error ends the run as that of any save does.
    private void Settle()
    {
        if (_background is not { } background)
            return;
        _background = null;
        background.Complete();
        (_saving, _savedStep) = (false, background.Step);
    }

    // The error is what is reported, whatever becomes of this.
    private bool TrySave(Exception error)
    {
        try
        {
            // Before the session goes away, whose tensors it may still read.
            Settle();
        }
        catch (Exception)
        {
            return false;
        }
        if (_saving || session.Step == _savedStep || error is AcceleratorException or DeviceException)
            return false;
        try
        {
            if (!IsSound())
                return false;
            Save();
            return true;
        }
        catch (Exception)
        {
            return false;
        }
    }

    // Whether the session is that of its step: no update was left half done, and all its numbers are finite.
    private bool IsSound()
    {
        if (session.Optimizer.StepCount != session.Step)
            return false;
        Tensor[] all =
        [
            .. session.Model.Parameters.Where(p => p.Kind != ParameterKind.Integers).Select(p => p.Value),
            .. session.Optimizer.State.SelectMany(s => new[] { s.ExpAvg, s.ExpAvgSq }),
        ];
        var counts = new long[all.Length];
        all[0].Backend.Run(new CountNonFiniteArgs(all, counts));
        return counts.All(c => c == 0);
    }
}
