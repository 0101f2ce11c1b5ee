using System.Diagnostics;
using AmcEngine.Amc.Data;
using AmcEngine.Amc.Runs;
using AmcEngine.Diagnostics;
using AmcEngine.Memory;
using AmcEngine.Model;
using AmcEngine.Tensors;

namespace AmcEngine.Amc.Training;

/// <summary>
/// The next <see cref="TrainingStep"/> of a session: its batch, rate, momentum weight and random numbers.
/// </summary>
/// <param name="session">The run.</param>
/// <param name="traceNaN">Whether every op's output is searched for NaN.</param>
/// <param name="updating">Called when the next thing is to change the weights.</param>
internal sealed class OptimizationStep(TrainingSession session, bool traceNaN, Action? updating = null)
{
    private readonly TrainingStep _step =
        new(session.Model, session.Objective, session.Optimizer)
        {
            TraceNaN = traceNaN,
            Updating = updating,
            Exchange = session.Exchange,
        };

    /// <summary>As of <see cref="TrainingStep.DeferAverage"/>.</summary>
    internal bool DeferAverage
    {
        get => _step.DeferAverage;
        init => _step.DeferAverage = value;
    }

    /// <summary>
    /// Whether the objective is part of the loss where the session has one: a profile measures without, too.
    /// </summary>
    public bool UsesObjective { get; set; } = true;

    /// <summary>Does the session's next step; the weights stay as they are where it fails.</summary>
    /// <param name="batches">Where ranks agree on their batches; null for the session's own.</param>
    /// <exception cref="TrainingException">A loss or gradient is NaN or infinite.</exception>
    public StepRecord Run(SharedBatches? batches = null)
    {
        var start = Stopwatch.GetTimestamp();
        TrainingBatch batch;
        using (Phase.Begin("data"))
            batch = batches?.Next(session.Step, CancellationToken.None) ?? session.Loader.Get(session.Step);
        return Run(batch, start);
    }

    /// <summary>The same on a batch that is there.</summary>
    /// <param name="batch">This rank's rows of the batch of the session's next step.</param>
    /// <param name="start">Time stamp of the moment from which the step's time counts.</param>
    /// <exception cref="TrainingException">A loss or gradient is NaN or infinite.</exception>
    public StepRecord Run(TrainingBatch batch, long start)
    {
        var step = session.Step;
        var rate = session.Plan.LearningRate(step);
        (string, double)[] losses;
        using (MemoryScope.Begin())
            losses = _step.Run(step, Upload(batch), Options(step), rate);
        session.Step = step + 1;
        return new StepRecord(session.Step, step / session.Plan.StepsPerEpoch, losses, rate,
            Stopwatch.GetElapsedTime(start).TotalSeconds);
    }

    private StepOptions Options(int step) => new(session.Plan.Alpha(step), session.Random)
    {
        CheckpointActivations = session.CheckpointActivations,
        MicroBatch = session.MicroBatch,
        Share = session.Share,
    };

    /// <summary>The batch on the device.</summary>
    private StepInputs Upload(TrainingBatch batch)
    {
        using var phase = Phase.Begin("data");
        int count = batch.Text.Count, pixels = batch.Side * batch.Side;
        var images = Tensor.From(batch.Images, [count, 3, batch.Side, batch.Side], session.Model.Backend);
        var regions = UsesObjective && session.Objective is not null
            ? Tensor.From(batch.Masks, [count, batch.Side, batch.Side], session.Model.Backend) : null;
        // A region much smaller than the shrinking factor can vanish from the mask: such a sample says nothing about
        // it.
        bool[] has =
            [.. Enumerable.Range(0, count).Select(i => batch.Masks.AsSpan(i * pixels, pixels).ContainsAnyExcept(0f))];
        // With paraphrases, the model learns from those, and the phrases are the other texts.
        return new StepInputs(
            new PairBatch(images, batch.Paraphrases ?? batch.Text) { Pictures = batch.Pictures }, regions, has)
        {
            Others = batch.Paraphrases is null ? null : batch.Text,
            IsOther = batch.HasParaphrase,
        };
    }
}
