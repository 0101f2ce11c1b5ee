using System.Numerics;
using AmcEngine.Backends.Cpu.Gemm;
using AmcEngine.Backends.Cpu.Host;
using AmcEngine.Backends.Kernels;
using AmcEngine.Tensors;

namespace AmcEngine.Backends.Cpu.Kernels;

/// <summary>
/// Matrix products: how a product is cut into tiles, and which operand is copied; the rest is in the folder Gemm.
/// </summary>
internal sealed class MatMulKernels(CpuHost host) : CpuKernels(host), IMatMulKernels
{
    // The packed right operand of one pass stays below this.
    private const long PackedBytes = 32L << 20;

    // Rows of a tile: packed A of them stays in the second-level cache.
    private const int TileRows = 168;

    // Tiles of all of so many rows are cut by columns: a block of the packed A still fits the second-level cache.
    private const int ColumnTileRows = 768;

    // A pass over k takes about so much of A, which all tiles of columns read.
    private const long PassBytesA = 640 << 10;

    // The same of B, which all tiles of rows read.
    private const long PassBytesB = 2 << 20;

    // Most panels of a tile of columns.
    private const int ColumnTilePanels = 4;

    // So many tiles a thread even out a core that is taken away for a while.
    private const int TilesPerThread = 4;

    // Smaller copies are made by the caller alone.
    private const long PackInline = 32 << 10;

    /// <inheritdoc/>
    public void Run(in MatMulArgs args)
    {
        if (args.M == 0 || args.N == 0 || args.Batch0 == 0 || args.Batch1 == 0) return;
        if (args.C.DType == DType.F64) MatMul<double>(args);
        else MatMul<float>(args);
    }

    private unsafe void MatMul<T>(in MatMulArgs args) where T : unmanaged, IFloatingPoint<T>
    {
        var a = args;
        var problem = new GemmProblem<T>
        {
            A = Ptr<T>(a.A),
            RowA = a.TransA ? 1 : a.Lda,
            ColA = a.TransA ? a.Lda : 1,
            B = Ptr<T>(a.B),
            RowB = a.TransB ? 1 : a.Ldb,
            ColB = a.TransB ? a.Ldb : 1,
            C = Ptr<T>(a.C),
            Ldc = a.Ldc,
            M = a.M,
            N = a.N,
            K = a.K,
            Alpha = T.CreateChecked(a.Alpha),
            Accumulate = a.Accumulate,
            Bias = a.Bias is null ? null : Ptr<T>(a.Bias),
            PreActivation = a.PreActivation is null ? null : Ptr<T>(a.PreActivation),
            Residual = a.Residual is null ? null : Ptr<T>(a.Residual),
            Activation = a.Activation,
        };
        var entries = a.Batch0 * a.Batch1;
        if (entries == 1)
        {
            MatMulOne(problem);
            return;
        }
        var flops = 2.0 * a.M * a.N * Math.Max(1, a.K);
        if (entries < 4 * Workers.Threads && flops > 4 * TileFlops)
        {
            for (var e = 0; e < entries; e++) MatMulOne(Entry(problem, a, e));
            return;
        }
        RunTiles(entries, flops * entries, (from, to) =>
        {
            for (var e = from; e < to; e++) Gemm<T>.Run(Entry(problem, a, e));
        });
    }

    private static unsafe GemmProblem<T> Entry<T>(GemmProblem<T> g, in MatMulArgs a, int entry) where T : unmanaged
    {
        int b0 = entry / a.Batch1, b1 = entry % a.Batch1;
        g.A += b0 * a.A0 + b1 * a.A1;
        g.B += b0 * a.B0 + b1 * a.B1;
        var c = b0 * a.C0 + b1 * a.C1;
        g.C += c;
        if (g.PreActivation is not null) g.PreActivation += c;
        if (g.Residual is not null) g.Residual += c;
        return g;
    }

    // One matrix on all threads.
    private unsafe void MatMulOne<T>(GemmProblem<T> g) where T : unmanaged, IFloatingPoint<T>
    {
        var flops = 2.0 * g.M * g.N * Math.Max(1, g.K);
        if (flops < InlineFlops)
        {
            Gemm<T>.Run(g);
            return;
        }
        if (Gemm<T>.GoesTransposed(g))
        {
            MatMulTransposed(g, flops);
            return;
        }
        if (Gemm<T>.Panels(g.N) >= TilesPerThread * Workers.Threads && g.M <= ColumnTileRows && g.K > Gemm<T>.Shallow)
        {
            MatMulColumns(g);
            return;
        }
        if (Gemm<T>.ReadsB(g))
        {
            MatMulRows(g, 0, Gemm<T>.Blocks(g), null);
            return;
        }
        // Wide right operands (a vocabulary) go in slabs of columns, so that the packed copy stays small.
        var width = GemmKernels<T>.Current.Columns;
        var slab = (int)Math.Clamp(
            PackedBytes / sizeof(T) / Math.Max(1, g.K) / width * width, width, int.MaxValue / 2 / width * width);
        for (var j = 0; j < g.N; j += slab)
        {
            var part = g;
            part.N = Math.Min(slab, g.N - j);
            part.B += j * g.ColB;
            part.C += j;
            if (part.Bias is not null) part.Bias += j;
            if (part.PreActivation is not null) part.PreActivation += j;
            if (part.Residual is not null) part.Residual += j;
            var shared = GemmScratch.Get<T>(GemmScratch.Shared, Gemm<T>.PackedCountB(part));
            var blocks = Gemm<T>.Blocks(part);
            var passes = (int)Math.Clamp(Gemm<T>.PackedCountB(part) * sizeof(T) / PassBytesB, 1, blocks);
            for (var pass = 0; pass < passes; pass++)
            {
                int b0 = blocks * pass / passes, b1 = blocks * (pass + 1) / passes;
                Pack(Gemm<T>.PackedCountB(part) / passes, Gemm<T>.Panels(part.N), b1 - b0,
                    (block, from, to) =>
                        Gemm<T>.PackB(part, b0 + block, Gemm<T>.Column(part, from), Gemm<T>.Column(part, to), shared));
                MatMulRows(part, b0, b1, shared);
            }
        }
    }

    // Few rows times a transposed matrix: tiles of columns, which are rows of the transposed product. Tiles are long,
    // since a panel of rows asks for the next one into the cache of its own thread.
    private unsafe void MatMulTransposed<T>(GemmProblem<T> g, double flops) where T : unmanaged, IFloatingPoint<T>
    {
        var t = Gemm<T>.Transpose(g);
        var shared = GemmScratch.Get<T>(GemmScratch.Shared, Gemm<T>.PackedCountB(t));
        Pack(Gemm<T>.PackedCountB(t), 1, Gemm<T>.Blocks(t), (block, _, _) => Gemm<T>.PackB(t, block, 0, t.N, shared));
        var panels = Gemm<T>.Rows(t).Count;
        var tiles = (int)Math.Clamp(flops / TileFlops, 1, Math.Min(panels, TilesPerThread * Workers.Threads));
        Workers.Run(tiles, i => Gemm<T>.RunTransposed(
            g, t, (int)((long)panels * i / tiles), (int)((long)panels * (i + 1) / tiles), shared));
    }

    // Tiles of columns with all rows, one shared copy of A: each panel of B is packed by the thread that uses it, and
    // used at once. In passes over k, in each of which all threads find A in their second-level caches.
    private unsafe void MatMulColumns<T>(GemmProblem<T> g) where T : unmanaged, IFloatingPoint<T>
    {
        var rowPanels = Gemm<T>.Rows(g).Count;
        var columnPanels = Gemm<T>.Panels(g.N);
        var tiles = Math.Max(
            TilesPerThread * Workers.Threads, (columnPanels + ColumnTilePanels - 1) / ColumnTilePanels);
        var blocks = Gemm<T>.Blocks(g);
        var packs = Gemm<T>.PacksA(g, g.N);
        var shared = packs ? GemmScratch.Get<T>(GemmScratch.Shared, Gemm<T>.PackedCountA(g)) : null;
        var passes = (int)Math.Clamp(Gemm<T>.PackedCountA(g) * sizeof(T) / PassBytesA, 1, blocks);
        for (var pass = 0; pass < passes; pass++)
        {
            int b0 = blocks * pass / passes, b1 = blocks * (pass + 1) / passes;
            if (packs) Pack(Gemm<T>.PackedCountA(g) / passes, rowPanels, b1 - b0,
                (block, from, to) => Gemm<T>.PackA(g, b0 + block, from, to, shared));
            Workers.Run(tiles, t => Gemm<T>.Run(g, b0, b1, 0, rowPanels, Gemm<T>.Column(g, columnPanels * t / tiles),
                Gemm<T>.Column(g, columnPanels * (t + 1) / tiles), shared, null));
        }
    }

    // Blocks [b0, b1) of k: tiles of rows with all columns, or with some where rows are few, and a shared copy of B
    // (null: read where it lies).
    private unsafe void MatMulRows<T>(GemmProblem<T> g, int b0, int b1, T* shared)
        where T : unmanaged, IFloatingPoint<T>
    {
        var flops = 2.0 * g.M * g.N * Math.Max(1, g.K);
        var rowPanels = Gemm<T>.Rows(g).Count;
        var columnPanels = Gemm<T>.Panels(g.N);
        var wanted = Workers.Threads == 1 ? 1 : (int)Math.Clamp(
            flops / TileFlops, Workers.Threads, 2 * TilesPerThread * Workers.Threads);
        wanted = Math.Max(wanted, (g.M + TileRows - 1) / TileRows);
        var rowTiles = Math.Min(rowPanels, wanted);
        var columnTiles = Math.Min(columnPanels, (wanted + rowTiles - 1) / rowTiles);
        Workers.Run(rowTiles * columnTiles, t =>
        {
            int r = t % rowTiles, c = t / rowTiles;
            Gemm<T>.Run(g, b0, b1, (int)((long)rowPanels * r / rowTiles), (int)((long)rowPanels * (r + 1) / rowTiles),
                Gemm<T>.Column(g, columnPanels * c / columnTiles),
                Gemm<T>.Column(g, columnPanels * (c + 1) / columnTiles), null, shared);
        });
    }

    // A shared copy by all threads, in groups of panels of a block.
    private void Pack(long elements, int panels, int blocks, Action<int, int, int> pack)
    {
        if (elements < PackInline)
        {
            for (var block = 0; block < blocks; block++) pack(block, 0, panels);
            return;
        }
        var groups = Workers.Threads == 1 ? 1 : Math.Clamp(2 * TilesPerThread * Workers.Threads / blocks, 1, panels);
        Workers.Run(blocks * groups, t => pack(
            t / groups, (int)((long)panels * (t % groups) / groups), (int)((long)panels * (t % groups + 1) / groups)));
    }
}
