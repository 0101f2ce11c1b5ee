using AmcEngine.Backends.Cpu;
using AmcEngine.Backends.Cpu.Simd;
using AmcEngine.Tensors;
using AmcEngine.Tests.Engine;
using NUnit.Framework;

namespace AmcEngine.Tests.Cli;

/// <summary>
/// AMCX_SIMD chooses the path of the CPU back end: each reproduces the reference, and a wrong value is one clear line.
/// </summary>
[TestFixture]
internal sealed class SimdPathTests
{
    private static IEnumerable<TestCaseData> Goldens() =>
        from path in SimdPaths.All
        from dtype in new[] { "f32", "f64" }
        select new TestCaseData(path, dtype);

    [TestCaseSource(nameof(Goldens)), Category("Golden")]
    public void Verify_reproduces_the_reference(string path, string dtype)
    {
        var answer = RunWith(
            path, "verify", "--golden", GoldenFiles.Require("albef-tiny.json"), "--device", "cpu", "--dtype", dtype);
        TestContext.Out.WriteLine(answer.Out);
        Assert.That(answer.Code, Is.Zero, answer.Error + answer.Out);
        Assert.That(answer.Out, Does.Contain("groups passed, 0 failed"));
    }

    [Test]
    public void The_device_names_its_path()
    {
        string[] lines =
            [.. SimdPaths.All.Select(path => RunWith(path.ToUpperInvariant(), "devices").Out.Split('\n')[0])];
        Assert.That(lines, Is.Unique.And.All.StartsWith("cpu "));
    }

    [TestCase("avx1024")]
    [TestCase("2")]
    public void A_path_that_there_is_not(string value)
    {
        Amcx.ExpectBadInput(RunWith(value, "devices"), SimdPath.Variable, $"'{value}'", "128, scalar");
        Amcx.ExpectBadInput(
            RunWith(value, "verify", "--golden", GoldenFiles.Require("albef-tiny.json")), SimdPath.Variable);
    }

    [Test]
    public void A_path_that_the_processor_lacks()
    {
        // The runtime's own switch hides AVX-512 from a machine that has it.
        var answer = RunWith("avx512", "DOTNET_EnableAVX512", "devices");
        Amcx.ExpectBadInput(answer, SimdPath.Variable, "'avx512'", "not supported by this processor");
    }

    [Test]
    public void Paths_can_be_taken_for_a_while()
    {
        var before = SimdPath.Current;
        using (SimdPath.Use(SimdWidth.Scalar))
            Assert.That(SimdPath.Current, Is.EqualTo(SimdWidth.Scalar));
        Assert.That(SimdPath.Current, Is.EqualTo(before));
        Assert.That(() => SimdPath.Validate("Scalar"), Throws.Nothing);
        Assert.That(() => SimdPath.Validate(""), Throws.Nothing);
        Assert.That(() => SimdPath.Validate("sse"), Throws.TypeOf<DeviceException>());
    }

    // The path is read once a process. A variable of the runtime among the arguments is switched off.
    private static Answer RunWith(string path, params string[] args) =>
        Amcx.RunProcess([.. args.Where(a => !IsRuntimeSwitch(a))], environment =>
        {
            foreach (var name in args.Where(IsRuntimeSwitch)) environment[name] = "0";
            environment[SimdPath.Variable] = path;
        });

    private static bool IsRuntimeSwitch(string arg) => arg.StartsWith("DOTNET_", StringComparison.Ordinal);
}
