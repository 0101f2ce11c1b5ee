using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace AmcEngine.Backends.Cpu.Simd;

/// <summary>Part of a vector through a temporary, where the hardware has no masked moves.</summary>
internal static unsafe class Partial
{
    /// <summary>The first n elements of p, the rest of fill.</summary>
    [MethodImpl(MethodImplOptions.NoInlining)]
    public static V Load<V, T>(T* p, int n, V fill) where V : unmanaged where T : unmanaged
    {
        var v = fill;
        Unsafe.CopyBlockUnaligned(&v, p, (uint)(n * sizeof(T)));
        return v;
    }

    /// <summary>The first n elements of v.</summary>
    [MethodImpl(MethodImplOptions.NoInlining)]
    public static void Store<V, T>(V v, T* p, int n) where V : unmanaged where T : unmanaged =>
        Unsafe.CopyBlockUnaligned(p, &v, (uint)(n * sizeof(T)));
}
