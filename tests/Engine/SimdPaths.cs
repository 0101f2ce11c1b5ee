using AmcEngine.Backends.Cpu.Simd;
using NUnit.Framework;

namespace AmcEngine.Tests.Engine;

/// <summary>The SIMD paths of this machine, for fixtures and cases.</summary>
internal static class SimdPaths
{
    /// <summary>Every path, by the name that AMCX_SIMD takes.</summary>
    public static IEnumerable<string> All => SimdPath.Available.Select(SimdPath.Name);

    /// <summary>Every path but the widest.</summary>
    public static IEnumerable<string> Lower =>
        SimdPath.Available.Where(w => w != SimdPath.Widest).Select(SimdPath.Name);

    /// <summary>Takes a path until the result is disposed.</summary>
    public static IDisposable Use(string name) =>
        SimdPath.Use(SimdPath.Available.Single(w => SimdPath.Name(w) == name));
}

/// <summary>Kernel tests that run once on each SIMD path that this machine has.</summary>
/// <param name="path">The path, by the name that AMCX_SIMD takes.</param>
[TestFixtureSource(typeof(SimdPaths), nameof(SimdPaths.All))]
public abstract class OnEverySimdPath(string path)
{
    private IDisposable? _use;

    /// <summary>The path of this fixture.</summary>
    protected string SimdName { get; } = path;

    /// <summary>Takes the path.</summary>
    [OneTimeSetUp]
    public void TakePath() => _use = SimdPaths.Use(SimdName);

    /// <summary>Returns to the path from before.</summary>
    [OneTimeTearDown]
    public void LeavePath() => _use?.Dispose();
}
