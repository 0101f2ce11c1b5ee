using System.Reflection;
using System.Runtime.InteropServices;
using ILGPU.Runtime.OpenCL;

namespace AmcEngine.Backends.Gpu.Workarounds;

/// <summary>
/// Finds the OpenCL and CUDA drivers where only the versioned file is installed. ILGPU 1.5.3 imports "OpenCL" and
/// "cuda", which the loader turns into libOpenCL.so and libcuda.so; those links come with development packages, so that
/// a plain runtime or a container shows no device at all. Can go when ILGPU tries the versioned names itself.
/// </summary>
internal static class NativeLibraryNames
{
    private static readonly Lazy<bool> Resolver = new(() =>
    {
        NativeLibrary.SetDllImportResolver(typeof(CLDevice).Assembly, Resolve);
        return true;
    });

    /// <summary>Sets the resolver, once a process; before the first device is asked for.</summary>
    public static void Install() => _ = Resolver.Value;

    /// <summary>Whether the driver's library can be loaded here: "OpenCL" or "cuda".</summary>
    public static bool CanLoad(string library)
    {
        if (NativeLibrary.TryLoad(library, typeof(CLDevice).Assembly, null, out var handle)
            || NativeLibrary.TryLoad(Versioned(library), out handle))
        {
            NativeLibrary.Free(handle);
            return true;
        }
        return false;
    }

    private static nint Resolve(string name, Assembly assembly, DllImportSearchPath? path)
    {
        if (name is not ("OpenCL" or "cuda") || !OperatingSystem.IsLinux()) return 0;
        return NativeLibrary.TryLoad(Versioned(name), out var handle) ? handle : 0;
    }

    private static string Versioned(string name) => $"lib{name}.so.1";
}
