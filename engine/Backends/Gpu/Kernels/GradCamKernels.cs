using System.Numerics;
using System.Runtime.CompilerServices;
using AmcEngine.Backends.Gpu.DeviceMath;
using AmcEngine.Backends.Gpu.Host;
using AmcEngine.Backends.Kernels;
using AmcEngine.Tensors;
using ILGPU;

namespace AmcEngine.Backends.Gpu.Kernels;

// GradCAM maps and the sums over their regions. Layout: attention [B, H, L, 1 + P] with the class token's column first,
// maps [B, P]. Fused: rectified gradient, attention, squared token mask and the mean over heads and tokens. A lane sums
// a position over a block of rows (h, i) in order, neighbouring lanes neighbouring positions; the blocks are then
// summed in order by a reduction of columns. Region sums and maxima: a team a sample. Traffic: every tensor once.

/// <summary>GradCAM and region sums.</summary>
internal sealed class GradCamKernels(GpuContext context, ReductionKernels reduction)
    : GpuKernels(context), IGradCamKernels
{
    /// <inheritdoc/>
    public void Run(in GradCamArgs args)
    {
        if (args.A.DType == DType.F64) GradCam<double, F64>(args);
        else GradCam<float, F32>(args);
    }

    private void GradCam<T, R>(in GradCamArgs args)
        where T : unmanaged, IFloatingPointIeee754<T> where R : struct, IReal<T>
    {
        var (a, g, m, cam) = args;
        int samples = a.Shape[0], rows = a.Shape[1] * a.Shape[2], width = a.Shape[3] - 1;
        if (samples == 0 || width == 0) return;
        var blocks = rows <= ReductionKernels.ColumnBlock * 3 / 2
            ? 1
            : (rows + ReductionKernels.ColumnBlock - 1) / ReductionKernels.ColumnBlock;
        using var partials = blocks == 1 ? cam.Detach() : Tensor.Empty([samples, blocks, width], cam.DType, Backend);
        var call = new GradCamKernel<T, R>.Args
        {
            A = View<T>(a),
            G = View<T>(g),
            M = View<T>(m),
            Partials = View<T>(partials),
            Scale = Mean<T>(rows),
            Rows = rows,
            Tokens = a.Shape[2],
            Width = width,
            Block = blocks == 1 ? rows : ReductionKernels.ColumnBlock,
            Blocks = blocks,
            Count = partials.Count,
        };
        LaunchOver<GradCamKernel<T, R>, GradCamKernel<T, R>.Args>(call.Count, call);
        if (blocks > 1) reduction.ReduceWith<T, SumOp<T>>(partials, new AxisView(samples, blocks, width), cam);
    }

    /// <inheritdoc/>
    public void Run(in GradCamBackwardArgs args)
    {
        if (args.A.DType == DType.F64) GradCamBackward<double, F64>(args);
        else GradCamBackward<float, F32>(args);
    }

    private void GradCamBackward<T, R>(in GradCamBackwardArgs args)
        where T : unmanaged, IFloatingPointIeee754<T> where R : struct, IReal<T>
    {
        var (a, g, m, c, da, dg) = args;
        var rows = a.Shape[1] * a.Shape[2];
        LaunchOver<GradCamBackwardKernel<T, R>, GradCamBackwardKernel<T, R>.Args>(
            a.Count, new GradCamBackwardKernel<T, R>.Args
            {
                A = View<T>(a),
                G = View<T>(g),
                M = View<T>(m),
                C = View<T>(c),
                Da = View<T>(da),
                Dg = View<T>(dg),
                Scale = Mean<T>(rows),
                Rows = rows,
                Tokens = a.Shape[2],
                Width = a.Shape[3] - 1,
                Count = a.Count,
            });
    }

    // 1/n; 0 where there is nothing to take the mean of.
    private static T Mean<T>(int n) where T : unmanaged, IFloatingPointIeee754<T> =>
        n == 0 ? T.Zero : T.One / T.CreateTruncating(n);

    /// <inheritdoc/>
    public void Run(in RegionStatsArgs args)
    {
        if (args.Map.Count == 0) return;
        if (args.Map.DType == DType.F64) RegionStats<double>(args);
        else RegionStats<float>(args);
    }

    private void RegionStats<T>(in RegionStatsArgs args) where T : unmanaged, IFloatingPointIeee754<T>
    {
        var (map, mask, stats, where) = args;
        var call = new RegionStatsArgs<T>
        {
            Map = View<T>(map),
            Mask = View<T>(mask),
            Stats = View<T>(stats),
            Where = View<int>(where),
            Width = map.Count / map.Shape[0],
            Samples = map.Shape[0],
        };
        LaunchRows<RegionStatsArgs<T>, RegionStatsKernel<T, LaneTeam>, RegionStatsKernel<T, PartTeam>,
            RegionStatsKernel<T, GroupTeam>>(call.Samples, call.Width, 1, call);
    }

    /// <inheritdoc/>
    public void Run(in RegionStatsBackwardArgs args)
    {
        if (args.Mask.Count == 0) return;
        if (args.Mask.DType == DType.F64) RegionStatsBackward<double>(args);
        else RegionStatsBackward<float>(args);
    }

    private void RegionStatsBackward<T>(in RegionStatsBackwardArgs args)
        where T : unmanaged, IFloatingPointIeee754<T> =>
        LaunchOver<RegionStatsBackwardKernel<T>, RegionStatsBackwardKernel<T>.Args>(
            args.Mask.Count, new RegionStatsBackwardKernel<T>.Args
            {
                Mask = View<T>(args.Mask),
                Where = View<int>(args.Where),
                G = View<T>(args.G),
                Dmap = View<T>(args.Dmap),
                Width = args.Mask.Count / args.Mask.Shape[0],
                Count = args.Mask.Count,
            });
}

/// <summary>Partial [b, block, j] = Σ a·max(g, 0)·m² / (H·L) over a block of the rows (h, i).</summary>
internal readonly struct GradCamKernel<T, R> : IDeviceKernel<GradCamKernel<T, R>.Args>
    where T : unmanaged, IFloatingPointIeee754<T> where R : struct, IReal<T>
{
    /// <summary>The kernel's operands.</summary>
    public struct Args
    {
        public ArrayView<T> A;
        public ArrayView<T> G;
        public ArrayView<T> M;
        public ArrayView<T> Partials;
        public T Scale;
        public int Rows;
        public int Tokens;
        public int Width;
        public int Block;
        public int Blocks;
        public int Count;
    }

    public static void Run(Args a)
    {
        for (long item = Grid.IdxX * Group.DimX + Group.IdxX; item < a.Count; item += Grid.DimX * Group.DimX)
        {
            int at = (int)item, j = at % a.Width, part = at / a.Width, sample = part / a.Blocks,
                from = part % a.Blocks * a.Block;
            var end = from + a.Block < a.Rows ? from + a.Block : a.Rows;
            var sum = T.Zero;
            for (var r = from; r < end; r++)
            {
                var m = a.M[sample * a.Tokens + r % a.Tokens];
                var e = (sample * a.Rows + r) * (a.Width + 1) + 1 + j;
                sum = R.Fma(a.A[e] * R.Max(a.G[e], T.Zero), m * m * a.Scale, sum);
            }
            a.Partials[at] = sum;
        }
    }
}

/// <summary>da = c·m²·max(g, 0)/(H·L), dg = c·m²·a·[g ≥ 0]/(H·L), column 0 zero; a lane an element.</summary>
internal readonly struct GradCamBackwardKernel<T, R> : IDeviceKernel<GradCamBackwardKernel<T, R>.Args>
    where T : unmanaged, IFloatingPointIeee754<T> where R : struct, IReal<T>
{
    /// <summary>The kernel's operands.</summary>
    public struct Args
    {
        public ArrayView<T> A;
        public ArrayView<T> G;
        public ArrayView<T> M;
        public ArrayView<T> C;
        public ArrayView<T> Da;
        public ArrayView<T> Dg;
        public T Scale;
        public int Rows;
        public int Tokens;
        public int Width;
        public int Count;
    }

    public static void Run(Args a)
    {
        for (long item = Grid.IdxX * Group.DimX + Group.IdxX; item < a.Count; item += Grid.DimX * Group.DimX)
        {
            int at = (int)item, row = at / (a.Width + 1), j = at % (a.Width + 1) - 1, sample = row / a.Rows;
            T da = T.Zero, dg = T.Zero;
            if (j >= 0)
            {
                var m = a.M[sample * a.Tokens + row % a.Tokens];
                var k = a.C[sample * a.Width + j] * (m * m * a.Scale);
                var g = a.G[at];
                da = k * R.Max(g, T.Zero);
                dg = g >= T.Zero ? k * a.A[at] : T.Zero;
            }
            a.Da[at] = da;
            a.Dg[at] = dg;
        }
    }
}

/// <summary>Sums and maxima inside and outside of a region.</summary>
internal struct Region<T> where T : unmanaged, IFloatingPointIeee754<T>
{
    public T SumIn;
    public T SumOut;
    public Extreme<T> MaxIn;
    public Extreme<T> MaxOut;
}

/// <summary>Unites the sums and maxima of two sets of positions.</summary>
internal readonly struct RegionOp<T> : ICombine<Region<T>> where T : unmanaged, IFloatingPointIeee754<T>
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Region<T> Combine(Region<T> a, Region<T> b) => new()
    {
        SumIn = a.SumIn + b.SumIn,
        SumOut = a.SumOut + b.SumOut,
        MaxIn = FirstMaxOp<T>.Combine(a.MaxIn, b.MaxIn),
        MaxOut = FirstMaxOp<T>.Combine(a.MaxOut, b.MaxOut),
    };
}

/// <summary>Arguments of <see cref="RegionStatsKernel{T, TTeam}"/>.</summary>
internal struct RegionStatsArgs<T> where T : unmanaged
{
    public ArrayView<T> Map;
    public ArrayView<T> Mask;
    public ArrayView<T> Stats;
    public ArrayView<int> Where;
    public int Width;
    public int Samples;
}

/// <summary>
/// Sums and maxima of a map inside and outside a region, and the first places of the maxima; the first NaN wins.
/// </summary>
internal readonly struct RegionStatsKernel<T, TTeam> : IDeviceKernel<RegionStatsArgs<T>>
    where T : unmanaged, IFloatingPointIeee754<T> where TTeam : struct, ITeam
{
    public static void Run(RegionStatsArgs<T> a)
    {
        int sample = Rows.Index<TTeam>(), lane = Rows.Lane<TTeam>(), start = sample * a.Width;
        var count = sample < a.Samples ? a.Width : 0;
        var all =
            new Region<T> { SumIn = T.Zero, SumOut = T.Zero, MaxIn = Extreme<T>.Lowest, MaxOut = Extreme<T>.Lowest };
        for (var j = lane; j < count; j += TTeam.Lanes)
        {
            T map = a.Map[start + j], mask = a.Mask[start + j];
            T inside = map * mask, outside = map * (T.One - mask);
            all = RegionOp<T>.Combine(all, new()
            {
                SumIn = inside,
                SumOut = outside,
                MaxIn = new() { Value = inside, Index = j },
                MaxOut = new() { Value = outside, Index = j },
            });
        }
        all = TTeam.Reduce<Region<T>, RegionOp<T>>(all);
        if (!(sample < a.Samples & lane == 0)) return;
        a.Stats[4 * sample] = all.SumIn;
        a.Stats[4 * sample + 1] = all.SumOut;
        a.Stats[4 * sample + 2] = all.MaxIn.Value;
        a.Stats[4 * sample + 3] = all.MaxOut.Value;
        a.Where[2 * sample] = all.MaxIn.Index;
        a.Where[2 * sample + 1] = all.MaxOut.Index;
    }
}

/// <summary>
/// dmap = g₀·mask + g₁·(1 − mask), plus g₂·mask and g₃·(1 − mask) at the places of the maxima; a lane an element.
/// </summary>
internal readonly struct RegionStatsBackwardKernel<T> : IDeviceKernel<RegionStatsBackwardKernel<T>.Args>
    where T : unmanaged, IFloatingPointIeee754<T>
{
    /// <summary>The kernel's operands.</summary>
    public struct Args
    {
        public ArrayView<T> Mask;
        public ArrayView<int> Where;
        public ArrayView<T> G;
        public ArrayView<T> Dmap;
        public int Width;
        public int Count;
    }

    public static void Run(Args a)
    {
        for (long item = Grid.IdxX * Group.DimX + Group.IdxX; item < a.Count; item += Grid.DimX * Group.DimX)
        {
            int at = (int)item, sample = at / a.Width, j = at % a.Width;
            T inside = a.Mask[at], outside = T.One - inside;
            var d = a.G[4 * sample] * inside + a.G[4 * sample + 1] * outside;
            if (j == a.Where[2 * sample]) d += a.G[4 * sample + 2] * inside;
            if (j == a.Where[2 * sample + 1]) d += a.G[4 * sample + 3] * outside;
            a.Dmap[at] = d;
        }
    }
}
