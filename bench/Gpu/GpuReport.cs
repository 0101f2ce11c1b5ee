using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;
using AmcEngine.Bench.Harness;
using AmcEngine.Files;

namespace AmcEngine.Bench.Gpu;

/// <summary>The report as JSON and as Markdown; files appear whole or not at all.</summary>
internal sealed class GpuReport(GpuOptions options)
{
    public const string JsonFile = "gpu-report.json", MarkdownFile = "gpu-report.md";

    public static readonly JsonSerializerOptions Indented = new()
    {
        WriteIndented = true,
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
        PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower,
    };

    private readonly List<CheckResult> _checks = [];
    private readonly DateTime _start = DateTime.UtcNow;

    /// <summary>Time since the run began.</summary>
    public TimeSpan Elapsed => DateTime.UtcNow - _start;

    // The device by name; before the check that asks for it, or without an answer, by what the command line calls it.
    private string DeviceName =>
        _checks.Select(s => (string?)s.Data["chosen"]?["name"]).FirstOrDefault(n => n is not null) ?? options.Device;

    public bool Passed => _checks.All(s => s.Passed);

    public string Verdict => $"{_checks.Count(s => s.Passed)} of {_checks.Count} checks passed"
        + (Passed ? "" : $"; failed: {string.Join(", ", _checks.Where(s => !s.Passed).Select(s => s.Name))}");

    public void Add(CheckResult result) => _checks.Add(result);

    public void Write()
    {
        DurableFile.Write(Path.Combine(options.Out, JsonFile), Json().ToJsonString(Indented));
        DurableFile.Write(Path.Combine(options.Out, MarkdownFile), string.Join('\n', Markdown()) + "\n");
    }

    private JsonObject Json() => new()
    {
        ["device"] = options.Device,
        ["device_name"] = DeviceName,
        ["commit"] = ReportHeader.Commit,
        ["quick"] = options.Quick,
        ["started"] = _start.ToString("u"),
        ["seconds"] = Math.Round(Elapsed.TotalSeconds, 1),
        ["passed"] = Passed,
        ["checks"] = new JsonArray([.. _checks.Select(s => new JsonObject
        {
            ["name"] = s.Name,
            ["title"] = s.Title,
            ["passed"] = s.Passed,
            ["seconds"] = Math.Round(s.Seconds, 2),
            ["summary"] = s.Summary,
            ["failures"] = new JsonArray([.. s.Failures.Select(f => (JsonNode)f)]),
            ["data"] = s.Data.DeepClone(),
        })]),
    };

    private IEnumerable<string> Markdown()
    {
        yield return $"# {DeviceName}, {_start:yyyy-MM-dd}{(options.Quick ? ", quick run" : "")}";
        yield return "";
        yield return $"`bench gpu --device {options.Device}`, started {_start:yyyy-MM-dd HH:mm} UTC, "
            + $"{Elapsed.TotalMinutes:F1} minutes; commit {ReportHeader.Commit}.";
        yield return "";
        yield return $"**{Verdict}**";
        yield return "";
        yield return "| check | result | seconds | summary |";
        yield return "|---|---|---:|---|";
        foreach (var s in _checks)
            yield return $"| {s.Name} | {(s.Passed ? "passed" : "**failed**")} | {s.Seconds:F1} | {s.Summary} |";
        foreach (var s in _checks)
        {
            yield return "";
            yield return $"## {s.Name}: {s.Title}";
            yield return "";
            foreach (var line in s.Markdown) yield return line;
            if (s.Failures.Length == 0) continue;
            yield return "";
            yield return $"{s.Failures.Length} failures:";
            yield return "";
            foreach (var f in s.Failures) yield return $"- {f}";
        }
    }
}
