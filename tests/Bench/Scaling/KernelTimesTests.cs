using AmcEngine.Backends;
using AmcEngine.Bench.Gpu;
using AmcEngine.Bench.Harness;
using AmcEngine.Bench.Scaling;
using AmcEngine.Tests.DataTools;
using AmcEngine.Tests.Engine;
using NUnit.Framework;

namespace AmcEngine.Tests.Bench.Scaling;

/// <summary>Seconds of kernels from those of a few cases.</summary>
[TestFixture]
internal sealed class KernelTimesTests
{
    // 100 operations and 10 bytes a second.
    private static readonly Roofline Roof = new(100, 10);

    private static readonly KernelTimes Times = new(
    [
        (new KernelWork("matmul 10x1x5", 100, 1), 2),            // 1 s at the roof: half of it
        (new KernelWork("matmul 100x10x5 NT", 10000, 1), 125),   // 100 s: 80 %
        (new KernelWork("attention 2x3", 100, 1), 4),
        (new KernelWork("attention backward 2x3", 100, 1), 10),
        (new KernelWork("adamw 7", 1, 100), 20),                 // 10 s by memory: half
    ], Roof, new Roofline(200, 10), launch: 0.25);

    // On a GPU with twice the rate of operations.
    [TestCase("matmul nn", 100, 1, 1.0)]
    [TestCase("matmul nt", 20000, 1, 100 / 0.8)]
    [TestCase("matmul tn, gelu", 2e6, 1, 1e4 / 0.8)]
    [TestCase("attention forward", 200, 1, 4.0)]
    [TestCase("attention backward", 200, 1, 10.0)]
    [TestCase("adamw and moving average", 1, 50, 10.0)]
    [TestCase("attention forward", 0.2, 0.01, 0.25)]
    [TestCase("permute", 0, 70, 10.0)]
    [TestCase("index add", 120, 0, 1.0)]
    public void A_kernel_reaches_what_its_kind_reaches(string name, double flop, double bytes, double expected) =>
        Closeness.Near(name, Times.Seconds(new KernelWork(name, flop, bytes)), expected, 1e-12 * expected);

    // 10 s at the roof lie in the middle of 1 and 100 by the logarithm.
    [Test]
    public void Between_two_cases_lies_what_is_between_them() => Closeness.Near("matmul",
        Times.Seconds(new KernelWork("matmul nn", 2000, 1)), 10 / Math.Sqrt(0.5 * 0.8), 1e-12);

    [Test]
    public void Measured_times_come_from_a_report_of_a_gpu_or_from_names_and_seconds()
    {
        using var folder = new TempFolder();
        var plain = folder.Write("plain.json", """{"gelu 16448x3072": 0.5}""");
        var report = folder.Write("report.json",
            """{"checks": [{"benchmarks": [{"name": "gelu 16448x3072", "seconds": 0.5, "flops": 7}]}]}""");
        var work = KernelCases.All(quick: false).Single(c => c.Name == "gelu 16448x3072").Work;
        foreach (var file in new[] { plain, report })
            Closeness.Near(file, KernelTimes.Load(file, Cluster.H100).Seconds(work with { Name = "gelu" }), 0.5, 1e-12);
        var other = folder.Write("other.json", """{"gelu": 0.5}""");
        Assert.That(() => KernelTimes.Load(other, Cluster.H100),
            Throws.TypeOf<ArgumentsException>().With.Message.Contains("names no case of bench gpu"));
    }
}
