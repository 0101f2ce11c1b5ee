using AmcEngine.Backends.Cpu.Gemm;
using NUnit.Framework;

namespace AmcEngine.Tests.Engine.Backends.Cpu.Generation;

/// <summary>The committed micro-kernels are what their writer writes; AMCX_REGENERATE=1 writes them anew.</summary>
[TestFixture]
public sealed class GemmKernelGenerationTests
{
    private static readonly string Committed = Path.Combine(
        GoldenFiles.Root, "engine", "Backends", "Cpu", "Gemm", "GemmMicroKernels.g.cs");

    [Test]
    public void Committed_file_is_what_the_writer_writes()
    {
        var text = GemmKernelWriter.Write();
        if (Environment.GetEnvironmentVariable("AMCX_REGENERATE") == "1") File.WriteAllText(Committed, text);
        Assert.That(
            File.ReadAllText(Committed), Is.EqualTo(text), "write it anew with AMCX_REGENERATE=1 and commit it");
    }
}
