using System.Reflection;
using ILGPU.Backends;
using ILGPU.Backends.OpenCL;

namespace AmcEngine.Backends.Gpu.Workarounds;

/// <summary>
/// Keeps PoCL from writing "1 warning generated." to the user's terminal for every kernel with an unsigned constant:
/// ILGPU 1.5.3 writes those as long numbers, and Clang remarks on their conversion. A pragma in the source, which other
/// compilers ignore; where ILGPU's field is missing, the remarks stay. Can go when ILGPU writes constants in their own
/// type.
/// </summary>
internal static class ConversionWarnings
{
    private const string Pragma = "#pragma clang diagnostic ignored \"-Wconstant-conversion\"\n";

    private static readonly FieldInfo? Source = typeof(CLCompiledKernel).GetField(
        $"<{nameof(CLCompiledKernel.Source)}>k__BackingField", BindingFlags.Instance | BindingFlags.NonPublic);

    /// <summary>Silences a compiled kernel; those of other back ends are left alone.</summary>
    public static void Silence(CompiledKernel kernel)
    {
        if (kernel is CLCompiledKernel cl) Source?.SetValue(cl, Pragma + cl.Source);
    }
}
