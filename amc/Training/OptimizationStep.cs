using System.Diagnostics;
using AmcEngine.Amc.Data;
using AmcEngine.Amc.Objective;
using AmcEngine.Autograd;
using AmcEngine.Diagnostics;
using AmcEngine.Memory;
using AmcEngine.Model.Pretraining;
using AmcEngine.Ops;
using AmcEngine.Tensors;

namespace AmcEngine.Amc.Training;

/// <summary>One step: forward, backward, check, update.</summary>
/// <param name="session">The run.</param>
/// <param name="traceNaN">Whether every op's output is searched for NaN.</param>
internal sealed class OptimizationStep(TrainingSession session, bool traceNaN)
{
    /// <summary>Whether AMC is part of the loss where the session has it: a profile measures without, too.</summary>
    public bool UsesAmc { get; set; } = true;

    private AmcObjective? Objective => UsesAmc ? session.Objective : null;

    /// <summary>Does the session's next step; the weights stay as they are where it fails.</summary>
    /// <param name="continues">
    /// Asked once, when the gradients are there: whether another step surely follows before anything reads weights or momentum
    /// copies. Then the copies move with the weights, in one pass over memory, and not at the start of the next step.
    /// </param>
    /// <exception cref="TrainingException">A loss or gradient is NaN or infinite.</exception>
    public StepRecord Run(Func<bool>? continues = null)
    {
        long start = Stopwatch.GetTimestamp();
        int step = session.Step;
        TrainingBatch batch;
        using (Phase.Begin("data"))
            batch = session.Loader.Get(step);
        double rate = session.Plan.LearningRate(step);
        session.Random.BeginStep((uint)step);
        (string, double)[] losses;
        using (MemoryScope.Begin())
        {
            losses = Differentiate(batch, step);
            Check(losses, step);
            Update(rate, continues?.Invoke() ?? false);
        }
        session.Step = step + 1;
        return new StepRecord(session.Step, step / session.Plan.StepsPerEpoch, losses, rate, Stopwatch.GetElapsedTime(start).TotalSeconds);
    }

    private void Update(double rate, bool continues)
    {
        using var phase = Phase.Begin(continues ? "optimizer and momentum update" : "optimizer");
        session.Optimizer.Step(rate, continues ? session.Model.Average : null);
        session.Optimizer.ZeroGrad();
    }

    private (string, double)[] Differentiate(TrainingBatch batch, int step)
    {
        using IDisposable? trace = traceNaN ? NaNTrace.Begin() : null;
        try
        {
            int count = batch.Text.Count;
            Tensor images;
            using (Phase.Begin("data"))
                images = Tensor.From(batch.Images, [count, 3, batch.Side, batch.Side], session.Model.Backend);
            AlbefOutput output = session.Model.Forward(
                new AlbefBatch(images, batch.Text),
                new StepOptions(session.Plan.Alpha(step), session.Random) { CaptureMap = Objective is not null });
            AmcTerms? amc = Explain(output, batch);
            Tensor total = amc is null ? output.BaseLoss() : output.BaseLoss().Add(amc.Loss);
            using (Phase.Begin("backward"))
                total.Backward();
            List<(string, Tensor)> losses = [("total", total), ("ita", output.LossIta), ("itm", output.LossItm), ("mlm", output.LossMlm)];
            if (amc is not null)
                losses.AddRange([("amc_mean", amc.MeanLoss), ("amc_max", amc.MaxLoss)]);
            return Read(losses);
        }
        catch (NonFiniteException e)
        {
            throw new TrainingException($"step {step + 1}: the first NaN or infinity arose in {e.Message}; the weights of step {step} are kept. Lower optimizer.lr", e);
        }
    }

    // All at once: every read waits for the device.
    private static (string, double)[] Read(List<(string Name, Tensor Loss)> losses)
    {
        double[] values = Movement.Concat([.. losses.Select(l => l.Loss.Detach().Reshape(1))], 0).ToDoubles();
        return [.. losses.Select((l, i) => (l.Name, values[i]))];
    }

    private AmcTerms? Explain(AlbefOutput output, TrainingBatch batch)
    {
        if (Objective is not { } objective)
            return null;
        int count = batch.Text.Count, pixels = batch.Side * batch.Side;
        Tensor regions = Tensor.From(batch.Masks, [count, batch.Side, batch.Side], session.Model.Backend);
        // A box much smaller than the shrinking factor can vanish from the mask: such a sample says nothing about its region.
        bool[] has = [.. Enumerable.Range(0, count).Select(i => batch.Masks.AsSpan(i * pixels, pixels).Contains(1f))];
        return objective.Compute(output, regions, has);
    }

    private void Check((string Name, double Value)[] losses, int step)
    {
        using var phase = Phase.Begin("gradient check");
        foreach ((string name, double value) in losses)
        {
            if (!double.IsFinite(value))
                throw Broken(step, $"the loss \"{name}\" is {value}");
        }
        Model.Modules.Parameter[] parameters = [.. session.Model.Trainable.Where(p => p.Value.Grad is not null)];
        Tensor[] gradients = Array.ConvertAll(parameters, p => p.Value.Grad!);
        long[] counts = new long[gradients.Length];
        if (gradients.Length > 0)
            gradients[0].Backend.CountNonFinite(gradients, counts);
        if (Array.FindIndex(counts, c => c > 0) is var at and >= 0)
            throw Broken(step, $"{counts[at]} of {gradients[at].Count} values of the gradient of {parameters[at].Name} are NaN or infinite (loss {losses[0].Value:0.###})");
    }

    private static TrainingException Broken(int step, string what) =>
        new($"step {step + 1}: {what}; training stopped and the last good checkpoint is kept. Lower optimizer.lr, or find the op with --trace-nan");
}
