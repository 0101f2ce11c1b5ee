using System.Runtime.CompilerServices;
using AmcEngine.Backends.Gpu.DeviceMath;
using AmcEngine.Backends.Gpu.Host;
using ILGPU;

namespace AmcEngine.Backends.Gpu.Kernels;

/// <summary>
/// Matrix product in f32 by tiles of 128×128: 256 lanes of 8×8 (four 4×4 blocks, 64 rows and columns apart), 8 steps of
/// k at a time in two buffers of shared memory (17 KB).
/// Layout: a group a tile, split and entry. Fused: <see cref="GemmEpilogue"/>. Accumulated: over k in order, in 64
/// registers; with splits, each its own part of k, to be added by
/// <see cref="GemmReduceKernel{T, R, TVector, TActivation}"/>.
/// Cost: 2·M·N·K FLOP; global memory K·(M·N/128 + N·M/128) elements read, 16 FLOP a byte (the second-level cache serves
/// most), and M·N written; shared memory 2 FLOP a byte: four 16-byte loads for 64 fused multiply-adds, so that
/// arithmetic is the limit.
/// </summary>
internal readonly struct GemmTile128Kernel<TransA, TransB, TVector, TActivation>
    : IDeviceKernel<GemmArgs<float>>, ITwoGroups
    where TransA : struct, IFlag
    where TransB : struct, IFlag where TVector : struct, IFlag where TActivation : struct, IUnaryOp
{
    /// <summary>Rows and columns of a tile.</summary>
    public const int Tile = 128;

    private const int Depth = 8;
    private const int RowQuads = (Tile + GemmStage.Padding) / 4;
    private const int BufferQuads = Depth * RowQuads;

    // Steps of k in a round. ptxas does not unroll bodies of this size; 13 integer instructions a step would be a sixth
    // of the loop, and rounds of four spill in the variant with GELU.
    private const int Unrolled = 2;

    // Quads from a lane's first block to its second.
    private const int Half = Tile / 8;

    public static void Run(GemmArgs<float> a)
    {
        var sharedA = SharedMemory.Allocate<Quad<float>>(2 * BufferQuads);
        var sharedB = SharedMemory.Allocate<Quad<float>>(2 * BufferQuads);
        var lane = Group.IdxX;
        var task = GemmTask.Find(a, Grid.IdxX, Tile, Tile);
        var fromA = GemmStage.At(lane, !TransA.Value, Tile, Depth, task.OffsetA, a.Lda, task.Row, a.M, task.K0);
        var fromB = GemmStage.At(lane, TransB.Value, Tile, Depth, task.OffsetB, a.Ldb, task.Column, a.N, task.K0);
        fromA.Put(sharedA, 0, !TransA.Value, Tile, fromA.Load<float, TVector>(a.A, !TransA.Value, task.K1));
        fromB.Put(sharedB, 0, TransB.Value, Tile, fromB.Load<float, TVector>(a.B, TransB.Value, task.K1));
        Group.Barrier();
        var row = GemmStage.QuadRow(lane);
        var column = GemmStage.QuadColumn(lane);
        var sums = TileSums.Zero;
        var buffer = 0;
        for (var k0 = task.K0; k0 < task.K1; k0 += Depth)
        {
            // The next tile is on its way while this one is multiplied; past the end it is zeros.
            fromA = fromA.Next(!TransA.Value, Depth, a.Lda);
            fromB = fromB.Next(TransB.Value, Depth, a.Ldb);
            var nextA = fromA.Load<float, TVector>(a.A, !TransA.Value, task.K1);
            var nextB = fromB.Load<float, TVector>(a.B, TransB.Value, task.K1);
            // Views that start at the lane's first quads: within a round the distances are constants of the load
            // instructions.
            var tileA = sharedA.SubView(buffer + row, BufferQuads - row);
            var tileB = sharedB.SubView(buffer + column, BufferQuads - column);
            for (var k = 0; k < Depth; k += Unrolled)
            {
                var roundA = tileA.SubView(k * RowQuads, Unrolled * RowQuads - row);
                var roundB = tileB.SubView(k * RowQuads, Unrolled * RowQuads - column);
                sums = Step(roundA, roundB, 0, sums);
                sums = Step(roundA, roundB, 1, sums);
            }
            buffer = BufferQuads - buffer;
            fromA.Put(sharedA, buffer, !TransA.Value, Tile, nextA);
            fromB.Put(sharedB, buffer, TransB.Value, Tile, nextB);
            Group.Barrier();
        }
        var firstRow = task.Row + row * 4;
        var firstColumn = task.Column + column * 4;
        GemmEpilogue.Store<float, F32, TActivation>(a, task.OffsetC, firstRow, firstColumn, sums.TopLeft);
        GemmEpilogue.Store<float, F32, TActivation>(a, task.OffsetC, firstRow, firstColumn + Tile / 2, sums.TopRight);
        GemmEpilogue.Store<float, F32, TActivation>(a, task.OffsetC, firstRow + Tile / 2, firstColumn, sums.BottomLeft);
        GemmEpilogue.Store<float, F32, TActivation>(
            a, task.OffsetC, firstRow + Tile / 2, firstColumn + Tile / 2, sums.BottomRight);
    }

    // One step of k: 64 fused multiply-adds of four quads.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static TileSums Step(ArrayView<Quad<float>> a, ArrayView<Quad<float>> b, int k, TileSums s)
    {
        var top = a[k * RowQuads];
        var bottom = a[k * RowQuads + Half];
        var left = b[k * RowQuads];
        var right = b[k * RowQuads + Half];
        s.TopLeft = Block<float>.Fma<F32>(top, left, s.TopLeft);
        s.TopRight = Block<float>.Fma<F32>(top, right, s.TopRight);
        s.BottomLeft = Block<float>.Fma<F32>(bottom, left, s.BottomLeft);
        s.BottomRight = Block<float>.Fma<F32>(bottom, right, s.BottomRight);
        return s;
    }

    // A lane's four blocks.
    private struct TileSums
    {
        public Block<float> TopLeft;
        public Block<float> TopRight;
        public Block<float> BottomLeft;
        public Block<float> BottomRight;

        public static TileSums Zero
        {
            [MethodImpl(MethodImplOptions.AggressiveInlining)]
            get => new()
            {
                TopLeft = Block<float>.Zero,
                TopRight = Block<float>.Zero,
                BottomLeft = Block<float>.Zero,
                BottomRight = Block<float>.Zero,
            };
        }
    }
}
