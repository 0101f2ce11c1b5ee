using AmcEngine.Diagnostics;
using AmcEngine.Memory;
using AmcEngine.Model;
using AmcEngine.Model.Modules;
using AmcEngine.Optim;
using AmcEngine.Tensors;

namespace AmcEngine.Amc.Training;

/// <summary>What memory a training step takes, in bytes.</summary>
/// <param name="Peak">Most that live tensors hold.</param>
/// <param name="PeakPhase">In which phase that is.</param>
/// <param name="Reserved">What the pool takes from the device.</param>
/// <param name="Touched">The part of that which some tensor has: what becomes resident on the host.</param>
/// <param name="Flop">Floating-point operations of a step, as its kernels say.</param>
/// <param name="Holders">What holds the peak; together they are the peak. Empty where nobody asked.</param>
/// <param name="Phases">In which phases the operations are, in the order in which these begin.</param>
internal sealed record DryMemory(
    long Peak, string PeakPhase, long Reserved, long Touched, double Flop,
    IReadOnlyList<(string Name, long Bytes)> Holders, IReadOnlyList<(string Name, double Flop)> Phases);

/// <summary>
/// Training steps on a <see cref="DryBackend"/>: the code that trains, without computing anything, so that what it says
/// of memory follows from that code.
/// </summary>
internal static class DryRun
{
    private const string AttentionMapOp = "masked_softmax";

    /// <summary>Does two steps and measures the second: what stays for good is there by then.</summary>
    /// <param name="backend">Where the model is.</param>
    /// <param name="model">The model.</param>
    /// <param name="optimizer">Its optimizer.</param>
    /// <param name="step">Does a step.</param>
    /// <exception cref="EngineException">The back end's limit does not suffice.</exception>
    public static DryMemory Measure(DryBackend backend, IVisionLanguageModel model, AdamW optimizer, Action step)
    {
        step();
        backend.ResetPeak();
        backend.ResetWork();
        PeakMemory? peak;
        IReadOnlyList<PhaseStatistics> phases;
        using (var profiler = Profiler.Begin(backend))
        {
            step();
            (peak, phases) = (profiler.Peak, profiler.Phases);
        }
        return new DryMemory(
            backend.PeakBytes, peak?.Phase ?? Phase.Other, backend.ReservedBytes, backend.TouchedBytes, backend.Flop,
            backend.AtPeak.Count == 0 ? [] : Holders(backend, peak?.GradientBytes ?? 0, model, optimizer),
            [.. phases.Where(p => p.Flop > 0).Select(p => (p.Name, p.Flop))]);
    }

    private static List<(string, long)> Holders(
        DryBackend backend, long gradients, IVisionLanguageModel model, AdamW optimizer)
    {
        var state = ModelMemory.Of(model, optimizer);
        var known = MemoryUse.Blocks(state.SelectMany(s => s.Tensors));
        List<(string Name, long Bytes)> holders =
            [.. state.Select(s => (s.Name, MemoryUse.Of(s.Tensors))), ("gradients", gradients)];
        holders.AddRange(backend.AtPeak.Where(b => !known.Contains(b.Storage))
            .GroupBy(Name, (name, blocks) => (name, blocks.Sum(b => b.Storage.Bytes)))
            .Where(h => h.name.Length > 0).OrderByDescending(h => h.Item2));
        holders.Add(("temporaries", backend.PeakBytes - holders.Sum(h => h.Bytes)));
        return holders;
    }

    // Empty for what is neither the batch nor kept for a gradient.
    private static string Name(HeldBlock block) => block switch
    {
        { Phase: "data" } => "batch",
        { Op: AttentionMapOp } => "attention map",
        { IsSaved: true } => $"activations, {Phase.Part(block.Phase)}",
        _ => "",
    };
}

/// <summary>What a model and its optimizer hold from step to step.</summary>
internal static class ModelMemory
{
    /// <summary>Tensors by the names of reports.</summary>
    public static IReadOnlyList<(string Name, IReadOnlyList<Tensor> Tensors)> Of(
        IVisionLanguageModel model, AdamW optimizer)
    {
        Parameter[] trained = [.. model.Trainable.Where(p => p.Kind == ParameterKind.Weight)];
        HashSet<Parameter> known = [.. trained];
        return
        [
            ("weights", Values(trained)),
            ("momentum weights",
                Values(model.Parameters.Where(p => p.Kind == ParameterKind.Weight && !known.Contains(p)))),
            ("queues",
                Values(model.StateEntries.Select(e => e.Parameter).Where(p => p.Kind == ParameterKind.Buffer))),
            ("optimizer state", [.. optimizer.State.SelectMany(s => new[] { s.ExpAvg, s.ExpAvgSq })]),
        ];
    }

    private static Tensor[] Values(IEnumerable<Parameter> parameters) => [.. parameters.Select(p => p.Value)];
}
