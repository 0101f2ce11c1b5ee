using System.Numerics;
using AmcEngine.Backends.Gpu.DeviceMath;
using AmcEngine.Backends.Gpu.Host;
using ILGPU;

namespace AmcEngine.Backends.Gpu.Kernels;

/// <summary>
/// Matrix product of few rows (at most 16 pay) by tiles of 16×64, in which reading B is all the work: 64 steps of k at
/// a time, five 16-byte loads a lane in flight (22 KB of shared memory in f32, 44 KB in f64). Of 256 lanes, each
/// quarter takes a quarter of the steps, 4×4 results a lane.
/// Layout: a group a tile, split and entry. Fused: <see cref="GemmEpilogue"/>. Accumulated: over the steps of a quarter
/// in order, in 16 registers; then the quarters in order; then splits as in
/// <see cref="GemmReduceKernel{T, R, TVector, TActivation}"/>. Cost: 2·M·N·K FLOP; B is read once: M/2 FLOP a byte in
/// f32.
/// </summary>
internal readonly struct GemmSlimKernel<T, R, TransA, TransB, TVector, TActivation> : IDeviceKernel<GemmArgs<T>>
    where T : unmanaged, IFloatingPointIeee754<T>
    where R : struct, IReal<T> where TransA : struct, IFlag where TransB : struct, IFlag
    where TVector : struct, IFlag where TActivation : struct, IUnaryOp
{
    /// <summary>Rows of a tile.</summary>
    public const int Rows = 16;

    /// <summary>Columns of a tile.</summary>
    public const int Columns = 64;

    private const int Depth = 64;
    private const int Quarter = Depth / 4;
    private const int Lanes = 256;
    private const int QuadsA = (Rows + GemmStage.Padding) / 4;
    private const int QuadsB = (Columns + GemmStage.Padding) / 4;

    // Stored rows of B from a lane's quad to its next; the same in both orders.
    private const int Step = Lanes / 16;

    public static void Run(GemmArgs<T> a)
    {
        var sharedA = SharedMemory.Allocate<Quad<T>>(Depth * QuadsA);
        var sharedB = SharedMemory.Allocate<Quad<T>>(Depth * QuadsB);
        var lane = Group.IdxX;
        var task = GemmTask.Find(a, Grid.IdxX, Rows, Columns);
        var fromA = GemmStage.At(lane, !TransA.Value, Rows, Depth, task.OffsetA, a.Lda, task.Row, a.M, task.K0);
        var from0 = GemmStage.At(lane, TransB.Value, Columns, Depth, task.OffsetB, a.Ldb, task.Column, a.N, task.K0);
        var slice = lane / 64;
        var row = lane % 64 / 16;
        var column = lane % 16;
        // Views that start at the lane's first quads: unrolled by ptxas, the distances are constants of the load
        // instructions.
        var sliceA = sharedA.SubView(slice * Quarter * QuadsA + row, Quarter * QuadsA - row);
        var sliceB = sharedB.SubView(slice * Quarter * QuadsB + column, Quarter * QuadsB - column);
        var sum = Block<T>.Zero;
        for (var k0 = task.K0; k0 < task.K1; k0 += Depth)
        {
            var from1 = from0.Below(TransB.Value, Step, a.Ldb, Columns);
            var from2 = from1.Below(TransB.Value, Step, a.Ldb, Columns);
            var from3 = from2.Below(TransB.Value, Step, a.Ldb, Columns);
            // On their way before the barrier: the previous tile is still being multiplied elsewhere.
            var nextA = fromA.Load<T, TVector>(a.A, !TransA.Value, task.K1);
            var next0 = from0.Load<T, TVector>(a.B, TransB.Value, task.K1);
            var next1 = from1.Load<T, TVector>(a.B, TransB.Value, task.K1);
            var next2 = from2.Load<T, TVector>(a.B, TransB.Value, task.K1);
            var next3 = from3.Load<T, TVector>(a.B, TransB.Value, task.K1);
            Group.Barrier();
            fromA.Put(sharedA, 0, !TransA.Value, Rows, nextA);
            from0.Put(sharedB, 0, TransB.Value, Columns, next0);
            from1.Put(sharedB, 0, TransB.Value, Columns, next1);
            from2.Put(sharedB, 0, TransB.Value, Columns, next2);
            from3.Put(sharedB, 0, TransB.Value, Columns, next3);
            Group.Barrier();
            for (var k = 0; k < Quarter; k++) sum = Block<T>.Fma<R>(sliceA[k * QuadsA], sliceB[k * QuadsB], sum);
            fromA = fromA.Next(!TransA.Value, Depth, a.Lda);
            from0 = from0.Next(TransB.Value, Depth, a.Ldb);
        }
        Group.Barrier();
        Share(sharedB, lane, sum);
        Group.Barrier();
        if (slice != 0) return;
        sum = Block<T>.Add(sum, Shared(sharedB, lane + 64));
        sum = Block<T>.Add(sum, Shared(sharedB, lane + 128));
        sum = Block<T>.Add(sum, Shared(sharedB, lane + 192));
        GemmEpilogue.Store<T, R, TActivation>(a, task.OffsetC, task.Row + row * 4, task.Column + column * 4, sum);
    }

    private static void Share(ArrayView<Quad<T>> shared, int lane, Block<T> block)
    {
        shared[lane] = block.R0;
        shared[lane + Lanes] = block.R1;
        shared[lane + 2 * Lanes] = block.R2;
        shared[lane + 3 * Lanes] = block.R3;
    }

    private static Block<T> Shared(ArrayView<Quad<T>> shared, int lane) =>
        Block<T>.Of(shared[lane], shared[lane + Lanes], shared[lane + 2 * Lanes], shared[lane + 3 * Lanes]);
}
