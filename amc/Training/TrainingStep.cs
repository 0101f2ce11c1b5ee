using AmcEngine.Amc.Objective;
using AmcEngine.Autograd;
using AmcEngine.Backends.Kernels;
using AmcEngine.Collectives;
using AmcEngine.DataParallel;
using AmcEngine.Diagnostics;
using AmcEngine.Model;
using AmcEngine.Model.DataParallel;
using AmcEngine.Model.Modules;
using AmcEngine.Model.Tokenization;
using AmcEngine.Ops;
using AmcEngine.Optim;
using AmcEngine.Tensors;

namespace AmcEngine.Amc.Training;

/// <summary>What a step learns from; the tensors belong to the caller's scope.</summary>
/// <param name="Pairs">Pictures with their texts.</param>
/// <param name="Regions">Region masks <c>[B, S, S]</c>; null leaves the objective out of the step.</param>
/// <param name="HasRegion">Which samples have a region.</param>
internal sealed record StepInputs(PairBatch Pairs, Tensor? Regions, bool[] HasRegion)
{
    /// <summary>Other texts for the same things, one a pair; null where the objective asks for none.</summary>
    public TokenBatch? Others { get; init; }

    /// <summary>Which of <see cref="Others"/> are another text than the pair's own.</summary>
    public bool[] IsOther { get; init; } = [];
}

/// <summary>What a step has computed when its backward pass begins.</summary>
/// <param name="Output">The model's losses and intermediate results.</param>
/// <param name="Objective">The objective's terms; null without one.</param>
/// <param name="Total">What is minimised.</param>
internal sealed record StepTensors(TrainingOutput Output, ObjectiveTerms? Objective, Tensor Total);

/// <summary>
/// The one training step: forward, objective, backward, check, update. Training, profile and benchmarks run it on
/// batches of a session (<see cref="OptimizationStep"/>); the verifier replays a recording with it, so that the
/// recording proves what training does.
/// </summary>
/// <param name="model">The model with its momentum copies.</param>
/// <param name="objective">What explanations are to be like; null trains with the model's own losses alone.</param>
/// <param name="optimizer">The optimizer.</param>
internal sealed class TrainingStep(IVisionLanguageModel model, IObjective? objective, AdamW optimizer)
{
    /// <summary>Whether every op's output is searched for NaN.</summary>
    public bool TraceNaN { get; init; }

    /// <summary>
    /// Averages gradients where several ranks share a batch; null for a process alone. It belongs to the caller.
    /// </summary>
    public GradientExchange? Exchange { get; init; }

    /// <summary>
    /// Whether the momentum copies wait for the next step, as where a recording ends, and do not move with the weights.
    /// </summary>
    public bool DeferAverage { get; set; }

    /// <summary>Looks at what was computed before the backward pass consumes it.</summary>
    public Action<StepTensors>? Forwarded { get; init; }

    /// <summary>Looks at the gradients before the check and the update.</summary>
    public Action? Differentiated { get; init; }

    /// <summary>Called when the next thing is to change the weights.</summary>
    public Action? Updating { get; init; }

    /// <summary>Does a step; the weights stay as they are where it fails. Call it inside of a memory scope.</summary>
    /// <param name="step">Number of steps before it: the key of its random numbers.</param>
    /// <param name="inputs">What to learn from.</param>
    /// <param name="options">How the model's losses are computed; whether the map is captured is decided here.</param>
    /// <param name="rate">Learning rate.</param>
    /// <returns>The losses by name, the total first; of several ranks the means.</returns>
    /// <exception cref="TrainingException">A loss or gradient is NaN or infinite, on whatever rank.</exception>
    /// <exception cref="InvalidOperationException">
    /// The batch is shared by several ranks, and there is no exchange.
    /// </exception>
    public (string Name, double Value)[] Run(int step, StepInputs inputs, StepOptions options, double rate)
    {
        if (!options.Share.IsWhole && Exchange is null)
            throw new InvalidOperationException("A share of a batch takes an exchange of gradients.");
        options.Random.BeginStep((uint)step);
        RankLosses losses;
        try
        {
            losses = Differentiate(step, inputs, options);
            Differentiated?.Invoke();
            Check(losses, step);
        }
        catch
        {
            // The weights are those of the step before, and so are the queues then.
            model.TakeBack();
            throw;
        }
        Update(rate);
        return losses.Means;
    }

    private RankLosses Differentiate(int step, StepInputs inputs, StepOptions options)
    {
        using var trace = TraceNaN ? NaNTrace.Begin() : null;
        try
        {
            var tensors = Forward(inputs, options);
            Forwarded?.Invoke(tensors);
            using (Phase.Begin("backward")) Backward(tensors, options.Share);
            return Read(tensors);
        }
        catch (NonFiniteException e)
        {
            throw new TrainingException($"step {step + 1}: the first NaN or infinity arose in {e.Message}; "
                + $"the weights of step {step} are kept. Lower optimizer.lr", e);
        }
    }

    private void Backward(StepTensors tensors, BatchShare share)
    {
        var stages = tensors.Output.Stages;
        if (Exchange is not null)
        {
            Exchange.Backward(whole => stages.Backward(tensors.Total, whole),
                () => share.HasToScatter || stages.HasToScatter);
            return;
        }
        tensors.Total.Backward();
        stages.Backward();
    }

    private StepTensors Forward(StepInputs inputs, StepOptions options)
    {
        var output = model.Forward(inputs.Pairs, options with
        {
            Ground = objective is not null && inputs.Regions is not null,
            Explain = Explained.Read,
            MinimizesLosses = true,
        });
        var explained = output switch
        {
            { Explanation: { } cam } => new Explained(cam),
            { Grounding: { } grounding } => new Explained(grounding),
            _ => null,
        };
        var terms = explained is null ? null : objective!.Compute(
            Inputs(output, explained, inputs) with { Share = options.Share.Scopes.Objective ? options.Share : null });
        var total = terms is null ? output.Total() : output.Total().Add(terms.Loss);
        return new StepTensors(output, terms, total);
    }

    private static ObjectiveInputs Inputs(TrainingOutput output, Explained explained, StepInputs inputs) =>
        new(explained, inputs.Regions!, inputs.HasRegion)
        {
            Others = inputs.Others is { } texts ? new OtherTexts(() => Explain(output, texts), inputs.IsOther) : null,
        };

    private static Explained Explain(TrainingOutput output, TokenBatch texts) =>
        output.ExplainTexts is { } explain ? new Explained(explain(texts)) : new Explained(output.GroundTexts!(texts));

    // All at once: every read waits for the device.
    private RankLosses Read(StepTensors tensors)
    {
        NamedLoss[] losses =
        [
            new("total", tensors.Total), .. tensors.Output.Losses, .. tensors.Objective?.Losses ?? []
        ];
        var values = Movement.Concat([.. losses.Select(l => l.Value.Detach().Reshape(1))], 0).ToDoubles();
        return RankLosses.Of([.. losses.Select(l => l.Name)], values, Exchange?.Ranks);
    }

    private void Check(RankLosses losses, int step)
    {
        using var phase = Phase.Begin("gradient check");
        if (losses.FirstNotFinite is (var rank, var name, var value))
            throw Broken(step, $"the loss \"{name}\" is {value}{(Exchange is null ? "" : $" on rank {rank}")}");
        Parameter[] all = [.. model.Trainable];
        if (FirstNotFinite(all) is (var at, var count))
            throw Broken(step, $"{count} of {all[at].Shape.Count} values of the gradient of {all[at].Name} "
                + $"are NaN or infinite{Where()} (loss {losses.Means[0].Value:0.###})");
    }

    // The first parameter whose gradient has such values, and how many; of all ranks where each has other gradients.
    private (int Parameter, long Count)? FirstNotFinite(Parameter[] all)
    {
        int[] own = [.. Enumerable.Range(0, all.Length).Where(i => all[i].Value.Grad is not null)];
        var gradients = Array.ConvertAll(own, i => all[i].Value.Grad!);
        var counts = new long[own.Length];
        if (gradients.Length > 0)
            gradients[0].Backend.Run(new CountNonFiniteArgs(gradients, counts));
        var at = Array.FindIndex(counts, c => c > 0);
        (var first, var count) = at < 0 ? (all.Length, 0) : (own[at], counts[at]);
        if (Exchange is { IsSharded: true })
        {
            double[] agreed = [first];
            Exchange.Ranks.AllReduce(agreed, Reduction.Min);
            if (agreed[0] == all.Length)
                return null;
            double[] most = [first == agreed[0] ? count : 0];
            Exchange.Ranks.AllReduce(most, Reduction.Max);
            (first, count) = ((int)agreed[0], (long)most[0]);
        }
        return first == all.Length ? null : (first, count);
    }

    private string Where() => Exchange is null ? ""
        : Exchange.FirstNotFinite() is { } rank ? $" by rank {rank}" : " in the sum of all ranks";

    private void Update(double rate)
    {
        using var phase = Phase.Begin(model.Average is null ? "optimizer" : "optimizer and momentum update");
        Updating?.Invoke();
        optimizer.Step(rate, DeferAverage);
        model.Constrain();
        optimizer.ZeroGrad();
    }

    private static TrainingException Broken(int step, string what) =>
        new($"step {step + 1}: {what}; training stopped and the last good checkpoint is kept. Lower optimizer.lr, "
            + "or find the op with --trace-nan")
        {
            IsOnAllRanks = true,
        };
}
