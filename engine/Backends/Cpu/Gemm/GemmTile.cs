
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

/// <summary>How the operands of a micro-kernel lie, where its columns are whole vectors.</summary>
internal enum GemmOperands
{
    /// <summary>As strides say.</summary>
    Strided = 0,

    /// <summary>Both packed, one panel each: strides need not be read.</summary>
    Packed = 2,

    /// <summary>
    /// B where it lies, its rows far apart: the kernel asks for the same rows of the panel that follows.
    /// </summary>
    Apart = 3,

    /// <summary>
    /// B packed, one vector wide, and A where it lies, its columns next to each other: the kernel asks for the rows of
    /// A that follow.
    /// </summary>
    Rows = 4,

    /// <summary>Both packed, and C written past the caches; C is aligned to vectors and not accumulated.</summary>
    Streamed = 5,
}
