using AmcEngine.Backends;
using AmcEngine.Backends.Cpu;
using NUnit.Framework;

namespace AmcEngine.Tests.Engine;

/// <summary>One CPU back end for all tests of the run: its pool and workers are shared.</summary>
[SetUpFixture]
internal sealed class TestBackends
{
    private static readonly Lazy<CpuBackend> SharedCpu = new(() => new CpuBackend(2));

    public static IBackend Cpu => SharedCpu.Value;
}
