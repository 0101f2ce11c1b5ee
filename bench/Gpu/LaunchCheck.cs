using System.Diagnostics;
using AmcEngine.Amc.Profiling;
using AmcEngine.Backends;
using AmcEngine.Backends.Kernels;
using AmcEngine.Bench.Harness;
using AmcEngine.Tensors;

namespace AmcEngine.Bench.Gpu;

/// <summary>What a launch costs the host: queued behind one another, and waited for each.</summary>
internal sealed class LaunchCheck : IGpuCheck
{
    private const int Launches = 1000, Rounds = 5;

    public string Name => "launch";

    public string Title => $"host time of {Launches} launches of a tiny kernel";

    public void Run(CheckContext context)
    {
        var open = Stopwatch.GetTimestamp();
        using var device = context.OpenDevice();
        var opened = Stopwatch.GetElapsedTime(open).TotalSeconds;
        using var x = Tensor.From([1f, 2f], [2], device);
        using var y = Tensor.Empty([2], DType.F32, device);
        var compile = Stopwatch.GetTimestamp();
        Tiny(device, x, y);
        device.Synchronize();
        var compiled = Stopwatch.GetElapsedTime(compile).TotalSeconds;
        // The first round warms up.
        Round[] rounds = [.. Enumerable.Range(0, 1 + Rounds).Select(_ => Measure(device, x, y)).ToArray().Skip(1)];
        var queued = Median.Of([.. rounds.Select(r => r.Queued)]);
        var drained = Median.Of([.. rounds.Select(r => r.Drained)]);
        var synchronised = Median.Of([.. rounds.Select(r => r.Synchronised)]);
        var allocated = rounds.Max(r => r.Allocated);
        if (y.ToArray<float>() is not [-1f, -2f]) context.Fail("the tiny kernel computed a wrong result");

        context.Data["open_seconds"] = opened;
        context.Data["first_launch_seconds"] = compiled;
        context.Data["queued_seconds"] = queued;
        context.Data["drained_seconds"] = drained;
        context.Data["synchronised_seconds"] = synchronised;
        context.Data["allocated_bytes"] = allocated;
        context.Summary = $"{queued * 1e6:F2} µs queued ({drained * 1e6:F2} µs until done), "
            + $"{synchronised * 1e6:F2} µs waited for each, {allocated} bytes allocated a launch";
        context.Markdown.AddRange(
        [
            $"| host time a launch, median of {Rounds} rounds | µs |",
            "|---|---:|",
            $"| queued behind one another | {queued * 1e6:F2} |",
            $"| the same until the last one is done | {drained * 1e6:F2} |",
            $"| waited for each | {synchronised * 1e6:F2} |",
            "",
            $"The queue is empty before each round. Allocated on the managed heap: {allocated} bytes a launch. Opening "
                + $"the device took {opened:F2} s, the first launch with its compilation {compiled * 1e3:F0} ms.",
        ]);
    }

    private static Round Measure(IBackend device, Tensor x, Tensor y)
    {
        device.Synchronize();
        var allocated = GC.GetAllocatedBytesForCurrentThread();
        var start = Stopwatch.GetTimestamp();
        for (var i = 0; i < Launches; i++) Tiny(device, x, y);
        var queued = Stopwatch.GetElapsedTime(start).TotalSeconds;
        allocated = GC.GetAllocatedBytesForCurrentThread() - allocated;
        device.Synchronize();
        var drained = Stopwatch.GetElapsedTime(start).TotalSeconds;

        start = Stopwatch.GetTimestamp();
        for (var i = 0; i < Launches; i++)
        {
            Tiny(device, x, y);
            device.Synchronize();
        }
        var synchronised = Stopwatch.GetElapsedTime(start).TotalSeconds;
        return new Round(queued / Launches, drained / Launches, synchronised / Launches, allocated / Launches);
    }

    private static void Tiny(IBackend device, Tensor x, Tensor y) => device.Run(new UnaryArgs(UnaryKind.Neg, x, y));

    // Seconds a launch, and bytes.
    private readonly record struct Round(double Queued, double Drained, double Synchronised, long Allocated);
}
