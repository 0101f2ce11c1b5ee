using System.Numerics;
using System.Runtime.CompilerServices;

namespace AmcEngine.Backends.Cpu;

// Blocked matrix product of one matrix (a batch is a loop over such).
// Layout: operands where they lie, by two strides each, one of which is 1. B is packed into panels of two vectors of
//   columns (once, shared by all threads, or panel by panel where one thread does the product), unless its rows are
//   contiguous and few rows of A use it. A is packed only where many panels reuse it; else the kernel strides over it.
// Fused: alpha, accumulation onto C, bias, GELU, the copy before GELU, and the residual, on each finished tile.
// Accumulated: over k in order, in registers within KBlock, then in C. The order depends on the shape only.
// Cost: 2·M·N·K FLOP; reads M·K·(column blocks) + K·N·(row blocks), writes M·N·(K blocks) elements.

/// <summary>One matrix product C = activation(alpha·A·B [+ C] + bias) + residual by addresses and strides.</summary>
internal unsafe struct GemmProblem<T> where T : unmanaged
{
    public T* A;
    /// <summary>Elements from row to row of op(A).</summary>
    public nint RowA;
    /// <summary>Elements from column to column of op(A).</summary>
    public nint ColA;
    public T* B;
    /// <summary>Elements from row to row of op(B).</summary>
    public nint RowB;
    /// <summary>Elements from column to column of op(B).</summary>
    public nint ColB;
    public T* C;
    public nint Ldc;
    public int M;
    public int N;
    public int K;
    public T Alpha;
    public bool Accumulate;
    public T* Bias;
    public T* PreActivation;
    public T* Residual;
    public Activation Activation;
}

/// <summary>Single-threaded blocks of a matrix product, and the packing that they need.</summary>
internal static unsafe class Gemm<T> where T : unmanaged, IFloatingPoint<T>
{
    // A panel of B (KBlock × two vectors of f32) fills the first-level cache at most.
    private const int KBlock = 384;

    // So few rows of A do not repay a copy of B.
    private static int DirectRows => 3 * GemmKernels<T>.Rows;

    // So many panels of B repay a copy of A (measured: below, the strided kernel is faster on AVX2 and as fast on AVX-512).
    private const int PackPanels = 13;

    /// <summary>Whether the kernel may read B where it lies.</summary>
    public static bool ReadsB(in GemmProblem<T> g) =>
        g.ColB == 1 && (g.M <= DirectRows || (g.N <= GemmKernels<T>.Columns && g.RowB <= 4 * GemmKernels<T>.Columns));

    /// <summary>Panels of columns.</summary>
    public static int Panels(int columns) => (columns + GemmKernels<T>.Columns - 1) / GemmKernels<T>.Columns;

    /// <summary>Elements of B when packed.</summary>
    public static long PackedCount(int k, int columns) => (long)Panels(columns) * GemmKernels<T>.Columns * Math.Max(1, k);

    /// <summary>Packs a panel of columns of B with all its K rows.</summary>
    public static void PackPanel(in GemmProblem<T> g, int panel, T* packed)
    {
        var j = panel * GemmKernels<T>.Columns;
        PackB(g, 0, g.K, j, Math.Min(GemmKernels<T>.Columns, g.N - j), packed + (nint)j * g.K);
    }

    private static void PackB(in GemmProblem<T> g, int k0, int depth, int j, int columns, T* to) =>
        GemmPacking.Pack(g.B + k0 * g.RowB + j * g.ColB, g.RowB, g.ColB, depth, columns, to, Padded(columns));

    // Columns of a panel as packed: one vector or two.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static int Padded(int columns) => columns > GemmKernels<T>.Lanes ? GemmKernels<T>.Columns : GemmKernels<T>.Lanes;

    /// <summary>The whole product on this thread.</summary>
    public static void Run(in GemmProblem<T> g) => Run(g, 0, g.M, 0, g.N, null);

    /// <summary>
    /// Rows [i0, i1) and columns [j0, j1) of the product; j0 is a multiple of the panel width.
    /// <paramref name="packed"/> holds all panels of B, or is null.
    /// </summary>
    public static void Run(in GemmProblem<T> g, int i0, int i1, int j0, int j1, T* packed)
    {
        var blocks = Math.Max(1, (g.K + KBlock - 1) / KBlock);
        var readsB = packed is null && ReadsB(g);
        var packA = PackA(g, j1 - j0);
        var rows = i1 - i0;
        for (var block = 0; block < blocks; block++)
        {
            var k0 = (int)((long)g.K * block / blocks);
            var depth = (int)((long)g.K * (block + 1) / blocks) - k0;
            GemmTile<T> tile;
            tile.Alpha = g.Alpha;
            tile.Accumulate = g.Accumulate || block > 0;
            tile.K = depth;
            tile.Ldc = g.Ldc;
            var panelA = packA ? PackRows(g, i0, rows, k0, depth) : null;
            for (var j = j0; j < j1; j += GemmKernels<T>.Columns)
            {
                var columns = Math.Min(GemmKernels<T>.Columns, j1 - j);
                tile.Tail = columns % GemmKernels<T>.Lanes;
                tile.Ldb = Padded(columns);
                if (readsB)
                {
                    tile.B = g.B + k0 * g.RowB + j;
                    tile.Ldb = g.RowB;
                }
                else if (packed is not null)
                {
                    tile.B = packed + (nint)j * g.K + k0 * tile.Ldb;
                }
                else
                {
                    tile.B = GemmScratch.Get<T>(GemmScratch.PanelB, (long)Math.Max(1, depth) * GemmKernels<T>.Columns);
                    PackB(g, k0, depth, j, columns, tile.B);
                }
                Panel(g, &tile, i0, rows, k0, j, columns, panelA);
            }
        }
        if (g.Bias is not null || g.Activation != Activation.None || g.PreActivation is not null || g.Residual is not null)
            Simd.Run<T, GemmEpilogue<T>>(new GemmEpilogue<T>(g, j0, j1), i0, i1);
    }

    // All rows against one panel of columns.
    private static void Panel(in GemmProblem<T> g, GemmTile<T>* tile, int i0, int rows, int k0, int j, int columns, T* panelA)
    {
        Split(rows, out var panels, out var count, out var larger);
        var kernel = GemmKernels<T>.Get(count, columns);
        var c = g.C + i0 * g.Ldc + j;
        var a = panelA is null ? g.A + i0 * g.RowA + k0 * g.ColA : panelA;
        tile->RowStride = panelA is null ? g.RowA : 1;
        tile->ColumnStride = g.ColA;
        // Elements of A from one row of C to the next, also where A is packed.
        var step = panelA is null ? g.RowA : tile->K;
        for (var p = 0; p < panels; p++)
        {
            if (p == larger) kernel = GemmKernels<T>.Get(--count, columns);
            tile->A = a;
            tile->C = c;
            if (panelA is not null) tile->ColumnStride = count;
            kernel(tile);
            a += count * step;
            c += count * g.Ldc;
        }
    }

    // Rows in even panels, 65 = 5 × 13 and not 4 × 14 + 9: the first `larger` panels have `count` rows, the others one less.
    private static void Split(int rows, out int panels, out int count, out int larger)
    {
        panels = (rows + GemmKernels<T>.Rows - 1) / GemmKernels<T>.Rows;
        var smaller = rows / Math.Max(1, panels);
        larger = rows - smaller * panels;
        count = smaller + 1;
        if (larger != 0) return;
        count = smaller;
        larger = panels;
    }

    private static bool PackA(in GemmProblem<T> g, int columns)
    {
        var panels = Panels(columns);
        // Rows a multiple of 1 KiB apart fall into few sets of the cache and drive each other out.
        var alias = g.RowA * sizeof(T) % 1024 == 0 && g.ColA == 1 && g.K >= 32;
        return panels >= PackPanels || (panels >= 3 && (alias || g.ColA != 1));
    }

    private static T* PackRows(in GemmProblem<T> g, int i0, int rows, int k0, int depth)
    {
        var to = GemmScratch.Get<T>(GemmScratch.PanelA, (long)rows * Math.Max(1, depth));
        Split(rows, out var panels, out var count, out var larger);
        for (int p = 0, i = 0; p < panels; p++)
        {
            if (p == larger) count--;
            GemmPacking.Pack(g.A + (i0 + i) * g.RowA + k0 * g.ColA, g.ColA, g.RowA, depth, count, to + (nint)i * depth, count);
            i += count;
        }
        return to;
    }
}
