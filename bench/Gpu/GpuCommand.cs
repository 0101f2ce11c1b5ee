using System.Diagnostics;
using System.Text.Json.Nodes;
using AmcEngine.Bench.Harness;
using AmcEngine.Files;
using CommandLine;

namespace AmcEngine.Bench.Gpu;

/// <summary>
/// <c>bench gpu</c>: checks a device against the CPU and the reference, and measures it, with one report at the end.
/// </summary>
internal static class GpuCommand
{
    private static readonly IGpuCheck[] Checks =
    [
        new DeviceCheck(), new LaunchCheck(), new OpAgreementCheck(), new GoldenOpsCheck(), new VerifyCheck(),
        new KernelCheck(), new TrainingCheck(), new FullSizeCheck(),
    ];

    /// <summary>Runs the command: 0 where all checks passed, 1 where one failed, 2 for wrong arguments.</summary>
    public static int Run(string[] args)
    {
        using var parser = new Parser(s =>
        {
            s.HelpWriter = Console.Error;
            s.AutoVersion = false;
        });
        if (parser.ParseArguments<GpuOptions>(args) is not Parsed<GpuOptions> { Value: var options })
            return args.Contains("--help") ? 0 : 2;
        if (options.Predict)
        {
            Console.WriteLine(Predictions.Start().ToJsonString(GpuReport.Indented));
            return 0;
        }
        if (options.Check is null) return RunAll(options);
        if (Checks.FirstOrDefault(s => s.Name == options.Check) is { } check) return RunHere(check, options);
        Console.Error.WriteLine(
            $"--check {options.Check}: unknown check; use one of {string.Join(", ", Checks.Select(s => s.Name))}");
        return 2;
    }

    private static int RunAll(GpuOptions options)
    {
        Directory.CreateDirectory(options.Out);
        var report = new GpuReport(options);
        foreach (var check in Checks)
        {
            Console.WriteLine($"== {check.Name}: {check.Title}");
            var result = RunApart(check, options, report.Elapsed);
            Console.WriteLine($"   {(result.Passed ? "passed" : "FAILED")} in {result.Seconds:F1} s: {result.Summary}");
            report.Add(result);
            // After each check: what is known survives whatever happens next.
            report.Write();
        }
        Console.WriteLine(report.Verdict);
        Console.WriteLine($"report: {Path.Combine(options.Out, GpuReport.MarkdownFile)}, "
            + $"{Path.Combine(options.Out, GpuReport.JsonFile)}");
        return report.Passed ? 0 : 1;
    }

    private static int RunHere(IGpuCheck check, GpuOptions options)
    {
        Directory.CreateDirectory(options.Out);
        var context = new CheckContext(options);
        var start = Stopwatch.GetTimestamp();
        try
        {
            check.Run(context);
        }
        catch (Exception e)
        {
            context.Fail(check.Name, e);
            Console.Error.WriteLine(e);
        }
        CheckResult.Of(check, context, Stopwatch.GetElapsedTime(start).TotalSeconds).Save(options.Out);
        return context.Failures.Count == 0 ? 0 : 1;
    }

    private static CheckResult RunApart(IGpuCheck check, GpuOptions options, TimeSpan elapsed)
    {
        CheckResult.Delete(check.Name, options.Out);
        var start = Stopwatch.GetTimestamp();
        var limit = TimeSpan.FromMinutes(
            Math.Min(options.Quick ? 10 : 30, (options.Minutes ?? double.MaxValue) - elapsed.TotalMinutes));
        if (limit <= TimeSpan.Zero) return Lost(check, 0, "not run: the time of --minutes is over");
        using var process = Process.Start(Child(check, options))!;
        var ended = process.WaitForExit(limit);
        if (!ended) process.Kill(entireProcessTree: true);
        var seconds = Stopwatch.GetElapsedTime(start).TotalSeconds;
        if (CheckResult.Load(check.Name, options.Out) is { } result) return result;
        var why = ended
            ? $"the process ended with code {process.ExitCode} and no result (its messages are above)"
            : $"stopped after {limit.TotalMinutes:F1} minutes";
        return Lost(check, seconds, why);
    }

    private static CheckResult Lost(IGpuCheck check, double seconds, string why) =>
        new(check.Name, check.Title, false, seconds, why, [why], [], []);

    private static ProcessStartInfo Child(IGpuCheck check, GpuOptions options)
    {
        string[] quick = options.Quick ? ["--quick"] : [];
        return ChildProcess.Sharing(
        [
            "gpu", "--check", check.Name, "--device", options.Device, "--golden", options.Golden, "--configs",
            options.Configs, "--out", options.Out, .. quick,
        ]);
    }
}

/// <summary>What a check found, as it goes from its process to the report.</summary>
internal sealed record CheckResult(string Name, string Title, bool Passed, double Seconds, string Summary,
    string[] Failures, string[] Markdown, JsonObject Data)
{
    public static CheckResult Of(IGpuCheck check, CheckContext context, double seconds)
    {
        var passed = context.Failures.Count == 0;
        var summary = context.Summary.Length > 0 ? context.Summary : passed ? "" : context.Failures[0];
        return new(check.Name, check.Title, passed, seconds, summary, [.. context.Failures],
            [.. context.Markdown], context.Data);
    }

    public void Save(string folder) =>
        DurableFile.Write(PathOf(Name, folder), System.Text.Json.JsonSerializer.Serialize(this, GpuReport.Indented));

    /// <summary>The saved result, which is taken away; null where there is none.</summary>
    public static CheckResult? Load(string name, string folder)
    {
        var path = PathOf(name, folder);
        if (!File.Exists(path)) return null;
        var result = System.Text.Json.JsonSerializer.Deserialize<CheckResult>(
            File.ReadAllText(path), GpuReport.Indented);
        File.Delete(path);
        return result;
    }

    public static void Delete(string name, string folder) => File.Delete(PathOf(name, folder));

    private static string PathOf(string name, string folder) => Path.Combine(folder, $"check-{name}.json");
}
