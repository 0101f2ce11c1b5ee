using AmcEngine.Backends;
using AmcEngine.Backends.Cpu;
using AmcEngine.Backends.Gpu;
using NUnit.Framework;

namespace AmcEngine.Tests.Engine;

/// <summary>
/// One back end of each kind for all tests of the run: pools, workers and compiled kernels are shared.
/// </summary>
[SetUpFixture]
internal sealed class TestBackends
{
    private static readonly Lazy<CpuBackend> SharedCpu = new(() => new CpuBackend(2));

    private static readonly Lazy<GpuBackend?> SharedOpenCl = new(
        () => GpuDevices.List().Any(d => d.Id == "opencl:0") ? GpuDevices.Open("opencl:0") : null);

    public static IBackend Cpu => SharedCpu.Value;

    /// <summary>The first OpenCL device; a test that asks for it skips where there is none.</summary>
    public static GpuBackend OpenCl
    {
        get
        {
            if (SharedOpenCl.Value is { } backend) return backend;
            Assert.Ignore(
                "no OpenCL device; on Debian: apt-get install pocl-opencl-icd and apt-get install ocl-icd-libopencl1");
            throw new InvalidOperationException();
        }
    }

    [OneTimeTearDown]
    public void Close()
    {
        if (SharedOpenCl.IsValueCreated) SharedOpenCl.Value?.Dispose();
    }
}
