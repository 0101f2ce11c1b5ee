using System.Runtime.CompilerServices;
using AmcEngine.Tensors;
using ILGPU;
using ILGPU.Backends;
using ILGPU.Runtime;

namespace AmcEngine.Backends.Gpu.Host;

/// <summary>
/// Runs kernels on an ILGPU accelerator: each kernel type is compiled and loaded once and its launcher kept in an
/// array, so that a launch is an index, a delegate call and no allocation of ours. All work goes to one stream, in
/// order.
/// </summary>
internal sealed class DeviceHost : KernelHost
{
    private readonly Context _context;
    private readonly KernelCompiler _compiler;
    private readonly List<Kernel> _kernels = [];
    private Delegate?[] _launchers = new Delegate?[64];

    /// <summary>Opens a device.</summary>
    /// <param name="info">What to tell of it.</param>
    /// <param name="target">What kind of machine it is.</param>
    /// <param name="open">Makes a context and an accelerator in it.</param>
    public DeviceHost(DeviceInfo info, KernelTarget target, Func<(Context Context, Accelerator Accelerator)> open)
    {
        Info = info;
        Target = target;
        (_context, Accelerator) = open();
        var first = true;
        _compiler = new KernelCompiler(() =>
        {
            // The accelerator's own compiler serves until a kernel fails in it.
            if (first)
            {
                first = false;
                return (Accelerator.GetBackend(), new Opened());
            }
            var (context, accelerator) = open();
            return (accelerator.GetBackend(), new Opened(accelerator, context));
        });
    }

    /// <inheritdoc/>
    public override string Id => Info.Id;

    /// <inheritdoc/>
    public override Accelerator Accelerator { get; }

    /// <inheritdoc/>
    public override DeviceInfo Info { get; }

    /// <inheritdoc/>
    public override KernelTarget Target { get; }

    /// <inheritdoc/>
    public override void Launch<TKernel, TArgs>(int groups, int groupSize, in TArgs args)
    {
        if (groups == 0) return;
        var index = KernelSlot<TKernel>.Index;
        var launcher = index < _launchers.Length && _launchers[index] is { } known ? known : Load<TKernel, TArgs>();
        Launches++;
        try
        {
            // CUDA's context belongs to a thread; where it is this thread's already, this is a comparison.
            Accelerator.Bind();
            Unsafe.As<Action<AcceleratorStream, KernelConfig, TArgs>>(launcher)(
                Accelerator.DefaultStream, new KernelConfig(groups, groupSize), args);
        }
        catch (AcceleratorException e)
        {
            throw DeviceErrors.Lost(Info, KernelTypes.Name(typeof(TKernel)), e);
        }
    }

    private Action<AcceleratorStream, KernelConfig, TArgs> Load<TKernel, TArgs>()
        where TKernel : struct, IDeviceKernel<TArgs> where TArgs : struct
    {
        if (!Info.SupportsDouble && KernelTypes.UsesDouble(typeof(TKernel)))
            throw new DeviceException(
                "f64", $"{Info.Id} ({Info.Name}) does not compute in f64; use f32, or --device cpu");
        Kernel kernel;
        try
        {
            kernel = Accelerator.LoadKernel(_compiler.Compile(KernelTypes.Entry<TKernel>()));
        }
        catch (Exception e) when (e is not EngineException)
        {
            throw DeviceErrors.Rejected(Info, KernelTypes.Name(typeof(TKernel)), e);
        }
        _kernels.Add(kernel);
        var launcher = kernel.CreateLauncherDelegate<Action<AcceleratorStream, KernelConfig, TArgs>>();
        var index = KernelSlot<TKernel>.Index;
        if (index >= _launchers.Length) Array.Resize(ref _launchers, Math.Max(index + 1, 2 * _launchers.Length));
        _launchers[index] = launcher;
        return launcher;
    }

    /// <summary>Frees kernels, accelerator and context, in the order that ILGPU needs.</summary>
    public override void Dispose()
    {
        _compiler.Dispose();
        foreach (var kernel in _kernels) kernel.Dispose();
        Accelerator.Dispose();
        _context.Dispose();
    }

    private sealed class Opened(params IDisposable[] parts) : IDisposable
    {
        public void Dispose()
        {
            foreach (var part in parts) part.Dispose();
        }
    }
}
