using System.Text.Json.Nodes;
using AmcEngine.Amc.Configuration;
using AmcEngine.Amc.Profiling;
using AmcEngine.Amc.Training;
using AmcEngine.Backends;
using AmcEngine.Bench.Harness;
using AmcEngine.Diagnostics;

namespace AmcEngine.Bench.Gpu;

/// <summary>A whole training step of the full-size model.</summary>
internal sealed class FullSizeCheck : IGpuCheck
{
    /// <summary>
    /// What predictions start from before a step has run: its arithmetic, roughly, and what optimizer (28 bytes a
    /// weight), momentum copy (12) and the search for NaN (4) alone move, for 0.2 · 10⁹ weights.
    /// </summary>
    public static readonly KernelWork Estimate = new("training step profile-base", 0.5e12, 9e9);

    private const int WarmUp = 3, Steps = 10;

    public string Name => "full-step";

    public string Title => "a training step of the full-size model (profile-base.yaml)";

    public void Run(CheckContext context)
    {
        if (context.Options.Quick)
        {
            context.Summary = "left out with --quick";
            context.Markdown.Add(context.Summary);
            return;
        }
        using var device = context.OpenDevice();
        string[] settings = [$"bert_config={context.ConfigFile("config_bert.json")}"];
        using var session = TrainingSession.Create(
            RunConfig.Load(context.ConfigFile("profile-base.yaml"), settings), device);
        var step = new OptimizationStep(session, traceNaN: false);
        var seconds = new List<double>();
        var launches = 0L;
        for (var i = 0; i < WarmUp + Steps; i++)
        {
            (var record, var elapsed, launches) = TrainingRun.Timed(device, step);
            Console.WriteLine($"  step {record.Step}: {elapsed * 1e3:F1} ms, loss {record.Losses[0].Value:F4}");
            if (i >= WarmUp) seconds.Add(elapsed);
            else if (i == WarmUp - 1) device.ResetPeak();
        }
        var time = new Timing(Median.Of(seconds), seconds.Min(), seconds.Max(), Steps, 1);
        var (peak, memory) = (device.PeakBytes, Figures.Memory(context, device));
        var work = Counted(device, step);
        new BenchmarkTable(context, device.Device.Name).Add(work, time, peak);
        context.Data["launches_a_step"] = launches;
        context.Data["step_seconds"] = new JsonArray([.. seconds.Select(s => (JsonNode)s)]);
        context.Summary = $"{Figures.Ms(time.Median)} ms a step, {launches} launches, {memory}";
        context.Markdown.AddRange(
        [
            "",
            $"Median of {Steps} steps after {WarmUp}, the queue drained before and after each; "
                + $"{launches} kernel launches a step; {memory}.",
            "Its FLOP and bytes are the sums of what its kernels say, counted in one more step.",
        ]);
    }

    // One step more, with a clock on each kernel.
    private static KernelWork Counted(IBackend device, OptimizationStep step)
    {
        using var profiler = Profiler.Begin(device);
        _ = TrainingRun.Timed(device, step);
        var kernels = profiler.Ops(byShape: false);
        return new KernelWork(Estimate.Name, kernels.Sum(k => k.Flop), kernels.Sum(k => k.Bytes));
    }
}
