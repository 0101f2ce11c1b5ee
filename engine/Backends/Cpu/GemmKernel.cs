using System.Runtime.CompilerServices;

namespace AmcEngine.Backends.Cpu;

// Matrix micro-kernel: C[rows, columns] = alpha·A·B or += alpha·A·B, rows ≤ 14, columns ≤ two vectors.
// Layout: A element (i, k) at i·RowStride + k·ColumnStride (so packed, plain and transposed A alike), B row k at
//   k·Ldb, contiguous columns; C row i at i·Ldc. Nothing is fused; the epilogue works on finished tiles.
// Accumulated: one fused multiply-add a product, in the order of k, in registers.
// Cost: 2·rows·columns·K FLOP; bytes rows·K + columns·K read and rows·columns written, elements of T.
//   14×2 vectors use 28 accumulators + 2 of B + 1 of A = 31 of AVX-512's 32 registers; AVX2 takes at most 6×2
//   (15 of 16). The method is a leaf without loops behind the k loop: anything else makes the JIT spill the
//   accumulators in it, at a third of the speed. R and W are compile-time constants, so dead rows vanish.

/// <summary>Operands of one micro-kernel call.</summary>
internal unsafe struct GemmTile<T> where T : unmanaged
{
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

/// <summary>How many rows a micro-kernel has.</summary>
internal interface IGemmRows
{
    static abstract int Count { get; }
}

/// <summary>How wide a micro-kernel is.</summary>
internal interface IGemmWidth
{
    /// <summary>Two vectors, else one.</summary>
    static abstract bool Wide { get; }

    /// <summary>The last vector is partly outside of the matrix.</summary>
    static abstract bool Edge { get; }
}

internal readonly struct GemmNarrow : IGemmWidth
{
    public static bool Wide { [MethodImpl(MethodImplOptions.AggressiveInlining)] get => false; }
    public static bool Edge { [MethodImpl(MethodImplOptions.AggressiveInlining)] get => false; }
}

internal readonly struct GemmNarrowEdge : IGemmWidth
{
    public static bool Wide { [MethodImpl(MethodImplOptions.AggressiveInlining)] get => false; }
    public static bool Edge { [MethodImpl(MethodImplOptions.AggressiveInlining)] get => true; }
}

internal readonly struct GemmWide : IGemmWidth
{
    public static bool Wide { [MethodImpl(MethodImplOptions.AggressiveInlining)] get => true; }
    public static bool Edge { [MethodImpl(MethodImplOptions.AggressiveInlining)] get => false; }
}

internal readonly struct GemmWideEdge : IGemmWidth
{
    public static bool Wide { [MethodImpl(MethodImplOptions.AggressiveInlining)] get => true; }
    public static bool Edge { [MethodImpl(MethodImplOptions.AggressiveInlining)] get => true; }
}

internal readonly struct GemmRows1 : IGemmRows { public static int Count { [MethodImpl(MethodImplOptions.AggressiveInlining)] get => 1; } }
internal readonly struct GemmRows2 : IGemmRows { public static int Count { [MethodImpl(MethodImplOptions.AggressiveInlining)] get => 2; } }
internal readonly struct GemmRows3 : IGemmRows { public static int Count { [MethodImpl(MethodImplOptions.AggressiveInlining)] get => 3; } }
internal readonly struct GemmRows4 : IGemmRows { public static int Count { [MethodImpl(MethodImplOptions.AggressiveInlining)] get => 4; } }
internal readonly struct GemmRows5 : IGemmRows { public static int Count { [MethodImpl(MethodImplOptions.AggressiveInlining)] get => 5; } }
internal readonly struct GemmRows6 : IGemmRows { public static int Count { [MethodImpl(MethodImplOptions.AggressiveInlining)] get => 6; } }
internal readonly struct GemmRows7 : IGemmRows { public static int Count { [MethodImpl(MethodImplOptions.AggressiveInlining)] get => 7; } }
internal readonly struct GemmRows8 : IGemmRows { public static int Count { [MethodImpl(MethodImplOptions.AggressiveInlining)] get => 8; } }
internal readonly struct GemmRows9 : IGemmRows { public static int Count { [MethodImpl(MethodImplOptions.AggressiveInlining)] get => 9; } }
internal readonly struct GemmRows10 : IGemmRows { public static int Count { [MethodImpl(MethodImplOptions.AggressiveInlining)] get => 10; } }
internal readonly struct GemmRows11 : IGemmRows { public static int Count { [MethodImpl(MethodImplOptions.AggressiveInlining)] get => 11; } }
internal readonly struct GemmRows12 : IGemmRows { public static int Count { [MethodImpl(MethodImplOptions.AggressiveInlining)] get => 12; } }
internal readonly struct GemmRows13 : IGemmRows { public static int Count { [MethodImpl(MethodImplOptions.AggressiveInlining)] get => 13; } }
internal readonly struct GemmRows14 : IGemmRows { public static int Count { [MethodImpl(MethodImplOptions.AggressiveInlining)] get => 14; } }

/// <summary>The micro-kernel for element T in vectors V; R and W fix its size.</summary>
internal static unsafe class GemmKernel<T, V, S, R, W>
    where T : unmanaged
    where V : unmanaged
    where S : struct, ISimd<V, T>
    where R : struct, IGemmRows
    where W : struct, IGemmWidth
{
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Run(GemmTile<T>* t)
    {
        V c00 = default, c01 = default;
        V c10 = default, c11 = default;
        V c20 = default, c21 = default;
        V c30 = default, c31 = default;
        V c40 = default, c41 = default;
        V c50 = default, c51 = default;
        V c60 = default, c61 = default;
        V c70 = default, c71 = default;
        V c80 = default, c81 = default;
        V c90 = default, c91 = default;
        V cA0 = default, cA1 = default;
        V cB0 = default, cB1 = default;
        V cC0 = default, cC1 = default;
        V cD0 = default, cD1 = default;
        var mask = W.Edge ? S.Mask(t->Tail) : default;
        nint r1 = t->RowStride, r2 = 2 * r1, r3 = 3 * r1;
        // Four rows share one pointer: base + 0, 1, 2, 3 strides.
        T* p0 = t->A, p1 = p0 + 4 * r1, p2 = p1 + 4 * r1, p3 = p2 + 4 * r1;
        var step = t->ColumnStride;
        var b = t->B;
        var ldb = t->Ldb;
        for (var k = t->K; k > 0; k--)
        {
            var b0 = W.Edge && !W.Wide ? S.LoadMasked(b, mask) : S.Load(b);
            V b1 = default;
            if (W.Wide) b1 = W.Edge ? S.LoadMasked(b + S.Count, mask) : S.Load(b + S.Count);
            b += ldb;
            var a = S.Set(*p0);
            c00 = S.MulAdd(a, b0, c00);
            if (W.Wide) c01 = S.MulAdd(a, b1, c01);
            if (R.Count > 1)
            {
                a = S.Set(p0[r1]);
                c10 = S.MulAdd(a, b0, c10);
                if (W.Wide) c11 = S.MulAdd(a, b1, c11);
            }
            if (R.Count > 2)
            {
                a = S.Set(p0[r2]);
                c20 = S.MulAdd(a, b0, c20);
                if (W.Wide) c21 = S.MulAdd(a, b1, c21);
            }
            if (R.Count > 3)
            {
                a = S.Set(p0[r3]);
                c30 = S.MulAdd(a, b0, c30);
                if (W.Wide) c31 = S.MulAdd(a, b1, c31);
            }
            if (R.Count > 4)
            {
                a = S.Set(*p1);
                c40 = S.MulAdd(a, b0, c40);
                if (W.Wide) c41 = S.MulAdd(a, b1, c41);
            }
            if (R.Count > 5)
            {
                a = S.Set(p1[r1]);
                c50 = S.MulAdd(a, b0, c50);
                if (W.Wide) c51 = S.MulAdd(a, b1, c51);
            }
            if (R.Count > 6)
            {
                a = S.Set(p1[r2]);
                c60 = S.MulAdd(a, b0, c60);
                if (W.Wide) c61 = S.MulAdd(a, b1, c61);
            }
            if (R.Count > 7)
            {
                a = S.Set(p1[r3]);
                c70 = S.MulAdd(a, b0, c70);
                if (W.Wide) c71 = S.MulAdd(a, b1, c71);
            }
            if (R.Count > 8)
            {
                a = S.Set(*p2);
                c80 = S.MulAdd(a, b0, c80);
                if (W.Wide) c81 = S.MulAdd(a, b1, c81);
            }
            if (R.Count > 9)
            {
                a = S.Set(p2[r1]);
                c90 = S.MulAdd(a, b0, c90);
                if (W.Wide) c91 = S.MulAdd(a, b1, c91);
            }
            if (R.Count > 10)
            {
                a = S.Set(p2[r2]);
                cA0 = S.MulAdd(a, b0, cA0);
                if (W.Wide) cA1 = S.MulAdd(a, b1, cA1);
            }
            if (R.Count > 11)
            {
                a = S.Set(p2[r3]);
                cB0 = S.MulAdd(a, b0, cB0);
                if (W.Wide) cB1 = S.MulAdd(a, b1, cB1);
            }
            if (R.Count > 12)
            {
                a = S.Set(*p3);
                cC0 = S.MulAdd(a, b0, cC0);
                if (W.Wide) cC1 = S.MulAdd(a, b1, cC1);
            }
            if (R.Count > 13)
            {
                a = S.Set(p3[r1]);
                cD0 = S.MulAdd(a, b0, cD0);
                if (W.Wide) cD1 = S.MulAdd(a, b1, cD1);
            }
            p0 += step;
            if (R.Count > 4) p1 += step;
            if (R.Count > 8) p2 += step;
            if (R.Count > 12) p3 += step;
        }
        var c = t->C;
        var ldc = t->Ldc;
        var alpha = S.Set(t->Alpha);
        if (t->Accumulate)
        {
            Add(c, c00, c01, alpha, mask);
            if (R.Count > 1) Add(c += ldc, c10, c11, alpha, mask);
            if (R.Count > 2) Add(c += ldc, c20, c21, alpha, mask);
            if (R.Count > 3) Add(c += ldc, c30, c31, alpha, mask);
            if (R.Count > 4) Add(c += ldc, c40, c41, alpha, mask);
            if (R.Count > 5) Add(c += ldc, c50, c51, alpha, mask);
            if (R.Count > 6) Add(c += ldc, c60, c61, alpha, mask);
            if (R.Count > 7) Add(c += ldc, c70, c71, alpha, mask);
            if (R.Count > 8) Add(c += ldc, c80, c81, alpha, mask);
            if (R.Count > 9) Add(c += ldc, c90, c91, alpha, mask);
            if (R.Count > 10) Add(c += ldc, cA0, cA1, alpha, mask);
            if (R.Count > 11) Add(c += ldc, cB0, cB1, alpha, mask);
            if (R.Count > 12) Add(c += ldc, cC0, cC1, alpha, mask);
            if (R.Count > 13) Add(c += ldc, cD0, cD1, alpha, mask);
        }
        else
        {
            Put(c, c00, c01, alpha, mask);
            if (R.Count > 1) Put(c += ldc, c10, c11, alpha, mask);
            if (R.Count > 2) Put(c += ldc, c20, c21, alpha, mask);
            if (R.Count > 3) Put(c += ldc, c30, c31, alpha, mask);
            if (R.Count > 4) Put(c += ldc, c40, c41, alpha, mask);
            if (R.Count > 5) Put(c += ldc, c50, c51, alpha, mask);
            if (R.Count > 6) Put(c += ldc, c60, c61, alpha, mask);
            if (R.Count > 7) Put(c += ldc, c70, c71, alpha, mask);
            if (R.Count > 8) Put(c += ldc, c80, c81, alpha, mask);
            if (R.Count > 9) Put(c += ldc, c90, c91, alpha, mask);
            if (R.Count > 10) Put(c += ldc, cA0, cA1, alpha, mask);
            if (R.Count > 11) Put(c += ldc, cB0, cB1, alpha, mask);
            if (R.Count > 12) Put(c += ldc, cC0, cC1, alpha, mask);
            if (R.Count > 13) Put(c += ldc, cD0, cD1, alpha, mask);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Put(T* c, V v0, V v1, V alpha, V mask)
    {
        v0 = S.Mul(v0, alpha);
        if (W.Wide)
        {
            S.Store(v0, c);
            v1 = S.Mul(v1, alpha);
            if (W.Edge) S.StoreMasked(v1, c + S.Count, mask);
            else S.Store(v1, c + S.Count);
        }
        else if (W.Edge) S.StoreMasked(v0, c, mask);
        else S.Store(v0, c);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Add(T* c, V v0, V v1, V alpha, V mask)
    {
        if (W.Wide)
        {
            S.Store(S.MulAdd(v0, alpha, S.Load(c)), c);
            if (W.Edge) S.StoreMasked(S.MulAdd(v1, alpha, S.LoadMasked(c + S.Count, mask)), c + S.Count, mask);
            else S.Store(S.MulAdd(v1, alpha, S.Load(c + S.Count)), c + S.Count);
        }
        else if (W.Edge) S.StoreMasked(S.MulAdd(v0, alpha, S.LoadMasked(c, mask)), c, mask);
        else S.Store(S.MulAdd(v0, alpha, S.Load(c)), c);
    }
}
