using System.Numerics;
using AmcEngine.Backends.Cpu.Gemm;
using AmcEngine.Backends.Cpu.Simd;

namespace AmcEngine.Backends.Cpu.Kernels;

// Matrix products inside one head. They are small: what a general product spends on copies and edges costs as much as
// the arithmetic.
// Layout: maps [rows, keys] at a pitch with room for whole vectors, whose padding is written, with zeros (or added to,
//   with zeros). Operands of keys are copied once a head, for all blocks of queries: transposed for scores, in panels
//   of columns for mixing. Operands of queries are copied once a block, row by row. What lies near is not copied.
// Fused: nothing. Accumulated: over k in order, in registers. An element of C has the bits that Gemm gives it.
// Cost: 2·M·N·K FLOP; reads M·K·(column panels) + K·N·(row panels), writes M·N elements.

/// <summary>Rows of one head, and the copies that products read instead; null where there are none.</summary>
internal unsafe struct HeadMatrix<T> where T : unmanaged
{
    public T* Rows;

    /// <summary>Elements from row to row.</summary>
    public nint Pitch;

    public int Count;
    public int Width;

    /// <summary>Panels of the transposed matrix, for <see cref="AttentionProduct{T}.Scores"/>.</summary>
    public T* Transposed;

    /// <summary>Panels of columns, for <see cref="AttentionProduct{T}.Mix"/>.</summary>
    public T* Panels;
}

/// <summary>Products of attention on one thread.</summary>
internal static unsafe class AttentionProduct<T> where T : unmanaged, IFloatingPoint<T>
{
    // An operand of so many bytes, from its first row to its last, stays in the nearest caches without a copy.
    private const int NearBytes = 64 * 1024;

    // So few queries do not repay a transposed copy of the keys: scores go as the transposed product, which copies
    // queries.
    private const int FewRows = 40;

    /// <summary>Elements of both copies of a matrix of keys.</summary>
    public static long KeyCopies(int rows, int width) =>
        CopyRoom<T>.Size(PanelCount(rows, width)) + CopyRoom<T>.Size(PanelCount(width, rows));

    /// <summary>Elements of the copy of a matrix of queries.</summary>
    public static long QueryCopy(int rows, int width) => CopyRoom<T>.Size((long)rows * QueryPitch(width));

    /// <summary>
    /// Copies of rows laid out as keys: <paramref name="scores"/>, <paramref name="mixed"/>: what is computed of them,
    /// for blocks of at most <paramref name="block"/> of <paramref name="queries"/> queries.
    /// </summary>
    public static void CopyKeys(
        ref HeadMatrix<T> y, bool scores, bool mixed, int queries, int block, ref CopyRoom<T> room)
    {
        var kernels = GemmKernels<T>.Current;
        if (scores && queries > FewRows && y.Width <= kernels.Depth)
        {
            var transposed = new GemmProblem<T>
            {
                B = y.Rows,
                RowB = 1,
                ColB = y.Pitch,
                N = y.Count,
                K = y.Width,
            };
            y.Transposed = room.Take(PanelCount(y.Width, y.Count));
            GemmPacking<T>.PackB(transposed, kernels, 0, y.Width, 0, y.Count, y.Transposed);
        }
        var plain = new GemmProblem<T> { B = y.Rows, RowB = y.Pitch, ColB = 1, M = block, N = y.Width, K = y.Count };
        if (!mixed || IsNear(y) || Gemm<T>.ReadsB(plain)) return;
        y.Panels = room.Take(PanelCount(y.Count, y.Width));
        for (var b = 0; b < Gemm<T>.Blocks(plain); b++) Gemm<T>.PackB(plain, b, 0, y.Width, y.Panels);
    }

    /// <summary>A copy of rows laid out as queries, unless they lie near.</summary>
    public static void CopyQueries(ref HeadMatrix<T> x, ref CopyRoom<T> room)
    {
        if (IsNear(x)) return;
        var pitch = QueryPitch(x.Width);
        var to = room.Take((long)x.Count * pitch);
        for (nint i = 0; i < x.Count; i++)
            new Span<T>(x.Rows + i * x.Pitch, x.Width).CopyTo(new Span<T>(to + i * pitch, x.Width));
        x.Rows = to;
        x.Pitch = pitch;
    }

    /// <summary>to[i, j] = alpha·Σ x[i, d]·y[j, d] [+ to[i, j]] for queries x and keys y.</summary>
    public static void Scores(in HeadMatrix<T> x, in HeadMatrix<T> y, T alpha, bool accumulate, T* to, int pitch)
    {
        if (x.Count == 0 || y.Count == 0) return;
        var g = new GemmProblem<T>
        {
            A = x.Rows,
            RowA = x.Pitch,
            ColA = 1,
            B = y.Rows,
            RowB = 1,
            ColB = y.Pitch,
            C = to,
            Ldc = pitch,
            M = x.Count,
            N = y.Count,
            K = x.Width,
            Alpha = alpha,
            Accumulate = accumulate,
        };
        if (y.Transposed is not null) Padded(g, y.Transposed);
        else if (x.Count <= FewRows && x.Width <= GemmKernels<T>.Current.Depth) FewScores(g);
        else Gemm<T>.Run(g);
    }

    /// <summary>to[i] = alpha·Σ map[i, j]·x[j] [+ to[i]] for keys x; to is laid out as queries.</summary>
    public static void Mix(
        T* map, int pitch, int rows, in HeadMatrix<T> x, T alpha, bool accumulate, T* to, nint toPitch)
    {
        if (rows == 0) return;
        var g = OfMap(map, pitch, 1, rows, x, alpha, accumulate, to, toPitch);
        if (x.Panels is not null)
            Gemm<T>.Run(g, 0, Gemm<T>.Blocks(g), 0, Gemm<T>.Rows(g).Count, 0, g.N, null, x.Panels);
        else InPlace(g, IsNear(x));
    }

    /// <summary>to[j] = alpha·Σ map[i, j]·x[i] [+ to[j]] for queries x; to is laid out as keys.</summary>
    public static void MixTransposed(
        T* map, int pitch, int keys, in HeadMatrix<T> x, T alpha, bool accumulate, T* to, nint toPitch)
    {
        var g = OfMap(map, 1, pitch, keys, x, alpha, accumulate, to, toPitch);
        InPlace(g, IsNear(x));
    }

    // A map, or its transpose, by its strides, times rows of a head.
    private static GemmProblem<T> OfMap(T* map, nint row, nint column, int rows, in HeadMatrix<T> x, T alpha,
        bool accumulate, T* to, nint toPitch) => new()
        {
            A = map,
            RowA = row,
            ColA = column,
            B = x.Rows,
            RowB = x.Pitch,
            ColB = 1,
            C = to,
            Ldc = toPitch,
            M = rows,
            N = x.Width,
            K = x.Count,
            Alpha = alpha,
            Accumulate = accumulate,
        };

    // The transposed product, whose right operand is the queries, and its transpose.
    private static void FewScores(in GemmProblem<T> g)
    {
        var t = Gemm<T>.Transpose(g);
        t.C = GemmScratch.Get<T>(GemmScratch.Product, t.M * t.Ldc);
        t.Accumulate = g.Accumulate;
        if (g.Accumulate) Transposes.Run(g.C, g.Ldc, g.M, 1, g.N, t.C, t.Ldc);
        var queries = GemmScratch.Get<T>(GemmScratch.PanelB, PanelCount(t.K, t.N));
        GemmPacking<T>.PackB(t, GemmKernels<T>.Current, 0, t.K, 0, t.N, queries);
        Padded(t, queries);
        Transposes.Run(t.C, t.Ldc, t.M, 1, t.N, g.C, g.Ldc);
    }

    // A right operand in panels of whole vectors; C has room for them.
    private static void Padded(in GemmProblem<T> g, T* panels)
    {
        var kernels = GemmKernels<T>.Current;
        var rows = Gemm<T>.Rows(g);
        GemmTile<T> tile;
        tile.Alpha = g.Alpha;
        tile.Accumulate = g.Accumulate;
        tile.K = g.K;
        tile.Ldc = g.Ldc;
        tile.Tail = 0;
        for (int j = 0, next; j < g.N; j = next)
        {
            var columns = kernels.Cut(g.N - j, 1);
            next = j + columns;
            columns = kernels.Padded(columns);
            tile.B = panels + (nint)j * g.K;
            tile.Ldb = columns;
            Gemm<T>.Panel(g, &tile, kernels, rows, 0, rows.Count, 0, j, columns, null);
        }
    }

    // A right operand whose rows are read where they lie, if they lie near.
    private static void InPlace(in GemmProblem<T> g, bool near)
    {
        var kernels = GemmKernels<T>.Current;
        if (!near || g.M == 0 || g.K == 0 || g.K > kernels.Depth || Gemm<T>.PacksA(g, g.N))
        {
            Gemm<T>.Run(g);
            return;
        }
        var rows = Gemm<T>.Rows(g);
        GemmTile<T> tile;
        tile.Alpha = g.Alpha;
        tile.Accumulate = g.Accumulate;
        tile.K = g.K;
        tile.Ldc = g.Ldc;
        tile.Ldb = g.RowB;
        for (int j = 0, columns; j < g.N; j += columns)
        {
            columns = kernels.Cut(g.N - j, 1);
            tile.B = g.B + j;
            tile.Tail = columns % kernels.Lanes;
            Gemm<T>.Panel(g, &tile, kernels, rows, 0, rows.Count, 0, j, columns, null);
        }
    }

    private static bool IsNear(in HeadMatrix<T> x) => x.Count * x.Pitch * sizeof(T) <= NearBytes;

    // Whole lines.
    private static nint QueryPitch(int width) => (nint)CopyRoom<T>.Size(width);

    // Elements of panels of columns.
    private static long PanelCount(int rows, int columns) =>
        (long)Gemm<T>.Panels(columns) * GemmKernels<T>.Current.Columns * rows;
}

/// <summary>Copies one behind the other in a thread's scratch memory, each on a line of its own.</summary>
internal unsafe struct CopyRoom<T>(T* next) where T : unmanaged
{
    private T* _next = next;

    /// <summary>So many elements, rounded up to whole lines.</summary>
    public static long Size(long count) => (count * sizeof(T) + 63) / 64 * 64 / sizeof(T);

    /// <summary>Memory for so many elements.</summary>
    public T* Take(long count)
    {
        var taken = _next;
        _next += Size(count);
        return taken;
    }
}
