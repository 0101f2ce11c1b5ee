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

    /// <summary>What a later call reads from memory: each turn of the k loop asks for the line at this address, then goes on by <see cref="NextStep"/>.</summary>
    public T* Next;

    /// <summary>Elements from one requested line to the next; 0 where there is nothing to ask for.</summary>
    public nint NextStep;

    /// <summary>Lanes of the last vector of columns that exist (edge kernels).</summary>
    public int Tail;
}

/// <summary>
/// Lines that the calls on the row panels of one panel of columns ask for, one a turn of the k loop: the call on row panel i takes part i.
/// </summary>
internal readonly unsafe struct GemmLookahead<T>(T* at, nint step, nint part, int parts) where T : unmanaged
{
    /// <summary>First line.</summary>
    public readonly T* At = at;

    /// <summary>Elements from a line of a part to the next.</summary>
    public readonly nint Step = step;

    /// <summary>Elements from a part to the next.</summary>
    public readonly nint Part = part;

    /// <summary>Number of parts; 0: nothing to ask for, −1: each call asks for the next panel of rows of A.</summary>
    public readonly int Parts = parts;
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
