using System.Numerics;
using AmcEngine.Backends.Cpu.Gemm;

namespace AmcEngine.Backends.Cpu.Kernels;

// Matrix products inside one head. They are small: what a general product spends on copies and edges costs as much as
// the arithmetic.
// Layout: B where it lies if its columns are contiguous, else one transposed panel of columns at a time. C of
//   a transposed B has room for whole vectors in every row: its padding is written, with zeros (or added to, with
//   zeros).
// Fused: nothing. Accumulated: over k in order, in registers. An element of C has the bits that Gemm gives it.
// Cost: 2·M·N·K FLOP; reads M·K·(column panels) + K·N·(row panels), writes M·N elements.

/// <summary>Products of attention on one thread.</summary>
internal static unsafe class AttentionProduct<T> where T : unmanaged, IFloatingPoint<T>
{
    // A right operand of so many bytes, from its first row to its last, stays in the nearest caches without a copy.
    private const int InPlaceBytes = 64 * 1024;

    /// <summary>
    /// C = alpha·A·B [+ C]. Where B is transposed, rows of C have room for whole vectors, whose lanes beyond N are not
    /// meant to be read.
    /// </summary>
    public static void Run(in GemmProblem<T> g)
    {
        var kernels = GemmKernels<T>.Current;
        var inPlace = g.ColB == 1;
        if (g.M == 0 || g.K == 0 || g.K > kernels.Depth || Gemm<T>.PacksA(g, g.N)
            || (inPlace && g.K * g.RowB * sizeof(T) > InPlaceBytes))
        {
            Gemm<T>.Run(g);
            return;
        }
        GemmTile<T> tile;
        tile.Alpha = g.Alpha;
        tile.Accumulate = g.Accumulate;
        tile.K = g.K;
        tile.Ldc = g.Ldc;
        tile.Tail = 0;
        var rows = Gemm<T>.Rows(g);
        var panel = inPlace ? null : GemmScratch.Get<T>(GemmScratch.PanelB, (long)g.K * kernels.Columns);
        for (int j = 0, next; j < g.N; j = next)
        {
            var columns = kernels.Cut(g.N - j, 1);
            next = j + columns;
            if (inPlace)
            {
                tile.B = g.B + j;
                tile.Ldb = g.RowB;
                tile.Tail = columns % kernels.Lanes;
            }
            else
            {
                GemmPacking<T>.PackB(g, kernels, 0, g.K, j, next, panel);
                columns = kernels.Padded(columns);
                tile.B = panel;
                tile.Ldb = columns;
            }
            Gemm<T>.Panel(g, &tile, kernels, rows, 0, rows.Count, 0, j, columns, null);
        }
    }
}
