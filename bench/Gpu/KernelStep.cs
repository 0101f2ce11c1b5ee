using System.Text.Json.Nodes;
using AmcEngine.Memory;

namespace AmcEngine.Bench.Gpu;

/// <summary>Times of the kernels that decide a training step's time.</summary>
internal sealed class KernelStep : IGpuStep
{
    public string Name => "kernels";

    public string Title => "times of kernels, against the device's roofline and the predictions";

    public void Run(StepContext context)
    {
        using var device = new RevivingDevice(context.OpenDevice);
        var table = new BenchmarkTable(context, device.Backend.Device.Name);
        var (measured, count) = (0, 0);
        foreach (var sample in KernelCases.All(context.Options.Quick))
        {
            count++;
            try
            {
                using var scope = MemoryScope.Begin();
                var work = sample.Prepare(device.Backend);
                table.Add(sample.Name, sample.Flops, sample.Bytes, Timing.Measure(device.Backend, work, context.Options.Quick));
                measured++;
            }
            catch (Exception e)
            {
                context.Fail(sample.Name, e);
                device.Probe();
            }
        }
        context.Summary = $"{measured} of {count} kernels measured";
    }
}

/// <summary>Rows of measured times in both reports.</summary>
internal sealed class BenchmarkTable
{
    private readonly StepContext _context;
    private readonly Roofline? _roof;
    private readonly IReadOnlyDictionary<string, double> _predictions = Predictions.Load();
    private readonly JsonArray _rows = [];

    public BenchmarkTable(StepContext context, string device)
    {
        (_context, _roof) = (context, Roofline.Of(device));
        context.Data["benchmarks"] = _rows;
        if (_roof is { } roof)
        {
            context.Data["roofline"] = new JsonObject { ["flops"] = roof.Flops, ["bytes"] = roof.Bytes };
            context.Markdown.AddRange([$"Roofline: {roof.Flops * 1e-12:F1} TFLOP/s in f32, {roof.Bytes * 1e-12:F2} TB/s.", ""]);
        }
        context.Markdown.AddRange(
        [
            "| case | median ms | min ms | GFLOP/s | GB/s | share of the roof | predicted ms (H100) | measured / predicted |", "|---|---|---|---|---|---|---|---|",
        ]);
    }

    public void Add(string name, double flops, double bytes, Timing time)
    {
        var (gflops, gbytes) = (flops / time.Median * 1e-9, bytes / time.Median * 1e-9);
        double? share = _roof?.Seconds(flops, bytes) / time.Median;
        double? predicted = _predictions.TryGetValue(name, out var p) ? p : null;
        _rows.Add(new JsonObject
        {
            ["name"] = name,
            ["seconds"] = time.Median,
            ["min_seconds"] = time.Min,
            ["max_seconds"] = time.Max,
            ["samples"] = time.Samples,
            ["repeats"] = time.Repeats,
            ["gflops"] = gflops,
            ["gbytes"] = gbytes,
            ["roof_share"] = share,
            ["predicted_seconds"] = predicted,
            ["measured_to_predicted"] = time.Median / predicted,
        });
        _context.Markdown.Add($"| {name} | {time.Median * 1e3:F4} | {time.Min * 1e3:F4} | {gflops:F1} | {gbytes:F1} | {(share is { } s ? $"{s:P1}" : "")} | {(predicted is { } q ? $"{q * 1e3:F4}" : "")} | {(predicted is { } r ? $"{time.Median / r:F2}" : "")} |");
        Console.WriteLine($"  {name}: {time.Median * 1e3:F4} ms, {gflops:F1} GFLOP/s, {gbytes:F1} GB/s");
    }
}
