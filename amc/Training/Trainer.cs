using System.Diagnostics;
using System.Globalization;
using AmcEngine.Amc.Data;
using AmcEngine.Amc.Evaluation.Game;
using AmcEngine.Amc.Ranks;
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

/// <summary>What a run writes; of several ranks the first does so.</summary>
/// <param name="Log">Its log.</param>
/// <param name="Store">Its checkpoints.</param>
/// <param name="View">Who watches.</param>
internal sealed record TrainingOutputs(TrainingLog Log, CheckpointStore Store, ITrainingView View);

/// <summary>
/// Trains a session to its end, with evaluations, log and checkpoints. Ranks that train together meet before each step
/// and around evaluations; what the first one writes between is told there where it fails.
/// </summary>
/// <param name="session">The run.</param>
/// <param name="outputs">What the run writes; null on a rank that writes nothing.</param>
/// <param name="job">The ranks; null for one process alone.</param>
internal sealed class Trainer(TrainingSession session, TrainingOutputs? outputs, Job? job = null)
{
    private readonly Job _job = job ?? Job.Alone;
    private readonly RankTimes _times = new(session, job ?? Job.Alone);

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

    /// <summary>Steps between two comparisons of the ranks' replicas; 0 for none.</summary>
    public int CheckReplicasEvery { get; init; }

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
            if (outputs is null)
                complete = Train(last, stop);
            else
                outputs.View.Show(session.Step, last, () => complete = Train(last, stop));
            if (session.Optimizer.IsSharded && session.Step != _savedStep)
                SaveTogether();
            _job.First(() =>
            {
                Settle();
                if (session.Step != _savedStep)
                    Save();
                ReportData();
            });
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
        var batches = new SharedBatches(session.Loader, _job);
        if (session.Plan.EvaluatesAfter(session.Step) && !Evaluate(last, stop))
            return false;
        while (session.Step < last)
        {
            Doing("the batch of step", session.Step + 1);
            if (!TryStep(step, batches, stop))
                break;
            Doing("the end of step", session.Step);
            if (CheckReplicasEvery > 0 && session.Step % CheckReplicasEvery == 0)
                new Replicas(session, _job).RequireSame($"after step {session.Step}");
            if (session.Plan.EvaluatesAfter(session.Step) && !Evaluate(last, stop))
                return false;
            if (SavesAfter(session.Step) && session.Step < last)
                SaveOnTheWay();
        }
        // An interrupted run is left quickly; one that has come to its end wants to know how well it does.
        return session.Step >= last && Evaluate(last, stop);
    }

    // False where a rank asks to stop.
    private bool TryStep(OptimizationStep step, SharedBatches batches, CancellationToken stop)
    {
        if (_job.IsAlone && stop.IsCancellationRequested)
            return false;
        if (_background is { IsDone: true })
            _job.Attempt(Settle);
        _job.Attempt(() => BeforeStep?.Invoke(session));
        (var start, var waited) = (Stopwatch.GetTimestamp(), _job.Waited);
        TrainingBatch? batch;
        using (Phase.Begin("data"))
            batch = batches.Next(session.Step, _job.IsAlone ? CancellationToken.None : stop);
        if (batch is null)
            return false;
        Doing("step", session.Step + 1);
        var record = Take(step, batch, start);
        _times.Add(record.Seconds, (_job.Waited - waited).TotalSeconds);
        if (outputs is not null)
            _job.Attempt(() =>
            {
                outputs.Log.Write(record);
                outputs.View.Step(record);
            });
        if (_times.Exchange() is { } times && outputs is not null)
            _job.Attempt(() =>
            {
                outputs.Log.Write(session.Step, times);
                outputs.View.Say(times.Line);
            });
        return true;
    }

    // What a rank that keeps the others waiting is said to do; one process alone keeps nobody.
    private void Doing(string what, int step)
    {
        if (!_job.IsAlone)
            _job.Doing = string.Create(CultureInfo.InvariantCulture, $"{what} {step}");
    }

    private StepRecord Take(OptimizationStep step, TrainingBatch batch, long start)
    {
        try
        {
            return step.Run(batch, start);
        }
        catch (TrainingException e) when (!_job.IsAlone && e.IsOnAllRanks)
        {
            var common = _job.Common(e);
            if (ReferenceEquals(common, e))
                throw;
            throw common;
        }
    }

    private void ReportData()
    {
        if (session.Train is not IFileDataset data || !(data.Pictures.HasBad || data.Annotations.HasBad))
            return;
        outputs!.Log.Write(session.Step, data);
        var whose = _job.IsAlone ? "training data" : "training data of the first rank";
        outputs.View.Say($"{whose}: {data.Pictures.Summary}; {data.Annotations.Summary}");
    }

    private bool SavesAfter(int steps) => steps % session.Plan.SaveEvery == 0;

    // False where it was given up because the run is to stop.
    private bool Evaluate(int last, CancellationToken stop)
    {
        if (session.Test is not { } questions)
            return true;
        if (_job.Any(outputs?.Log.HasEvaluation(session.Step) == true))
            return true;
        Doing("the evaluation after step", session.Step);
        PointingResult? result;
        try
        {
            var isLast = session.Step == last;
            result = new SharedEvaluator(session.Explainer, questions, session.Config.Integer("eval_batch"), _job)
            {
                Judge = isLast ? LastJudge : null,
            }.Run(new PointingTally(isLast ? LastAnswers : null), stop);
        }
        catch (OperationCanceledException)
        {
            return false;
        }
        if (outputs is not null && result is not null)
            _job.Attempt(() => Report(result));
        return true;
    }

    private void Report(PointingResult result)
    {
        outputs!.Log.Write(session.Step, result);
        outputs.View.Say(string.Create(
            CultureInfo.InvariantCulture,
            $"after step {session.Step}: pointing accuracy {100 * result.Accuracy:0.0} % on {result.Count} test "
                + $"samples (a random point {100 * result.RandomAccuracy:0.0} %), {result.Seconds:0.0} s"));
    }

    private void Save()
    {
        _saving = true;
        outputs!.Store.Save(session);
        (_saving, _savedStep) = (false, session.Step);
    }

    private void SaveOnTheWay()
    {
        Doing("the checkpoint after step", session.Step);
        if (session.Optimizer.IsSharded)
            SaveTogether();
        else if (outputs is not null)
            _job.Attempt(SaveAndGoOn);
    }

    // Where each rank has a part of the optimizer's state, the first one gets the others' while it writes.
    private void SaveTogether()
    {
        // A rank that has failed says so here, and not while others serve it.
        _job.Meet();
        if (outputs is not null)
        {
            _job.Attempt(Save);
            return;
        }
        session.Optimizer.ServeMoments();
        _savedStep = session.Step;
    }

    private void SaveAndGoOn()
    {
        Settle();
        if (!session.Plan.SaveAsync || outputs!.Store.Begin(session) is not { } background)
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
        if (outputs is null || _saving || session.Step == _savedStep || session.Optimizer.IsSharded
            || error is AcceleratorException or DeviceException or ReplicaException)
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
