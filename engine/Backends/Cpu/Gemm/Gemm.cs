using System.Numerics;
using AmcEngine.Backends.Cpu.Simd;

namespace AmcEngine.Backends.Cpu.Gemm;

// Blocked matrix product of one matrix (a batch is a loop over such).
// Layout: operands where they lie, by two strides each, one of which is 1. Packed copies are cut into blocks of k; a
//   block of A holds panels of rows, a block of B panels of two or three vectors of columns. A copy is shared by all
//   threads, or is a tile's own, or is left out where it would be used too little: then the micro-kernel strides over
//   the operand.
// Fused: alpha, accumulation onto C, bias, GELU, the copy before GELU, and the residual, on each finished tile.
// Accumulated: over k in order, in registers within a block, then in C. The order depends on the shape only.
// Cost: 2·M·N·K FLOP; reads M·K·(column tiles) + K·N·(row tiles), writes M·N·(k blocks) elements.

/// <summary>Single-threaded tiles of a matrix product, and the packing that they need.</summary>
internal static unsafe class Gemm<T> where T : unmanaged, IFloatingPoint<T>
{
    /// <summary>
    /// So shallow a product is bound by writing C: panels of rows go outside, so that rows of C are written as they
    /// lie.
    /// </summary>
    public const int Shallow = 64;

    // Panels of B that a tile packs in one go: whole lines of the source, and still within the second-level cache.
    private const int GroupPanels = 4;

    // So few rows do not repay a transposed copy of B.
    private const int TransposedRows = 40;

    // More vectors of columns repay a copy of A (measured: below, the strided kernel is faster); with AVX-512 and
    // contiguous rows of A, up to more of them, whatever the distance of the rows.
    private const int StridedVectors = 24, WideStridedVectors = 64;

    // The same where lines of A drive each other out of the cache, and the least k for which they do.
    private const int AliasedVectors = 4, AliasDepth = 32;

    // The least result of a shallow product that goes past the caches: as much as a second-level cache holds.
    private const long StreamedBytes = 1 << 20;

    private const int LineBytes = 64;

    // Panels of B: the distance of its rows up to which it is read where it lies, from the second-level cache.
    private const int NearPanels = 8;

    /// <summary>
    /// Whether the kernel may read B where it lies: few rows of A do not repay a copy, and rows of B that lie close
    /// together need none.
    /// </summary>
    public static bool ReadsB(in GemmProblem<T> g)
    {
        var kernels = GemmKernels<T>.Current;
        return g.ColB == 1 && (g.M <= 3 * kernels.Rows(1) || g.RowB <= NearPanels * kernels.Columns);
    }

    /// <summary>Whether so many columns repay a copy of A.</summary>
    public static bool PacksA(in GemmProblem<T> g, int columns)
    {
        var kernels = GemmKernels<T>.Current;
        var vectors = kernels.Vectors(columns);
        if (kernels.IsWide && g.ColA == 1) return vectors > WideStridedVectors;
        // Lines so far apart fall into few sets of the cache and drive each other out.
        var alias = g.K >= AliasDepth
            && (g.ColA == 1 ? g.RowA * sizeof(T) % 1024 == 0 : g.ColA * sizeof(T) % 2048 == 0);
        return vectors > (alias ? AliasedVectors : StridedVectors);
    }

    /// <summary>
    /// Whether the product goes as Cᵀ = Bᵀ·Aᵀ: few rows do not repay the transposed copy of a B whose columns are
    /// contiguous (the weight of a linear layer), and as the left operand it is read once, where it lies.
    /// </summary>
    public static bool GoesTransposed(in GemmProblem<T> g) =>
        g.ColB != 1 && g.M <= TransposedRows && !g.Accumulate && g.N > g.M && g.K > 0;

    /// <summary>The product Cᵀ = alpha·Bᵀ·Aᵀ, without what follows it and as yet without a place for Cᵀ.</summary>
    public static GemmProblem<T> Transpose(in GemmProblem<T> g) => new()
    {
        A = g.B,
        RowA = g.ColB,
        ColA = g.RowB,
        B = g.A,
        RowB = g.ColA,
        ColB = g.RowA,
        Ldc = GemmKernels<T>.Current.Padded(g.M),
        M = g.N,
        N = g.M,
        K = g.K,
        Alpha = g.Alpha,
    };

    /// <summary>
    /// Columns of C in panels [p0, p1) of the transposed product <paramref name="t"/>; <paramref name="shared"/> is the
    /// copy of its B, or null.
    /// </summary>
    public static void RunTransposed(in GemmProblem<T> g, GemmProblem<T> t, int p0, int p1, T* shared)
    {
        var rows = Rows(t);
        int j0 = rows.Start(p0), j1 = rows.Start(p1);
        var product = GemmScratch.Get<T>(GemmScratch.Product, (j1 - j0) * t.Ldc);
        t.C = product - j0 * t.Ldc;
        Run(t, 0, Blocks(t), p0, p1, 0, t.N, null, shared);
        Transposes.Run(product, t.Ldc, j1 - j0, 1, g.M, g.C + j0, g.Ldc);
        if (g.HasEpilogue) SimdDispatch.Run<T, GemmEpilogue<T>>(new GemmEpilogue<T>(g, j0, j1), 0, g.M);
    }

    /// <summary>Panels of columns.</summary>
    public static int Panels(int columns) =>
        (columns + GemmKernels<T>.Current.Columns - 1) / GemmKernels<T>.Current.Columns;

    /// <summary>First column of a panel of columns; of <see cref="Panels"/>: all columns.</summary>
    public static int Column(in GemmProblem<T> g, int panel) => GemmKernels<T>.Current.Cut(g.N, panel);

    /// <summary>Panels of rows.</summary>
    public static RowPanels Rows(in GemmProblem<T> g) => new(g.M, GemmKernels<T>.Current.Rows(g.N));

    /// <summary>Blocks of k.</summary>
    public static int Blocks(in GemmProblem<T> g) =>
        Math.Max(1, (g.K + GemmKernels<T>.Current.Depth - 1) / GemmKernels<T>.Current.Depth);

    // First k of a block.
    private static int Depth(in GemmProblem<T> g, int block) => (int)((long)g.K * block / Blocks(g));

    /// <summary>Elements of a copy of A.</summary>
    public static long PackedCountA(in GemmProblem<T> g) => (long)g.M * Math.Max(1, g.K);

    /// <summary>Elements of a copy of B.</summary>
    public static long PackedCountB(in GemmProblem<T> g) =>
        (long)Panels(g.N) * GemmKernels<T>.Current.Columns * Math.Max(1, g.K);

    /// <summary>Block and panels [p0, p1) of rows of a shared copy of A.</summary>
    public static void PackA(in GemmProblem<T> g, int block, int p0, int p1, T* shared)
    {
        var rows = Rows(g);
        int k0 = Depth(g, block), depth = Depth(g, block + 1) - k0;
        GemmPacking<T>.PackA(g, rows, p0, p1, k0, depth, SharedA(g, shared, rows.Start(p0), k0, depth));
    }

    /// <summary>Block and columns [j0, j1) of a shared copy of B; both are starts of panels, or the end.</summary>
    public static void PackB(in GemmProblem<T> g, int block, int j0, int j1, T* shared)
    {
        var kernels = GemmKernels<T>.Current;
        int k0 = Depth(g, block), depth = Depth(g, block + 1) - k0;
        GemmPacking<T>.PackB(g, kernels, k0, depth, j0, j1, SharedB(g, shared, j0, k0, depth));
    }

    private static T* SharedA(in GemmProblem<T> g, T* shared, int row, int k0, int depth) =>
        shared + (nint)g.M * k0 + (nint)row * depth;

    private static T* SharedB(in GemmProblem<T> g, T* shared, int j, int k0, int depth) =>
        shared + (nint)Panels(g.N) * GemmKernels<T>.Current.Columns * k0 + (nint)j * depth;

    /// <summary>The whole product on this thread.</summary>
    public static void Run(in GemmProblem<T> g) => Run(g, 0, Blocks(g), 0, Rows(g).Count, 0, g.N, null, null);

    /// <summary>
    /// Blocks [b0, b1) of k, panels [p0, p1) of rows and columns [j0, j1) of the product; both are starts of panels, or
    /// the end. The copies of A and B hold all of them, or are null.
    /// </summary>
    public static void Run(in GemmProblem<T> g, int b0, int b1, int p0, int p1, int j0, int j1, T* sharedA, T* sharedB)
    {
        var rows = Rows(g);
        var packsA = sharedA is null && PacksA(g, j1 - j0);
        int i0 = rows.Start(p0), i1 = rows.Start(p1);
        for (var block = b0; block < b1; block++)
        {
            int k0 = Depth(g, block), depth = Depth(g, block + 1) - k0;
            GemmTile<T> tile;
            tile.Alpha = g.Alpha;
            tile.Accumulate = g.Accumulate || block > 0;
            tile.K = depth;
            tile.Ldc = g.Ldc;
            var packed = sharedA is null ? null : SharedA(g, sharedA, i0, k0, depth);
            if (packsA)
            {
                packed = GemmScratch.Get<T>(GemmScratch.PanelA, (long)(i1 - i0) * Math.Max(1, depth));
                GemmPacking<T>.PackA(g, rows, p0, p1, k0, depth, packed);
            }
            if (g.K > Shallow || sharedB is null)
            {
                Columns(g, &tile, rows, p0, p1, k0, j0, j1, packed, sharedB);
                continue;
            }
            for (var p = p0; p < p1; p++)
                Columns(g, &tile, rows, p, p + 1, k0, j0, j1,
                    packed is null ? null : packed + (nint)(rows.Start(p) - i0) * depth, sharedB);
        }
        if (b1 == Blocks(g) && g.HasEpilogue)
            SimdDispatch.Run<T, GemmEpilogue<T>>(new GemmEpilogue<T>(g, j0, j1), i0, i1);
    }

    // One block of k.
    private static void Columns(in GemmProblem<T> g, GemmTile<T>* tile, in RowPanels rows, int p0, int p1, int k0,
        int j0, int j1, T* packedA, T* sharedB)
    {
        var kernels = GemmKernels<T>.Current;
        var depth = (int)tile->K;
        var reads = sharedB is null && ReadsB(g);
        // A transposed source gains nothing from several panels at once.
        var panels = g.ColB == 1 ? GroupPanels : 1;
        for (int start = j0, end; start < j1; start = end)
        {
            end = start + kernels.Cut(j1 - start, panels);
            T* packedB = null;
            if (sharedB is not null)
            {
                packedB = SharedB(g, sharedB, start, k0, depth);
            }
            else if (!reads)
            {
                packedB = GemmScratch.Get<T>(GemmScratch.PanelB, (long)Math.Max(1, depth) * panels * kernels.Columns);
                GemmPacking<T>.PackB(g, kernels, k0, depth, start, end, packedB);
            }
            for (int j = start, columns; j < end; j += columns)
            {
                columns = kernels.Cut(end - j, 1);
                tile->Tail = columns % kernels.Lanes;
                tile->B = reads ? g.B + k0 * g.RowB + j : packedB + (nint)(j - start) * depth;
                tile->Ldb = reads ? g.RowB : kernels.Padded(columns);
                Panel(g, tile, kernels, rows, p0, p1, k0, j, columns, packedA);
            }
        }
    }

    // Whether C goes past the caches: so large a result of so shallow a product is a gradient that is long out of them
    // when it is wanted, and its lines would be read only to be overwritten. Only by vectors that are whole lines:
    // halves of lines gain nothing (measured).
    private static bool Streams(in GemmProblem<T> g, GemmKernels<T> kernels) =>
        kernels.IsWide && g.K <= Shallow && !g.Accumulate && !g.HasEpilogue
        && (long)g.M * g.N * sizeof(T) >= StreamedBytes && g.Ldc % kernels.Lanes == 0 && (nint)g.C % LineBytes == 0;

    /// <summary>
    /// Panels [p0, p1) of rows against one panel of columns, whose B the tile holds; A is read where it lies, or packed
    /// from panel p0 on.
    /// </summary>
    public static void Panel(in GemmProblem<T> g, GemmTile<T>* tile, GemmKernels<T> kernels, in RowPanels rows, int p0,
        int p1, int k0, int j, int columns, T* packedA)
    {
        var i0 = rows.Start(p0);
        var count = rows.Size(p0);
        // B's rows are as long as its panel is wide only where it is packed, or might as well be.
        var packed = packedA is not null && tile->Ldb == kernels.Padded(columns);
        // B's rows lie apart where it is read in place; its next panel is asked for once, by the first rows.
        var apart = tile->Ldb > kernels.Padded(columns);
        var ahead = packedA is null && g.ColA == 1 && columns == kernels.Lanes && tile->Ldb == columns;
        var operands = !packed ? ahead ? GemmOperands.Rows : GemmOperands.Strided
            : Streams(g, kernels) ? GemmOperands.Streamed : GemmOperands.Packed;
        var kernel = kernels.Get(count, columns, apart ? GemmOperands.Apart : operands);
        var c = g.C + i0 * g.Ldc + j;
        var a = packedA is null ? g.A + i0 * g.RowA + k0 * g.ColA : packedA;
        tile->RowStride = packedA is null ? g.RowA : 1;
        tile->ColumnStride = packedA is null ? g.ColA : count;
        // Elements of A from one row of C to the next, also where A is packed.
        var step = packedA is null ? g.RowA : tile->K;
        for (var p = p0; p < p1; p++)
        {
            if (p == rows.Larger && p > p0)
            {
                kernel = kernels.Get(--count, columns, operands);
                if (packedA is not null) tile->ColumnStride = count;
            }
            else if (apart && p == p0 + 1)
            {
                kernel = kernels.Get(count, columns, operands);
            }
            tile->A = a;
            tile->C = c;
            kernel(tile);
            a += count * step;
            c += count * g.Ldc;
        }
    }
}
