using System.Numerics;
using System.Runtime.CompilerServices;
using AmcEngine.Backends.Gpu.DeviceMath;
using AmcEngine.Backends.Gpu.Host;
using ILGPU;

namespace AmcEngine.Backends.Gpu.Kernels;

/// <summary>
/// Matrix product without shared memory: a lane computes a 4×4 block straight from global memory. For products too
/// small to share anything, and for processors, whose caches do the sharing while barriers cost.
/// Layout: a tile is one block; lanes stride over the tiles of all entries, neighbours along the rows of C. Fused:
/// <see cref="GemmEpilogue"/>.
/// Accumulated: over k in order, in 16 registers. Cost: 2·M·N·K FLOP; 8 loads of 4 bytes for 32 FLOP, 1 FLOP a byte,
/// from caches where they fit.
/// </summary>
internal readonly struct GemmDirectKernel<T, R, TransA, TransB, TActivation> : IDeviceKernel<GemmArgs<T>>
    where T : unmanaged, IFloatingPointIeee754<T>
    where R : struct, IReal<T> where TransA : struct, IFlag where TransB : struct, IFlag
    where TActivation : struct, IUnaryOp
{
    /// <summary>Rows and columns of a tile.</summary>
    public const int Tile = 4;

    public static void Run(GemmArgs<T> a)
    {
        var tiles = a.TilesM * a.TilesN * a.Entries;
        for (var i = Grid.GlobalIndex.X; i < tiles; i += Grid.DimX * Group.DimX)
        {
            var outer = i / a.TilesN;
            var entry = outer / a.TilesM;
            var b0 = entry / a.Batch1;
            var b1 = entry - b0 * a.Batch1;
            var row = (outer - entry * a.TilesM) * Tile;
            var column = (i - outer * a.TilesN) * Tile;
            var block = Sum(a, b0 * a.A0 + b1 * a.A1, b0 * a.B0 + b1 * a.B1, row, column);
            GemmEpilogue.Store<T, R, TActivation>(a, b0 * a.C0 + b1 * a.C1, row, column, block);
        }
    }

    // Past the edge the last row or column is read again, so that the loop needs no masks; those sums are not stored.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Block<T> Sum(GemmArgs<T> a, int offsetA, int offsetB, int row, int column)
    {
        var block = Block<T>.Zero;
        int lineA = TransA.Value ? 1 : a.Lda, stepA = TransA.Value ? a.Lda : 1;
        int lineB = TransB.Value ? a.Ldb : 1, stepB = TransB.Value ? 1 : a.Ldb;
        var a0 = offsetA + row * lineA;
        var a1 = a0 + Line(1, a.M - row) * lineA;
        var a2 = a0 + Line(2, a.M - row) * lineA;
        var a3 = a0 + Line(3, a.M - row) * lineA;
        var b0 = offsetB + column * lineB;
        if (a.N - column >= Tile)
        {
            for (var k = 0; k < a.K; k++)
            {
                var x = Quad.Of(a.A[a0 + k * stepA], a.A[a1 + k * stepA], a.A[a2 + k * stepA], a.A[a3 + k * stepA]);
                var at = b0 + k * stepB;
                var y = Quad.Of(a.B[at], a.B[at + lineB], a.B[at + 2 * lineB], a.B[at + 3 * lineB]);
                block = Block<T>.Fma<R>(x, y, block);
            }
            return block;
        }
        var b1 = Line(1, a.N - column) * lineB;
        var b2 = Line(2, a.N - column) * lineB;
        for (var k = 0; k < a.K; k++)
        {
            var x = Quad.Of(a.A[a0 + k * stepA], a.A[a1 + k * stepA], a.A[a2 + k * stepA], a.A[a3 + k * stepA]);
            var at = b0 + k * stepB;
            block = Block<T>.Fma<R>(x, Quad.Of(a.B[at], a.B[at + b1], a.B[at + b2], T.Zero), block);
        }
        return block;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static int Line(int line, int left) => line < left ? line : left - 1;
}
