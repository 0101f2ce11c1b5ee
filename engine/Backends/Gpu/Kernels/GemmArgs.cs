using System.Numerics;
using System.Runtime.CompilerServices;
using AmcEngine.Backends.Gpu.DeviceMath;
using AmcEngine.Backends.Kernels;
using ILGPU;

namespace AmcEngine.Backends.Gpu.Kernels;

/// <summary>A 4×4 block of the result in 16 registers, by rows.</summary>
internal struct Block<T> where T : unmanaged, IFloatingPointIeee754<T>
{
    public Quad<T> R0;
    public Quad<T> R1;
    public Quad<T> R2;
    public Quad<T> R3;

    /// <summary>Sixteen zeros.</summary>
    public static Block<T> Zero
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => Of(Quad.Zero<T>(), Quad.Zero<T>(), Quad.Zero<T>(), Quad.Zero<T>());
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Block<T> Of(Quad<T> r0, Quad<T> r1, Quad<T> r2, Quad<T> r3)
    {
        Block<T> b;
        b.R0 = r0;
        b.R1 = r1;
        b.R2 = r2;
        b.R3 = r3;
        return b;
    }

    /// <summary>c + a·bᵀ: 16 fused multiply-adds of 8 values.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Block<T> Fma<R>(Quad<T> a, Quad<T> b, Block<T> c) where R : struct, IReal<T> =>
        Of(Quad.Fma<T, R>(a.X, b, c.R0), Quad.Fma<T, R>(a.Y, b, c.R1), Quad.Fma<T, R>(a.Z, b, c.R2),
            Quad.Fma<T, R>(a.W, b, c.R3));

    /// <summary>a + b.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Block<T> Add(Block<T> a, Block<T> b) =>
        Of(Quad.Add(a.R0, b.R0), Quad.Add(a.R1, b.R1), Quad.Add(a.R2, b.R2), Quad.Add(a.R3, b.R3));
}

/// <summary>
/// Arguments of all matmul kernels; see <see cref="MatMulArgs"/>. Flags are 0 or 1. Everything is an int, since tensors
/// have fewer than 2³¹ elements: indices are cheaper so, and no field needs padding before it.
/// </summary>
internal struct GemmArgs<T> where T : unmanaged
{
    public ArrayView<T> A;
    public ArrayView<T> B;
    public ArrayView<T> C;
    public ArrayView<T> Bias;
    public ArrayView<T> PreActivation;
    public ArrayView<T> Residual;
    public T Alpha;
    public int M;
    public int N;
    public int K;
    public int Lda;
    public int Ldb;
    public int Ldc;
    public int Entries;
    public int Batch1;
    public int A0;
    public int A1;
    public int B0;
    public int B1;
    public int C0;
    public int C1;
    public int Accumulate;
    public int HasBias;
    public int HasPreActivation;
    public int HasResidual;

    /// <summary>Rows of C (and of the pre-activation) are 16-byte aligned.</summary>
    public int VectorC;

    /// <summary>Tiles down and across an entry.</summary>
    public int TilesM;
    public int TilesN;

    /// <summary>
    /// Parts that K is cut into, each of Chunk steps (a multiple of 64), whose sums lie SplitStride apart in C.
    /// </summary>
    public int Splits;
    public int Chunk;
    public int SplitStride;
}

/// <summary>Which part of a product a group computes.</summary>
internal struct GemmTask
{
    public int Row;
    public int Column;
    public int OffsetA;
    public int OffsetB;
    public int OffsetC;
    public int K0;
    public int K1;

    // Tiles of so many tile rows run side by side, so that they share what they read of B in the second-level cache.
    private const int Band = 8;

    /// <summary>
    /// Tile <paramref name="index"/> of all tiles, splits and entries; offsets are below 2³¹ as all tensors are.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static GemmTask Find<T>(GemmArgs<T> a, int index, int rows, int columns) where T : unmanaged
    {
        var tiles = a.TilesM * a.TilesN;
        var outer = index / tiles;
        var tile = index - outer * tiles;
        var entry = outer / a.Splits;
        var split = outer - entry * a.Splits;
        var b0 = entry / a.Batch1;
        var b1 = entry - b0 * a.Batch1;
        var first = tile / (Band * a.TilesN) * Band;
        var height = a.TilesM - first < Band ? a.TilesM - first : Band;
        var rest = tile - first * a.TilesN;
        GemmTask t;
        t.Row = (first + rest % height) * rows;
        t.Column = rest / height * columns;
        t.OffsetA = b0 * a.A0 + b1 * a.A1;
        t.OffsetB = b0 * a.B0 + b1 * a.B1;
        t.OffsetC = b0 * a.C0 + b1 * a.C1 + split * a.SplitStride;
        t.K0 = split * a.Chunk;
        t.K1 = a.K - t.K0 < a.Chunk ? a.K : t.K0 + a.Chunk;
        return t;
    }
}
