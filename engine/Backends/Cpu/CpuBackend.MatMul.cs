using System.Numerics;
using AmcEngine.Tensors;

namespace AmcEngine.Backends.Cpu;

public sealed partial class CpuBackend
{
    // Below this a second thread costs more (about 1 µs to wake and join) than it saves.
    private const double InlineFlops = 200e3;

    // A tile is long enough to hide the queue and short enough to even out a core that is taken away.
    private const double TileFlops = 500e3;

    // The packed right operand of one pass stays below this.
    private const long PackedBytes = 32L << 20;

    // Rows of a tile: packed A of them stays in the second-level cache.
    private const int TileRows = 168;

    /// <inheritdoc/>
    public void MatMul(in MatMulArgs args)
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
        if (entries < 4 * _workers.Threads && flops > 4 * TileFlops)
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
        if (Gemm<T>.ReadsB(g))
        {
            MatMulTiles(g, 0, g.N, null);
            return;
        }
        // Wide right operands (a vocabulary) go in slabs of columns, so that the packed copy stays small.
        var width = GemmKernels<T>.Columns;
        var slab = (int)Math.Clamp(PackedBytes / sizeof(T) / Math.Max(1, g.K) / width * width, width, int.MaxValue / 2 / width * width);
        for (var j = 0; j < g.N; j += slab)
        {
            var part = g;
            part.N = Math.Min(slab, g.N - j);
            part.B += j * g.ColB;
            part.C += j;
            if (part.Bias is not null) part.Bias += j;
            if (part.PreActivation is not null) part.PreActivation += j;
            if (part.Residual is not null) part.Residual += j;
            var packed = GemmScratch.Get<T>(GemmScratch.SharedB, Gemm<T>.PackedCount(part.K, part.N));
            PackAll(part, packed);
            MatMulTiles(part, 0, part.N, packed);
        }
    }

    private unsafe void PackAll<T>(GemmProblem<T> g, T* packed) where T : unmanaged, IFloatingPoint<T>
    {
        var panels = Gemm<T>.Panels(g.N);
        if (_workers.Threads == 1 || (long)g.K * g.N < 32 << 10)
            for (var p = 0; p < panels; p++) Gemm<T>.PackPanel(g, p, packed);
        else
            _workers.Run(panels, p => Gemm<T>.PackPanel(g, p, packed));
    }

    private unsafe void MatMulTiles<T>(GemmProblem<T> g, int j0, int j1, T* packed) where T : unmanaged, IFloatingPoint<T>
    {
        var flops = 2.0 * g.M * (j1 - j0) * Math.Max(1, g.K);
        var rowPanels = (g.M + GemmKernels<T>.Rows - 1) / GemmKernels<T>.Rows;
        var columnPanels = Gemm<T>.Panels(j1 - j0);
        var wanted = (int)Math.Clamp(flops / TileFlops, _workers.Threads, 8 * _workers.Threads);
        if (_workers.Threads == 1) wanted = 1;
        wanted = Math.Max(wanted, (g.M + TileRows - 1) / TileRows);
        var rowTiles = Math.Min(rowPanels, wanted);
        var columnTiles = Math.Min(columnPanels, (wanted + rowTiles - 1) / rowTiles);
        var width = GemmKernels<T>.Columns;
        _workers.Run(rowTiles * columnTiles, t =>
        {
            int r = t % rowTiles, c = t / rowTiles;
            Gemm<T>.Run(g, (int)((long)g.M * r / rowTiles), (int)((long)g.M * (r + 1) / rowTiles),
                j0 + columnPanels * c / columnTiles * width, Math.Min(j1, j0 + columnPanels * (c + 1) / columnTiles * width), packed);
        });
    }
}
