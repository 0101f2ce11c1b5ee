using System.Text.Json.Nodes;
using AmcEngine.Backends;
using AmcEngine.Bench.Gpu;
using AmcEngine.Bench.Harness;
using AmcEngine.Tests.DataTools;
using AmcEngine.Tests.Engine;
using NUnit.Framework;

namespace AmcEngine.Tests.Bench;

/// <summary>The report of <c>bench gpu</c>: what it must name, in both of its forms.</summary>
[TestFixture]
internal sealed class GpuReportTests
{
    [Test]
    public void The_cheap_checks_run_and_fill_the_report()
    {
        string id = TestBackends.OpenCl.Device.Id, name = TestBackends.OpenCl.Device.Name;
        using var folder = new TempFolder();
        (var markdown, var json) = Report(folder, id, new DeviceCheck(), new LaunchCheck());

        Assert.That(markdown, Does.StartWith($"# {name}, ").And.Contain("2 of 2 checks passed").And.Contain(
            $"commit {ReportHeader.Commit}"));
        Assert.That((string?)json["device_name"], Is.EqualTo(name));
        Assert.That((string?)json["commit"], Is.EqualTo(ReportHeader.Commit));
        Assert.That((bool?)json["passed"], Is.True);
        Assert.That(DateTime.TryParse((string?)json["started"], out _));
        var launch = json["checks"]![1]!["data"]!;
        double queued = (double)launch["queued_seconds"]!, drained = (double)launch["drained_seconds"]!,
            synchronised = (double)launch["synchronised_seconds"]!;
        Assert.That(queued, Is.Positive.And.LessThanOrEqualTo(drained));
        Assert.That(synchronised, Is.Positive.And.LessThan(0.1));
    }

    [Test]
    public void A_benchmark_row_names_speed_share_and_ratio_on_a_known_device()
    {
        (var cells, var row) = Row("NVIDIA H100 80GB HBM3", seconds: 1e-4);
        Assert.That((double)row["gflops"]!, Is.EqualTo(2 * Math.Pow(1024, 3) / 1e-4 * 1e-9).Within(1e-6));
        Assert.That((double)row["roof_share"]!, Is.EqualTo(2 * Math.Pow(1024, 3) / 67e12 / 1e-4).Within(1e-9));
        Assert.That(
            (double)row["measured_to_predicted"]!, Is.EqualTo(1e-4 / (double)row["predicted_seconds"]!).Within(1e-9));
        Assert.That(
            cells[..6], Is.EqualTo(new[] { "matmul 1024x1024x1024", "0.100", "0.100", "21475", "126", "32.1 %" }));
        Assert.That(cells[^1], Is.EqualTo("12.0"));
    }

    [TestCase("pthread-AMD EPYC")]
    [TestCase("NVIDIA H100 80GB HBM3 MIG 1g.10gb")]
    public void Without_a_roofline_there_is_no_share_and_no_ratio(string device)
    {
        (var cells, var row) = Row(device, seconds: 0.25);
        Assert.That(row["roof_share"], Is.Null);
        Assert.That(row["measured_to_predicted"], Is.Null);
        Assert.That((cells[1], cells[5], cells[7]), Is.EqualTo(("250", "–", "–")));
    }

    [Test]
    public void What_fails_or_is_not_run_is_named()
    {
        using var folder = new TempFolder();
        var code = GpuCommand.Run(["--device", "opencl:0", "--out", folder.Path, "--minutes", "0"]);
        var markdown = File.ReadAllText(folder.PathOf(GpuReport.MarkdownFile));
        Assert.That(code, Is.EqualTo(1));
        Assert.That(markdown, Does.StartWith("# opencl:0, ").And.Contain("0 of 8 checks passed; failed: device, launch")
            .And.Contain("- not run: "));
    }

    [TestCase(0, "0")]
    [TestCase(123.456, "123")]
    [TestCase(12.345, "12.3")]
    [TestCase(0.0015, "0.0015")]
    [TestCase(0.00001234, "1.2e-5")]
    public void Numbers_are_short(double value, string expected) =>
        Assert.That(Figures.Short(value), Is.EqualTo(expected));

    private static (string Markdown, JsonObject Json) Report(
        TempFolder folder, string device, params IGpuCheck[] checks)
    {
        var options = new GpuOptions { Device = device, Out = folder.Path };
        var report = new GpuReport(options);
        foreach (var check in checks)
        {
            var context = new CheckContext(options);
            check.Run(context);
            CheckResult.Of(check, context, 1).Save(folder.Path);
            report.Add(CheckResult.Load(check.Name, folder.Path)!);
        }
        report.Write();
        Assert.That(Directory.GetFiles(folder.Path).Select(Path.GetFileName),
            Is.EquivalentTo(new[] { GpuReport.JsonFile, GpuReport.MarkdownFile }));
        return (File.ReadAllText(folder.PathOf(GpuReport.MarkdownFile)),
            JsonNode.Parse(File.ReadAllText(folder.PathOf(GpuReport.JsonFile)))!.AsObject());
    }

    private static (string[] Cells, JsonNode Row) Row(string device, double seconds)
    {
        var context = new CheckContext(new GpuOptions());
        new BenchmarkTable(context, device).Add(
            new KernelWork("matmul 1024x1024x1024", 2 * Math.Pow(1024, 3), 12 * Math.Pow(1024, 2)),
            new Timing(seconds, seconds, seconds, 3, 1), 12 << 20);
        return (context.Markdown[^1].Trim('|', ' ').Split(" | "), context.Data["benchmarks"]![0]!);
    }
}
