using System.Text.Json.Nodes;
using AmcEngine.Backends.Cpu;
using AmcEngine.Bench.Harness;
using AmcEngine.DataTools;

namespace AmcEngine.Bench.Gpu;

/// <summary>A training run on the device: the CPU's losses, and the same bits twice.</summary>
internal sealed class TrainingCheck : IGpuCheck
{
    private const double Allowed = 1e-3, SmallestLoss = 1e-2;

    public string Name => "training";

    public string Title => "training on the device against the CPU, and twice the same bits";

    public void Run(CheckContext context)
    {
        var quick = context.Options.Quick;
        var (steps, compared) = quick ? (4, 3) : (50, 20);
        var fashion = FashionMnist.IsInstalled(SceneSplit.Train) && FashionMnist.IsInstalled(SceneSplit.Test);
        string[] settings = [.. fashion ? Array.Empty<string>() : ["dataset=scenes"],
            .. quick ? ["batch_size=4"] : Array.Empty<string>()];
        var config = context.ConfigFile("fashion-amc.yaml");
        var data =
            fashion ? "Fashion-MNIST scenes" : "generated scenes of shapes (the files of Fashion-MNIST are not here)";
        context.Data["data"] = data;
        context.Markdown.Add($"{Path.GetFileName(config)} on {data}, {string.Concat(settings.Select(s => $"{s}, "))}"
            + $"{steps} steps. The losses of the first {compared} against the CPU's: relative differences, losses "
            + $"below {SmallestLoss} count as {SmallestLoss}; {Figures.Error(Allowed)} is allowed.");
        context.Markdown.Add("");

        TrainingRun first, second, expected;
        string memory;
        using (var device = context.OpenDevice())
        {
            first = TrainingRun.On(device, config, settings, steps);
            memory = Figures.Memory(context, device);
            // On the same device: no second compilation, and memory that the first run left its values in.
            second = TrainingRun.On(device, config, settings, steps);
        }
        int threads;
        using (var cpu = new CpuBackend())
        {
            expected = TrainingRun.On(cpu, config, settings, compared);
            threads = cpu.Device.Threads;
        }
        var worst = Compare(context, first, expected);
        var same = first.SameBits(second);
        if (!same) context.Fail("two runs with the same seed gave different bits");
        context.Data["same_bits"] = same;
        context.Data["step_seconds"] = new JsonArray([.. first.Seconds.Select(s => (JsonNode)s)]);
        context.Data["median_step_seconds"] = first.MedianSeconds;
        context.Data["cpu_median_step_seconds"] = expected.MedianSeconds;
        context.Data["launches_a_step"] = first.Launches;
        context.Data["compared_steps"] = compared;
        context.Summary = $"{Figures.Ms(first.MedianSeconds)} ms a step (CPU {Figures.Ms(expected.MedianSeconds)} ms), "
            + $"{memory}, {compared} steps within {Figures.Error(worst)} of the CPU, two runs of {steps} steps "
            + $"{(same ? "equal bit by bit" : "DIFFER")}";
        context.Markdown.AddRange(
        [
            "",
            $"- a step: {Figures.Ms(first.MedianSeconds)} ms on the device, {Figures.Ms(expected.MedianSeconds)} ms on "
                + $"the CPU ({threads} threads); median of the later half of the steps, the queue drained before and "
                + $"after each; {first.Launches} kernel launches",
            $"- the first step, which compiles the kernels: {Figures.Short(first.Seconds[0])} s",
            $"- memory: {memory}",
            $"- two runs with the same seed: losses of all {steps} steps and SHA-256 of all weights "
                + $"{(same ? "equal" : "DIFFER")} ({first.WeightHash[..16]}…)",
        ]);
    }

    private static double Compare(CheckContext context, TrainingRun actual, TrainingRun expected)
    {
        var names = expected.Losses[0].Select(l => l.Name).ToArray();
        context.Markdown.AddRange([$"| step | {string.Join(" | ", names)} | largest difference |",
            $"|---|{string.Concat(names.Select(_ => "---|"))}---|"]);
        var worst = 0.0;
        for (var i = 0; i < expected.Losses.Count; i++)
        {
            var (a, e) = (actual.Losses[i], expected.Losses[i]);
            var difference =
                a.Zip(e, (x, y) => Math.Abs(x.Value - y.Value) / Math.Max(Math.Abs(y.Value), SmallestLoss)).Max();
            worst = Math.Max(worst, difference);
            context.Markdown.Add(
                $"| {i + 1} | {string.Join(" | ", a.Select(l => $"{l.Value:F5}"))} | {Figures.Error(difference)} |");
            if (!(difference <= Allowed))
                context.Fail($"step {i + 1}: a loss differs from the CPU's by {Figures.Error(difference)}, "
                    + $"{Figures.Error(Allowed)} allowed");
        }
        context.Data["worst_difference"] = CheckContext.Number(worst);
        return worst;
    }
}
