using System.Text.Json;
using System.Text.Json.Nodes;
using AmcEngine.Bench.Harness;

namespace AmcEngine.Bench.Scaling;

/// <summary>What a study found, for people and for programs.</summary>
internal sealed class ScalingReport(ScalingOptions options, Cluster cluster, ScalingStudy study)
{
    private const double Gibi = 1 << 30;

    private static readonly JsonSerializerOptions Indented = new() { WriteIndented = true };

    /// <summary>Writes the report in Markdown.</summary>
    public void Write(TextWriter output)
    {
        output.WriteLine("# Data-parallel training, simulated");
        output.WriteLine();
        output.WriteLine($"{options.Config} on the cluster {cluster.Name}; kernel times "
            + $"{(options.Kernels is { } file ? $"measured ({file})" : "predicted for an H100")}; buckets of "
            + $"{options.Bucket} MiB, all-reduce {options.Algorithm}, contrastive {options.Contrast}, optimizer "
            + $"{(options.Shard ? "sharded" : "on every rank")}; {options.Steps} steps, seed {options.Seed}. "
            + "No figure here was measured on a cluster.");
        var figures = Cluster.ToJson(cluster).Where(f => f.Key != "name").Select(f => $"{f.Key} {f.Value}");
        output.WriteLine();
        output.WriteLine($"Cluster: {string.Join(", ", figures)}.");
        Work(output);
        Series(output, $"{options.Batch} pairs a GPU (weak)", study.Weak);
        Series(output, $"{options.Global} pairs in all (strong)", study.Strong);
    }

    /// <summary>The same numbers as one JSON object.</summary>
    public string ToJson() => new JsonObject
    {
        ["simulated"] = true,
        ["config"] = options.Config,
        ["kernels"] = options.Kernels ?? "predicted",
        ["cluster"] = Cluster.ToJson(cluster),
        ["bucket_mib"] = options.Bucket,
        ["algorithm"] = options.Algorithm,
        ["contrast"] = options.Contrast,
        ["shard_optimizer"] = options.Shard,
        ["weak"] = Json(study.Weak),
        ["strong"] = Json(study.Strong),
    }.ToJsonString(Indented);

    private void Work(TextWriter output)
    {
        output.WriteLine();
        output.WriteLine("## One GPU");
        var table = new MarkdownTable("pairs", "forward ms", "backward ms", "update ms", "TFLOP", "kernels",
            "gradients MB", "peak GiB", "memory is saved by");
        foreach (var work in study.Weak.Points.Concat(study.Strong.Points).Select(p => p.Work).Distinct()
            .OrderBy(w => w.Batch))
        {
            table.Add([$"{work.Batch}", Ms(work.Forward), Ms(work.Backward), Ms(work.Check + work.Update),
                $"{work.Flop * 1e-12:F1}", $"{work.Kernels}", $"{work.GradientBytes * 1e-6:F0}",
                $"{work.PeakBytes / Gibi:F1}", work.Settings]);
        }
        table.Write(output);
    }

    private static void Series(TextWriter output, string title, ScalingSeries series)
    {
        if (series.Points.Count == 0) return;
        output.WriteLine($"## {title}");
        var table = new MarkdownTable("GPUs", "pairs a GPU", "step ms", "communication ms", "hidden", "exposed ms",
            "waiting for ranks ms", "for data ms", "pairs/s", "efficiency");
        foreach (var (gpus, work, step, efficiency) in series.Points)
        {
            table.Add([$"{gpus}", $"{work.Batch}", Ms(step.Seconds), Ms(step.Communication),
                gpus == 1 ? MarkdownTable.None : $"{100 * step.HiddenShare:F0} %", Ms(step.Exposed), Ms(step.Waiting),
                Ms(step.Data), $"{gpus * work.Batch / step.Seconds:F0}", $"{100 * efficiency:F1} %"]);
        }
        table.Write(output);
        foreach (var (gpus, remedies) in series.Remedies)
        {
            var text = remedies.Count == 0
                ? "none of the changes tried helps"
                : string.Join("; ", remedies.Select(r => $"{r.Name} {100 * r.Efficiency:F1} %"));
            output.WriteLine($"- {gpus} GPUs are below {100 * ScalingStudy.Bar:F0} %: {text}.");
        }
        output.WriteLine();
    }

    private static JsonObject Json(ScalingSeries series) => new()
    {
        ["points"] = new JsonArray([.. series.Points.Select(p => new JsonObject
        {
            ["gpus"] = p.Gpus,
            ["pairs_a_gpu"] = p.Work.Batch,
            ["step_seconds"] = p.Step.Seconds,
            ["compute_seconds"] = p.Work.Alone,
            ["communication_seconds"] = p.Step.Communication,
            ["hidden_share"] = p.Step.HiddenShare,
            ["exposed_seconds"] = p.Step.Exposed,
            ["waiting_seconds"] = p.Step.Waiting,
            ["data_seconds"] = p.Step.Data,
            ["efficiency"] = p.Efficiency,
            ["peak_bytes"] = p.Work.PeakBytes,
            ["memory"] = p.Work.Settings,
            ["remedies"] = new JsonArray([.. (series.Remedies.GetValueOrDefault(p.Gpus) ?? []).Select(
                r => new JsonObject { ["change"] = r.Name, ["efficiency"] = r.Efficiency })]),
        })]),
    };

    private static string Ms(double seconds) => $"{seconds * 1e3:F1}";
}
