using System.Numerics;
using AmcEngine.Backends.Gpu.DeviceMath;
using AmcEngine.Backends.Gpu.Host;
using ILGPU;

namespace AmcEngine.Backends.Gpu.Kernels;

/// <summary>
/// Adds the partial sums of a product whose K was cut: A is [splits, entries, M, N], packed, and C the result. Layout:
/// a lane takes four neighbours of a row and strides. Fused: <see cref="GemmEpilogue"/>. Accumulated: the splits in
/// order, so that the same bits come out each time. Cost: splits FLOP and 4·splits bytes (8 in f64) an element of the
/// result.
/// </summary>
internal readonly struct GemmReduceKernel<T, R, TVector, TActivation> : IDeviceKernel<GemmArgs<T>>
    where T : unmanaged, IFloatingPointIeee754<T>
    where R : struct, IReal<T> where TVector : struct, IFlag where TActivation : struct, IUnaryOp
{
    public static void Run(GemmArgs<T> a)
    {
        var quads = a.Entries * a.M * a.TilesN;
        for (var i = Grid.GlobalIndex.X; i < quads; i += Grid.DimX * Group.DimX)
        {
            // Rows of all entries, one below the other.
            var line = i / a.TilesN;
            var column = (i - line * a.TilesN) * 4;
            var index = line * a.N + column;
            var sum = Quad.Zero<T>();
            for (var s = 0; s < a.Splits; s++)
                sum = Quad.Add(sum, GemmLoad.Four<T, TVector>(a.A, index + s * a.SplitStride, true, a.N - column));
            var entry = line / a.M;
            var b0 = entry / a.Batch1;
            var b1 = entry - b0 * a.Batch1;
            var offset = b0 * a.C0 + b1 * a.C1 + (line - entry * a.M) * a.Ldc + column;
            GemmEpilogue.StoreQuad<T, R, TActivation>(a, offset, column, sum);
        }
    }
}
