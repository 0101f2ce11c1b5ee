using System.Text.Json.Nodes;
using AmcEngine.Backends;
using AmcEngine.Bench.Harness;

namespace AmcEngine.Bench.Gpu;

/// <summary>Rows of measured times in both reports.</summary>
internal sealed class BenchmarkTable
{
    private readonly CheckContext _context;
    private readonly Roofline? _roof;
    private readonly IReadOnlyDictionary<string, double> _predictions = Predictions.Load();
    private readonly JsonArray _rows = [];

    public BenchmarkTable(CheckContext context, string device)
    {
        (_context, _roof) = (context, Roofline.Of(device));
        context.Data["benchmarks"] = _rows;
        context.Data["roofline"] =
            _roof is null ? null : new JsonObject { ["flops"] = _roof.Flops, ["bytes"] = _roof.Bytes };
        context.Markdown.AddRange(
        [
            _roof is null
                ? $"No roofline is known for {device}: no shares, and no ratios to the predictions, "
                    + "which are for an H100."
                : $"Roofline of {device} (data sheet): {_roof.Flops * 1e-12:F1} TFLOP/s in f32 outside of the tensor "
                    + $"cores, {_roof.Bytes * 1e-12:F2} TB/s. Predictions are for an H100.",
            "",
            "| case | median ms | min ms | GFLOP/s | GB/s | share of the roofline | predicted ms | measured / "
                + "predicted | peak MiB |",
            "|---|---:|---:|---:|---:|---:|---:|---:|---:|",
        ]);
    }

    public void Add(in KernelWork work, Timing time, long peak)
    {
        var (name, flops, bytes) = work;
        var (gflops, gbytes) = (flops / time.Median * 1e-9, bytes / time.Median * 1e-9);
        var share = _roof?.Seconds(flops, bytes) / time.Median;
        double? predicted = _predictions.TryGetValue(name, out var p) ? p : null;
        var ratio = _roof is null ? null : time.Median / predicted;
        _rows.Add(new JsonObject
        {
            ["name"] = name,
            ["seconds"] = time.Median,
            ["min_seconds"] = time.Min,
            ["max_seconds"] = time.Max,
            ["samples"] = time.Samples,
            ["repeats"] = time.Repeats,
            ["flops"] = flops,
            ["bytes"] = bytes,
            ["gflops"] = gflops,
            ["gbytes"] = gbytes,
            ["roof_share"] = share,
            ["predicted_seconds"] = predicted,
            ["measured_to_predicted"] = ratio,
            ["peak_bytes"] = peak,
        });
        string[] cells =
        [
            name, Figures.Ms(time.Median), Figures.Ms(time.Min), Figures.Short(gflops), Figures.Short(gbytes),
            share is { } s ? $"{s * 100:F1} %" : MarkdownTable.None,
            predicted is { } q ? Figures.Ms(q) : MarkdownTable.None,
            ratio is { } r ? $"{r:F2}" : MarkdownTable.None,
            Figures.Short(Statistics.Mebi(peak)),
        ];
        _context.Markdown.Add($"| {string.Join(" | ", cells)} |");
        Console.WriteLine($"  {name}: {cells[1]} ms, {cells[3]} GFLOP/s, "
            + $"{cells[4]} GB/s{(ratio is null ? "" : $", {cells[7]} of the predicted time")}");
    }
}
