using System.Reflection;
using ILGPU.Backends;
using ILGPU.Backends.PTX;

namespace AmcEngine.Backends.Gpu.Workarounds;

/// <summary>
/// Turns <c>bra.uni</c> into <c>bra</c> in PTX text. At O2, the level that gives global instead of generic loads, ILGPU
/// 1.5.3 marks the branches of loops as uniform, and ptxas does not unroll such loops: the hot loop of a matmul then
/// runs rolled, at a fraction of its speed. The text has no public setter, hence the reflection; where the field is
/// missing, the kernel runs unpatched. Can go when ILGPU emits plain branches or unrolls itself.
/// </summary>
internal static class UniformBranches
{
    private static readonly FieldInfo? Text = typeof(PTXCompiledKernel).GetField(
        $"<{nameof(PTXCompiledKernel.PTXAssembly)}>k__BackingField", BindingFlags.Instance | BindingFlags.NonPublic);

    /// <summary>Patches a compiled kernel; those of other back ends are left alone.</summary>
    public static void Release(CompiledKernel kernel)
    {
        if (kernel is PTXCompiledKernel ptx)
            Text?.SetValue(ptx, ptx.PTXAssembly.Replace("bra.uni", "bra", StringComparison.Ordinal));
    }
}
