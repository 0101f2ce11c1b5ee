using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics.X86;

namespace AmcEngine.Backends.Cpu;

/// <summary>Operands of one micro-kernel call; the kernels are in GemmMicroKernels.g.cs.</summary>
internal unsafe struct GemmTile<T> where T : unmanaged
{
    /// <summary>From this depth on a kernel asks for the lines of C before it needs them.</summary>
    public const int FetchDepth = 96;

    public T* A;
    public nint RowStride;
    public nint ColumnStride;
    public T* B;
    public nint Ldb;
    public nint K;
    public T* C;
    public nint Ldc;
    public T Alpha;
    public bool Accumulate;

    /// <summary>Lanes of the last vector of columns that exist (edge kernels).</summary>
    public int Tail;
}

/// <summary>Requests of cache lines ahead of their use; nothing where the processor has no such instruction.</summary>
internal static unsafe class Prefetch
{
    /// <summary>Into the second-level cache: in the first, rows a power of two apart would drive each other out.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Near(void* p)
    {
        if (Sse.IsSupported) Sse.Prefetch1(p);
    }
}
