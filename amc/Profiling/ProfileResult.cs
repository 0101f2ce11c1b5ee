using AmcEngine.Backends.Cpu;
using AmcEngine.Diagnostics;

namespace AmcEngine.Amc.Profiling;

/// <summary>What a profile found; times and counts are those of one step.</summary>
internal sealed record ProfileResult
{
    /// <summary>The configuration's file.</summary>
    public required string Config { get; init; }

    /// <summary>The device's name on the command line.</summary>
    public required string Device { get; init; }

    /// <summary>What the device is.</summary>
    public required string DeviceName { get; init; }

    /// <summary>Worker threads, or the multiprocessors of a device.</summary>
    public required int Threads { get; init; }

    /// <summary>Whether kernels ran one by one, each waited for, while they were timed.</summary>
    public required bool Synchronous { get; init; }

    /// <summary>Trained weights.</summary>
    public required long WeightCount { get; init; }

    /// <summary>Samples a step.</summary>
    public required int BatchSize { get; init; }

    /// <summary>Steps before the first that counts.</summary>
    public required int WarmupSteps { get; init; }

    /// <summary>Seconds of the measured steps, in order; no kernel was timed in them.</summary>
    public required double[] Seconds { get; init; }

    /// <summary>What each rank did and exchanged in a step, with AMC; empty for one process alone.</summary>
    public IReadOnlyList<RankStep> Ranks { get; init; } = [];

    /// <summary>
    /// Seconds of the steps without AMC that took turns with them; empty where the configuration has no AMC.
    /// </summary>
    public required double[] SecondsWithoutAmc { get; init; }

    /// <summary>Share of the time of all these steps in which they waited for samples of their batch.</summary>
    public required double DataWaitShare { get; init; }

    /// <summary>Steps in which kernels and phases were timed.</summary>
    public required int ProfiledSteps { get; init; }

    /// <summary>Phases of a profiled step.</summary>
    public required IReadOnlyList<PhaseStatistics> Phases { get; init; }

    /// <summary>Kernels of a profiled step, the longest first; calls are means.</summary>
    public required IReadOnlyList<KernelUse> Ops { get; init; }

    /// <summary>The same, shape by shape.</summary>
    public required IReadOnlyList<KernelUse> Shapes { get; init; }

    /// <summary>
    /// Matrix products of a step in <see cref="Shapes"/>, each computed again right after itself: what they take where
    /// operands and result were used a moment ago. Empty where nobody asked.
    /// </summary>
    public required IReadOnlyList<KernelUse> Alone { get; init; }

    /// <summary>What the system spent on a measured step; null where it does not tell.</summary>
    public required ProcessUse? Process { get; init; }

    /// <summary>What the machine does at most; null for devices, which are not measured.</summary>
    public required MachinePeaks? Peaks { get; init; }

    /// <summary>Memory.</summary>
    public required MemoryBreakdown Memory { get; init; }

    /// <summary>
    /// Garbage collections from the first measured step to the last, those without AMC included, by generation (an
    /// older one's counts for the younger, too).
    /// </summary>
    public required int[] Collections { get; init; }

    /// <summary>Managed bytes allocated in a measured step, by all threads.</summary>
    public required long ManagedBytes { get; init; }

    /// <summary>Median of the measured steps.</summary>
    public double Median => Profiling.Median.Of(Seconds);

    /// <summary>Time of all kernels in a profiled step.</summary>
    public double KernelSeconds => Ops.Sum(o => o.Seconds);

    /// <summary>Time of a profiled step, data included.</summary>
    public double ProfiledSeconds => Phases.Sum(p => p.Seconds);

    /// <summary>
    /// Share of AMC in a step: (with − without) / with, medians; null where the configuration has no AMC.
    /// </summary>
    public double? AmcShare =>
        SecondsWithoutAmc.Length == 0 ? null : (Median - Profiling.Median.Of(SecondsWithoutAmc)) / Median;

    /// <summary>
    /// Time of the phases that only AMC has: the explanation's gradient, its losses, and the way back through both.
    /// </summary>
    public double AmcPhaseSeconds => Phases.Where(p => p.Name is "explanation gradient" or "forward/AMC loss"
        or "backward/explanation gradient" or "backward/AMC loss").Sum(p => p.Seconds);

    /// <summary>Phases without their parts, in the order in which they began, the rest last.</summary>
    public IEnumerable<(string Name, double Seconds)> Groups =>
        Phases.GroupBy(p => p.Name.Split('/')[0]).Select(g => (g.Key, g.Sum(p => p.Seconds)));
}

/// <summary>One kernel's part of a step.</summary>
/// <param name="Name">The kernel.</param>
/// <param name="Shape">Its sizes, or empty.</param>
/// <param name="Calls">Calls a step.</param>
/// <param name="Seconds">Seconds a step.</param>
/// <param name="Flop">Operations a step.</param>
/// <param name="Bytes">Compulsory traffic a step.</param>
/// <param name="RoofSeconds">Least time for that on this machine; null where its peaks are not known.</param>
internal sealed record KernelUse(
    string Name, string Shape, double Calls, double Seconds, double Flop, double Bytes, double? RoofSeconds)
{
    /// <summary>10⁹ operations a second.</summary>
    public double Gflops => Seconds > 0 ? Flop / Seconds * 1e-9 : 0;

    /// <summary>10⁹ bytes a second.</summary>
    public double Gbytes => Seconds > 0 ? Bytes / Seconds * 1e-9 : 0;

    /// <summary>Share of the roofline; more than 1 where the data lay in a cache.</summary>
    public double? Share => Seconds > 0 ? RoofSeconds / Seconds : null;
}

/// <summary>Memory in bytes.</summary>
/// <param name="Peak">Most that live tensors held in the measured steps.</param>
/// <param name="PeakPhase">In which phase that was.</param>
/// <param name="Weights">Trained weights.</param>
/// <param name="MomentumWeights">The momentum copies.</param>
/// <param name="Queues">Feature queues.</param>
/// <param name="OptimizerState">First and second moments.</param>
/// <param name="Gradients">Gradients of weights at the peak.</param>
/// <param name="Reserved">What the pool has taken from the device, in use or waiting.</param>
/// <param name="Scratch">Working memory that kernels keep on the host.</param>
/// <param name="ManagedHeap">Managed heap after the last collection.</param>
/// <param name="PeakResident">Most memory that the process had resident; null where the system does not tell.</param>
internal sealed record MemoryBreakdown(
    long Peak, string PeakPhase, long Weights, long MomentumWeights, long Queues, long OptimizerState, long Gradients,
    long Reserved, long Scratch, long ManagedHeap, long? PeakResident)
{
    /// <summary>The rest of the peak.</summary>
    public long Activations => Peak - Weights - MomentumWeights - Queues - OptimizerState - Gradients;
}
