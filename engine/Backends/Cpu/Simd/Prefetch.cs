using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics.X86;

namespace AmcEngine.Backends.Cpu.Simd;

/// <summary>
/// Requests of cache lines ahead of their use, at addresses that need not be anyone's; nothing where the processor has
/// no such instruction.
/// </summary>
internal static unsafe class Prefetch
{
    /// <summary>Into the first-level cache.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Nearest(void* p)
    {
        if (Sse.IsSupported) Sse.Prefetch0(p);
    }

    /// <summary>
    /// Into the second-level cache: in the first, rows a power of two apart would drive each other out.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Near(void* p)
    {
        if (Sse.IsSupported) Sse.Prefetch1(p);
    }
}
