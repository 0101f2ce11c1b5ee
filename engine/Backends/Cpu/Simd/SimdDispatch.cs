using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace AmcEngine.Backends.Cpu.Simd;

/// <summary>Chooses the register width.</summary>
internal static class SimdDispatch
{
    /// <summary>Before other threads read what was written past the caches: such writes may come late.</summary>
    public static void StoreFence()
    {
        if (Sse.IsSupported) Sse.StoreFence();
    }

    /// <summary>Runs a kernel at the widest vectors that the hardware has.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Run<T, K>(in K kernel, int from, int to) where T : unmanaged where K : struct, ISimdKernel<T>
    {
        var path = SimdPath.Current;
        // The conditions of the hardware are constants of the JIT: paths that a machine lacks are not compiled.
        if (Vector512.IsHardwareAccelerated && path == SimdWidth.Avx512) kernel.Run<Simd512<T>, Vector512<T>>(from, to);
        else if (Vector256.IsHardwareAccelerated && path == SimdWidth.Avx2)
            kernel.Run<Simd256<T>, Vector256<T>>(from, to);
        else if (Vector128.IsHardwareAccelerated && path == SimdWidth.Vector128)
            kernel.Run<Simd128<T>, Vector128<T>>(from, to);
        else kernel.Run<SimdScalar<T>, T>(from, to);
    }
}
