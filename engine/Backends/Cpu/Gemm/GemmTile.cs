
namespace AmcEngine.Backends.Cpu.Gemm;

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
