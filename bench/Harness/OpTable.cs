using System.Diagnostics;
using AmcEngine.Amc.Profiling;
using AmcEngine.Autograd;
using AmcEngine.Backends;
using AmcEngine.Backends.Cpu;
using AmcEngine.Diagnostics;
using AmcEngine.Memory;
using AmcEngine.Ops;

namespace AmcEngine.Bench.Harness;

/// <summary>
/// A quick Markdown table: median time, GFLOP/s and GB/s of each op forward, and of forward + backward.
/// </summary>
internal static class OpTable
{
    private const int Runs = 31;

    public static void Print(TextWriter output, int threads)
    {
        using var backend = new CpuBackend(threads);
        output.WriteLine($"{backend.Device.Name}, {backend.Device.Details}; median of {Runs} runs");
        output.WriteLine();
        output.WriteLine("| op | case | forward | GFLOP/s | GB/s | forward + backward |");
        output.WriteLine("|---|---|---|---|---|---|");
        foreach (var entry in OpCatalog.Entries.Values)
        {
            if (entry.Benchmark is not { } sample) continue;
            using var outer = MemoryScope.Begin();
            var inputs = OpInputs.Draw(sample, backend);
            var (flop, bytes) = Work(backend, () => entry.Run(inputs, sample.Attributes));
            var forward = Time(() => entry.Run(inputs, sample.Attributes));
            for (var i = 0; i < inputs.Length; i++)
                if (sample.Inputs[i].Differentiable) inputs[i].SetRequiresGrad();
            var both = Time(() =>
            {
                var y = entry.Run(inputs, sample.Attributes);
                _ = AutogradEngine.Grad([y.Sum()], [.. inputs.Where(t => t.RequiresGrad)]);
            });
            output.WriteLine($"| {entry.Name} | {sample} | {forward * 1e6:F1} µs | {flop / forward * 1e-9:F1} | "
                + $"{bytes / forward * 1e-9:F1} | {both * 1e6:F1} µs |");
        }
    }

    // What the kernels of a call say that they cost.
    private static (double Flop, double Bytes) Work(IBackend backend, Action body)
    {
        using var scope = MemoryScope.Begin();
        using var profiler = Profiler.Begin(backend);
        body();
        var kernels = profiler.Ops(byShape: false);
        return (kernels.Sum(k => k.Flop), kernels.Sum(k => k.Bytes));
    }

    private static double Time(Action body)
    {
        var times = new double[Runs];
        for (var i = -5; i < Runs; i++)
        {
            using var scope = MemoryScope.Begin();
            var start = Stopwatch.GetTimestamp();
            body();
            if (i >= 0) times[i] = Stopwatch.GetElapsedTime(start).TotalSeconds;
        }
        return Median.Of(times);
    }
}
