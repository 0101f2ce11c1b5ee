using AmcEngine.Backends.Gpu.DeviceMath;
using AmcEngine.Backends.Gpu.Host;
using ILGPU;

namespace AmcEngine.Backends.Gpu.Kernels;

/// <summary>
/// Matrix product in f32 by tiles of 128×128: 256 lanes of 8×8 (four 4×4 blocks, 64 rows and columns apart), 8 steps of k at a
/// time in two buffers of shared memory (17 KB).
/// Layout: a group a tile, split and entry. Fused: <see cref="GemmEpilogue"/>. Accumulated: over k in order, in 64 registers;
/// with splits, each its own part of k, to be added by <see cref="GemmReduceKernel{T, R, TVector, Gelu}"/>.
/// Cost: 2·M·N·K FLOP; global memory K·(M·N/128 + N·M/128) elements read, 16 FLOP a byte (the second-level cache serves most), and M·N written;
/// shared memory 2 FLOP a byte: four 16-byte loads for 64 fused multiply-adds, so that arithmetic is the limit.
/// </summary>
internal readonly struct GemmTile128Kernel<TransA, TransB, TVector, Gelu> : IKernel<GemmArgs<float>>
    where TransA : struct, IFlag where TransB : struct, IFlag where TVector : struct, IFlag where Gelu : struct, IFlag
{
    /// <summary>Rows and columns of a tile.</summary>
    public const int Tile = 128;

    private const int Depth = 8;
    private const int RowQuads = (Tile + GemmStage.Padding) / 4;
    private const int BufferQuads = Depth * RowQuads;

    // Quads from a lane's first block to its second.
    private const int Half = Tile / 8;

    public static void Run(GemmArgs<float> a)
    {
        var sharedA = SharedMemory.Allocate<Quad<float>>(2 * BufferQuads);
        var sharedB = SharedMemory.Allocate<Quad<float>>(2 * BufferQuads);
        int lane = Group.IdxX;
        var task = GemmTask.Find(a, Grid.IdxX, Tile, Tile);
        var fromA = GemmStage.At(lane, !TransA.Value, Tile, Depth, task.OffsetA, a.Lda, task.Row, a.M, task.K0);
        var fromB = GemmStage.At(lane, TransB.Value, Tile, Depth, task.OffsetB, a.Ldb, task.Column, a.N, task.K0);
        fromA.Put(sharedA, 0, !TransA.Value, Tile, fromA.Load<float, TVector>(a.A, !TransA.Value, task.K1));
        fromB.Put(sharedB, 0, TransB.Value, Tile, fromB.Load<float, TVector>(a.B, TransB.Value, task.K1));
        Group.Barrier();
        var row = GemmStage.QuadRow(lane);
        var column = GemmStage.QuadColumn(lane);
        var topLeft = Block<float>.Zero;
        var topRight = Block<float>.Zero;
        var bottomLeft = Block<float>.Zero;
        var bottomRight = Block<float>.Zero;
        var buffer = 0;
        for (var k0 = task.K0; k0 < task.K1; k0 += Depth)
        {
            // The next tile is on its way while this one is multiplied; past the end it is zeros.
            fromA = fromA.Next(!TransA.Value, Depth, a.Lda);
            fromB = fromB.Next(TransB.Value, Depth, a.Ldb);
            var nextA = fromA.Load<float, TVector>(a.A, !TransA.Value, task.K1);
            var nextB = fromB.Load<float, TVector>(a.B, TransB.Value, task.K1);
            for (var k = 0; k < Depth; k++)
            {
                var top = sharedA[buffer + row + k * RowQuads];
                var bottom = sharedA[buffer + row + k * RowQuads + Half];
                var left = sharedB[buffer + column + k * RowQuads];
                var right = sharedB[buffer + column + k * RowQuads + Half];
                topLeft = Block<float>.Fma<F32>(top, left, topLeft);
                topRight = Block<float>.Fma<F32>(top, right, topRight);
                bottomLeft = Block<float>.Fma<F32>(bottom, left, bottomLeft);
                bottomRight = Block<float>.Fma<F32>(bottom, right, bottomRight);
            }
            buffer = BufferQuads - buffer;
            fromA.Put(sharedA, buffer, !TransA.Value, Tile, nextA);
            fromB.Put(sharedB, buffer, TransB.Value, Tile, nextB);
            Group.Barrier();
        }
        var firstRow = task.Row + row * 4;
        var firstColumn = task.Column + column * 4;
        GemmEpilogue.Store<float, F32, Gelu>(a, task.OffsetC, firstRow, firstColumn, topLeft);
        GemmEpilogue.Store<float, F32, Gelu>(a, task.OffsetC, firstRow, firstColumn + Tile / 2, topRight);
        GemmEpilogue.Store<float, F32, Gelu>(a, task.OffsetC, firstRow + Tile / 2, firstColumn, bottomLeft);
        GemmEpilogue.Store<float, F32, Gelu>(a, task.OffsetC, firstRow + Tile / 2, firstColumn + Tile / 2, bottomRight);
    }
}
