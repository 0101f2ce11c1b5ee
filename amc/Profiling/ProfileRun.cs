using System.Diagnostics;
using AmcEngine.Amc.Ranks;
using AmcEngine.Amc.Training;
using AmcEngine.Backends;
using AmcEngine.Backends.Cpu;
using AmcEngine.Diagnostics;
using AmcEngine.Memory;

namespace AmcEngine.Amc.Profiling;

/// <summary>
/// Measures training steps: after a warm-up, steps as they are, in turns with the same steps without AMC; then one step
/// that watches memory, and a few in which each kernel is timed. All are steps of one session. Of several ranks that
/// share each step all measure, and each gets the result of its own.
/// </summary>
/// <param name="session">The run to measure; its weights change as in training.</param>
/// <param name="backend">Its device.</param>
/// <param name="job">The ranks.</param>
internal sealed class ProfileRun(TrainingSession session, IBackend backend, Job job)
{
    private const int LeastWarmup = 2;

    // The compiler replaces a method's first version after it was called often enough; small steps need more of them
    // for that.
    private const int MostWarmup = 40;
    private const double WarmupSeconds = 3;

    private const int MostProfiled = 5;

    private readonly OptimizationStep _step = new(session, traceNaN: false);
    private readonly SharedBatches _batches = new(session.Loader, job);
    private readonly RankProfile _exchanged = new(job);
    private readonly bool _hasAmc = session.Objective is not null;

    /// <summary>Measures training steps.</summary>
    /// <param name="steps">Number of steps to take the median of.</param>
    /// <param name="warmup">
    /// Least number of steps before them; null: until the compiler is done with most methods.
    /// </param>
    /// <param name="progress">Told what is being done; may do nothing.</param>
    /// <param name="alone">Whether products are also timed right after themselves, in one step more.</param>
    public ProfileResult Measure(int steps, int? warmup, Action<string> progress, bool alone = false)
    {
        var peaks = backend is CpuBackend ? MachinePeaks.Measure(backend.Device.Threads) : null;
        progress("warming up");
        var warmed = WarmUp(warmup);
        progress($"measuring {steps} steps{(_hasAmc ? " with AMC, in turns with as many without" : "")}");
        var waited = session.WaitedForData;
        var use = ProcessUse.Now();
        var (with, without, collections, managed) = Steps(steps);
        var spent = use is null ? null : ProcessUse.Now()?.Since(use, with.Length + without.Length);
        waited = session.WaitedForData - waited;
        var peak = backend.PeakBytes;
        var ranks = _exchanged.Gather(with);
        progress("timing kernels");
        var atPeak = WatchMemory();
        var profiled = Math.Min(steps, MostProfiled);
        using var profiler = Profiler.Begin(backend);
        for (var i = 0; i < profiled; i++)
            Run(amc: true);
        profiler.Dispose();
        return new ProfileResult
        {
            Config = session.Config.Path,
            Device = backend.Device.Id,
            DeviceName = backend.Device.Name,
            Threads = backend.Device.Threads,
            Synchronous = backend is not CpuBackend,
            WeightCount = session.Model.Trainable.Sum(p => (long)p.Shape.Count),
            BatchSize = session.Config.BatchSize,
            WarmupSteps = warmed,
            Seconds = with,
            Ranks = ranks,
            SecondsWithoutAmc = without,
            DataWaitShare = waited.TotalSeconds / (with.Sum() + without.Sum()),
            ProfiledSteps = profiled,
            Phases = [.. profiler.Phases.OrderBy(p => p.Name == Phase.Other).Select(
                p => new PhaseStatistics(
                    p.Name, p.Seconds / profiled, p.KernelSeconds / profiled, p.Flop / profiled))],
            Ops = Uses(profiler, byShape: false, profiled, peaks),
            Shapes = Uses(profiler, byShape: true, profiled, peaks),
            Alone = alone ? ProductsAlone(peaks) : [],
            Process = spent,
            Peaks = peaks,
            Memory = Memory(peak, atPeak),
            Collections = collections,
            ManagedBytes = managed,
        };
    }

    private int WarmUp(int? steps)
    {
        var start = Stopwatch.GetTimestamp();
        var done = 0;
        (var least, var most) = steps is { } n ? (n, n) : (LeastWarmup, MostWarmup);
        // As long as one rank wants to.
        while (job.Any(done < least || (done < most && Stopwatch.GetElapsedTime(start).TotalSeconds < WarmupSeconds)))
        {
            Run(amc: true);
            done++;
            if (!_hasAmc)
                continue;
            Run(amc: false);
            done++;
        }
        return done;
    }

    private (double[] With, double[] Without, int[] Collections, long Managed) Steps(int steps)
    {
        double[] with = new double[steps], without = new double[_hasAmc ? steps : 0];
        long managed = 0;
        backend.ResetPeak();
        var before = Collections();
        for (var i = 0; i < steps; i++)
        {
            var allocated = GC.GetTotalAllocatedBytes(precise: true);
            _exchanged.Begin();
            with[i] = Run(amc: true);
            _exchanged.End();
            managed += GC.GetTotalAllocatedBytes(precise: true) - allocated;
            if (_hasAmc)
                without[i] = Run(amc: false);
        }
        int[] collections = [.. Collections().Zip(before, (after, b) => after - b)];
        return (with, without, collections, managed / steps);
    }

    private double Run(bool amc)
    {
        _step.UsesObjective = amc;
        var start = Stopwatch.GetTimestamp();
        try
        {
            _step.Run(_batches);
        }
        catch (TrainingException e) when (!job.IsAlone && e.IsOnAllRanks)
        {
            throw job.Common(e);
        }
        backend.Synchronize();
        return Stopwatch.GetElapsedTime(start).TotalSeconds;
    }

    private PeakMemory? WatchMemory()
    {
        using var profiler = Profiler.Begin(backend);
        Run(amc: true);
        return profiler.Peak;
    }

    private KernelUse[] ProductsAlone(MachinePeaks? peaks)
    {
        using var profiler = Profiler.Begin(backend, repeatsProducts: true);
        Run(amc: true);
        return [.. profiler.ProductsAlone.Select(o => Use(o, 1, peaks))];
    }

    private MemoryBreakdown Memory(long peak, PeakMemory? atPeak)
    {
        long[] state = [.. ModelMemory.Of(session.Model, session.Optimizer).Select(s => MemoryUse.Of(s.Tensors))];
        return new MemoryBreakdown(
            peak,
            atPeak?.Phase ?? Phase.Other,
            state[0],
            state[1],
            state[2],
            state[3],
            atPeak?.GradientBytes ?? 0,
            backend.ReservedBytes,
            backend is CpuBackend ? CpuBackend.ScratchBytes : 0,
            GC.GetGCMemoryInfo().HeapSizeBytes,
            MemoryUse.PeakResident());
    }

    private static IReadOnlyList<KernelUse> Uses(Profiler profiler, bool byShape, int steps, MachinePeaks? peaks) =>
        [.. profiler.Ops(byShape).Select(o => Use(o, steps, peaks))];

    private static KernelUse Use(OpStatistics o, int steps, MachinePeaks? peaks) => new(
        o.Name, o.Shape, o.Calls / (double)steps, o.Seconds / steps, o.Flop / steps, o.Bytes / steps,
        peaks?.Seconds(o.Flop / steps, o.Bytes / steps));

    private static int[] Collections() => [.. Enumerable.Range(0, GC.MaxGeneration + 1).Select(GC.CollectionCount)];
}
