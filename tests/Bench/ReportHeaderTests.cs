using AmcEngine.Backends.Cpu;
using AmcEngine.Bench.Harness;
using NUnit.Framework;

namespace AmcEngine.Tests.Bench;

[TestFixture]
internal sealed class ReportHeaderTests
{
    [Test]
    public void The_header_gives_the_peak_by_threads_and_names_the_machine()
    {
        var header = new ReportHeader(new MachinePeaks(4, 100, 380, 40), "AVX2");
        Assert.That(new[] { header.FmaGflops(1), header.FmaGflops(2), header.FmaGflops(4) },
            Is.EqualTo(new[] { 100.0, 200, 380 }));
        using var output = new StringWriter();
        header.Write(output, "Title");
        Assert.That(output.ToString(), Does.StartWith("# Title\n").And.Contain("processors, .NET")
            .And.Contain(" UTC; commit ").And.Contain("Vector path AVX2.")
            .And.Contain("FMA peak 100.0 GFLOP/s on one thread, 380.0 on 4").And.Contain("memory 40.0 GB/s on 4"));
    }
}
