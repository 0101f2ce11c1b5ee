using System.Numerics;
using AmcEngine.Backends.Gpu.DeviceMath;
using AmcEngine.Backends.Gpu.Host;
using ILGPU;

namespace AmcEngine.Backends.Gpu.Kernels;

/// <summary>
/// Matrix product by tiles of 64×64: 256 lanes of 4×4, 16 steps of k at a time in two buffers of shared memory (17 KB
/// in f32, 34 KB in f64).
/// Layout: a group a tile, split and entry. Fused: <see cref="GemmEpilogue"/>. Accumulated: over k in order, in 16
/// registers; with splits, each its own part of k, to be added by
/// <see cref="GemmReduceKernel{T, R, TVector, TActivation}"/>.
/// Cost: 2·M·N·K FLOP; global memory K·(M·N/64 + N·M/64) elements read, 8 FLOP a byte in f32 (the second-level cache
/// serves most), and M·N written; shared memory 1 FLOP a byte, which holds it to about two thirds of a GPU's peak.
/// </summary>
internal readonly struct GemmTile64Kernel<T, R, TransA, TransB, TVector, TActivation> : IDeviceKernel<GemmArgs<T>>
    where T : unmanaged, IFloatingPointIeee754<T>
    where R : struct, IReal<T> where TransA : struct, IFlag where TransB : struct, IFlag
    where TVector : struct, IFlag where TActivation : struct, IUnaryOp
{
    /// <summary>Rows and columns of a tile.</summary>
    public const int Tile = 64;

    private const int Depth = 16;
    private const int RowQuads = (Tile + GemmStage.Padding) / 4;
    private const int BufferQuads = Depth * RowQuads;

    public static void Run(GemmArgs<T> a)
    {
        var sharedA = SharedMemory.Allocate<Quad<T>>(2 * BufferQuads);
        var sharedB = SharedMemory.Allocate<Quad<T>>(2 * BufferQuads);
        var lane = Group.IdxX;
        var task = GemmTask.Find(a, Grid.IdxX, Tile, Tile);
        var fromA = GemmStage.At(lane, !TransA.Value, Tile, Depth, task.OffsetA, a.Lda, task.Row, a.M, task.K0);
        var fromB = GemmStage.At(lane, TransB.Value, Tile, Depth, task.OffsetB, a.Ldb, task.Column, a.N, task.K0);
        fromA.Put(sharedA, 0, !TransA.Value, Tile, fromA.Load<T, TVector>(a.A, !TransA.Value, task.K1));
        fromB.Put(sharedB, 0, TransB.Value, Tile, fromB.Load<T, TVector>(a.B, TransB.Value, task.K1));
        Group.Barrier();
        var row = GemmStage.QuadRow(lane);
        var column = GemmStage.QuadColumn(lane);
        var sum = Block<T>.Zero;
        var buffer = 0;
        for (var k0 = task.K0; k0 < task.K1; k0 += Depth)
        {
            // The next tile is on its way while this one is multiplied; past the end it is zeros.
            fromA = fromA.Next(!TransA.Value, Depth, a.Lda);
            fromB = fromB.Next(TransB.Value, Depth, a.Ldb);
            var nextA = fromA.Load<T, TVector>(a.A, !TransA.Value, task.K1);
            var nextB = fromB.Load<T, TVector>(a.B, TransB.Value, task.K1);
            // Views that start at the lane's first quads: unrolled by ptxas, the distances are constants of the load
            // instructions.
            var tileA = sharedA.SubView(buffer + row, BufferQuads - row);
            var tileB = sharedB.SubView(buffer + column, BufferQuads - column);
            for (var k = 0; k < Depth; k++) sum = Block<T>.Fma<R>(tileA[k * RowQuads], tileB[k * RowQuads], sum);
            buffer = BufferQuads - buffer;
            fromA.Put(sharedA, buffer, !TransA.Value, Tile, nextA);
            fromB.Put(sharedB, buffer, TransB.Value, Tile, nextB);
            Group.Barrier();
        }
        GemmEpilogue.Store<T, R, TActivation>(a, task.OffsetC, task.Row + row * 4, task.Column + column * 4, sum);
    }
}
