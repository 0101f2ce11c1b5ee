using System.Reflection;
using AmcEngine.Backends.Gpu.Workarounds;
using AmcEngine.Tensors;
using ILGPU.Backends;
using ILGPU.Backends.EntryPoints;
using ILGPU.Backends.PTX;
using ILGPU.Runtime;

namespace AmcEngine.Backends.Gpu.Host;

/// <summary>
/// Compiles kernels. A failed compile poisons its ILGPU 1.5.3 context (every later compile in it fails with a
/// NullReferenceException), so that the next one starts a fresh context.
/// </summary>
/// <param name="create">Makes a compiling back end in a context of its own, and what to dispose of with it.</param>
internal sealed class KernelCompiler(Func<(Backend Backend, IDisposable Owner)> create) : IDisposable
{
    private (Backend Backend, IDisposable Owner)? _current;

    /// <summary>Compiles one kernel.</summary>
    /// <exception cref="EngineException">The kernel does not compile for this device.</exception>
    public CompiledKernel Compile(MethodInfo entry)
    {
        _current ??= create();
        try
        {
            var backend = _current.Value.Backend;
            // Before sm_80, ptxas needs more registers for the same code and would spill.
            var twoGroups = backend is PTXBackend { Architecture.Major: >= 8 } && entry.DeclaringType is { } type
                && typeof(ITwoGroups).IsAssignableFrom(type) && !KernelTypes.UsesDouble(type);
            var kernel = backend.Compile(EntryPointDescription.FromExplicitlyGroupedKernel(entry),
                twoGroups ? new KernelSpecialization(256, 2) : default);
            UniformBranches.Release(kernel);
            ConversionWarnings.Silence(kernel);
            return kernel;
        }
        catch (Exception e)
        {
            Dispose();
            throw new EngineException(KernelTypes.Name(entry.DeclaringType!),
                $"the kernel does not compile for this device ({OneLine(e.GetBaseException().Message)}); "
                    + "please report it with the output of 'amcx devices'");
        }
    }

    private static string OneLine(string text) => text.ReplaceLineEndings(" ");

    /// <inheritdoc/>
    public void Dispose()
    {
        _current?.Owner.Dispose();
        _current = null;
    }
}
