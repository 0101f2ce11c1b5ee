using System.Collections.Concurrent;
using AmcEngine.Backends.Gpu.DeviceMath;
using ILGPU;
using ILGPU.Backends.PTX;
using ILGPU.Runtime;
using ILGPU.Runtime.CPU;
using ILGPU.Runtime.Cuda;

namespace AmcEngine.Backends.Gpu.Host;

/// <summary>
/// Compiles every kernel that is launched to PTX, and runs none: proof on a machine without a GPU that the kernels of
/// an op compile for an architecture, and a look at their text. Memory is host memory; results are not computed.
/// </summary>
internal sealed class PtxHost : KernelHost
{
    private readonly Context _context;
    private readonly KernelCompiler _compiler;
    private readonly ConcurrentDictionary<Type, string> _texts = new();

    /// <summary>A compiler for one architecture.</summary>
    public PtxHost(CudaArchitecture architecture, CudaInstructionSet instructionSet)
    {
        _context = Context.Create(b => b.CPU(new CPUDevice(2, 1, 1)));
        Accelerator = _context.CreateCPUAccelerator(0);
        Info = new DeviceInfo(
            $"ptx:sm_{architecture.Major}{architecture.Minor}", "offline PTX compiler", 0, 0, "compiles, runs nothing");
        _compiler = new KernelCompiler(() =>
        {
            var context = Context.Create(b => b.CPU().Optimize(OptimizationLevel.O2));
            DeviceIntrinsics.Register(context);
            var backend = new PTXBackend(context, architecture, instructionSet, null!);
            return (backend, context);
        });
    }

    /// <inheritdoc/>
    public override string Id => Info.Id;

    /// <inheritdoc/>
    public override Accelerator Accelerator { get; }

    /// <inheritdoc/>
    public override DeviceInfo Info { get; }

    /// <inheritdoc/>
    public override KernelTarget Target => KernelTarget.Gpu;

    /// <summary>PTX text of every kernel launched so far.</summary>
    public IReadOnlyDictionary<Type, string> Texts => _texts;

    /// <inheritdoc/>
    public override void Launch<TKernel, TArgs>(int groups, int groupSize, in TArgs args)
    {
        Launches++;
        if (_texts.ContainsKey(typeof(TKernel))) return;
        _texts[typeof(TKernel)] = ((PTXCompiledKernel)_compiler.Compile(KernelTypes.Entry<TKernel>())).PTXAssembly;
    }

    /// <inheritdoc/>
    public override void Dispose()
    {
        _compiler.Dispose();
        Accelerator.Dispose();
        _context.Dispose();
    }
}
