using AmcEngine.Backends;
using AmcEngine.Backends.Gpu;
using AmcEngine.Backends.Gpu.Host;
using AmcEngine.Backends.Kernels;
using AmcEngine.Tensors;
using ILGPU;
using ILGPU.Runtime;
using ILGPU.Runtime.CPU;
using ILGPU.Runtime.Cuda;
using NUnit.Framework;

namespace AmcEngine.Tests.Engine.Backends.Gpu;

/// <summary>
/// What launches kernels: compiled once, alive after a kernel that does not compile, in one line when something fails.
/// </summary>
[TestFixture]
internal sealed class KernelHostTests
{
    [Test]
    public void A_kernel_that_does_not_compile_is_named_and_the_next_one_compiles()
    {
        using var ptx = new PtxHost(CudaArchitecture.SM_80, CudaInstructionSet.ISA_78);
        Survives(ptx);
        Assert.That(ptx.Texts.Keys, Is.EqualTo(new[] { typeof(CountUp) }));
    }

    [Test]
    public void A_device_survives_a_kernel_that_does_not_compile()
    {
        _ = TestBackends.OpenCl;
        using var device = GpuDevices.OpenHost("opencl:0");
        Survives(device);
        using var buffer = device.Accelerator.Allocate1D<int>(64);
        for (var i = 0; i < 3; i++)
            device.Launch<CountUp, CountUp.Args>(1, 64, new CountUp.Args { Y = buffer.View.BaseView });
        Assert.That(buffer.GetAsArray1D(), Is.EqualTo(Enumerable.Range(0, 64)));
        Assert.That(device.Launches, Is.EqualTo(3));
    }

    [Test]
    public void F64_on_a_device_without_it_is_refused_in_one_line()
    {
        using var backend = WithoutDouble();
        using var x = Tensor.From([1.0, 2.0], [2], backend);
        var message = Assert.Throws<DeviceException>(() => backend.Run(new UnaryArgs(UnaryKind.Exp, x, x)))!.Message;
        Assert.That(message, Does.Contain("does not compute in f64").And.Contain("--device cpu").And.Not.Contain("\n"));
    }

    [Test]
    public void Full_memory_is_one_line_and_leaves_the_device_usable()
    {
        _ = TestBackends.OpenCl;
        using var backend = GpuDevices.Open("opencl:0", memoryLimit: 4 << 20);
        var first = Tensor.Zeros([1 << 19], DType.F32, backend);
        var message = Assert.Throws<EngineException>(() => Tensor.Empty([1 << 20], DType.F32, backend))!.Message;
        Assert.That(message, Does.Contain("the limit of 4 MiB").And.Contain("smaller batch"));
        first.Dispose();
        using var second = Tensor.Full([1 << 20], 2, DType.F32, backend);
        Assert.That(second.ToArray<float>()[^1], Is.EqualTo(2));
        Assert.That(backend.ReservedBytes, Is.EqualTo(4 << 20), "what waited for reuse went back to the device");
    }

    private static GpuBackend WithoutDouble()
    {
        _ = TestBackends.OpenCl;
        var info = new DeviceInfo("opencl:0", "a device without f64", 1 << 30, 1, "") { SupportsDouble = false };
        return new GpuBackend(new DeviceHost(info, KernelTarget.OpenClOnCpu, () =>
        {
            var context = Context.Create(b => b.CPU());
            return (context, context.GetPreferredDevice(true).CreateAccelerator(context));
        }));
    }

    private static void Survives(KernelHost host)
    {
        var message = Assert.Throws<EngineException>(() => host.Launch<Broken, CountUp.Args>(1, 64, default))!.Message;
        Assert.That(message, Does.StartWith("Broken: the kernel does not compile").And.Not.Contain("\n"));
        Assert.DoesNotThrow(() => host.Launch<CountUp, CountUp.Args>(host is PtxHost ? 1 : 0, 64, default));
    }

    /// <summary>Writes each lane's number.</summary>
    internal readonly struct CountUp : IDeviceKernel<CountUp.Args>
    {
        public struct Args
        {
            public ArrayView<int> Y;
        }

        public static void Run(Args a) => a.Y[Grid.GlobalIndex.X] = Grid.GlobalIndex.X;
    }

    /// <summary>Does what no kernel can.</summary>
    private readonly struct Broken : IDeviceKernel<CountUp.Args>
    {
        public static void Run(CountUp.Args a) => a.Y[0] = Console.CursorLeft;
    }
}
