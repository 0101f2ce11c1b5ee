using System.Numerics;
using AmcEngine.Backends.Gpu.DeviceMath;
using AmcEngine.Backends.Gpu.Host;
using AmcEngine.Backends.Kernels;
using AmcEngine.Tensors;
using ILGPU;

namespace AmcEngine.Backends.Gpu.Kernels;

// Layer norm of rows [rows, D]. Layout: a team a row. Forward: mean, then the variance about it, then the affine map;
// the row is read from memory once and from cache twice. Backward: two inner products of a row in one reduction, then
// dx. dgamma and dbeta: a lane sums a column over a block of rows in order (neighbouring lanes, neighbouring columns),
// a second kernel sums the blocks in order. Traffic: every tensor once from memory. The second order is in
// LayerNormDoubleBackwardKernels.cs.

/// <summary>Layer norm; its double backward in LayerNormDoubleBackwardKernels.cs.</summary>
internal sealed class LayerNormKernels(GpuContext context) : GpuKernels(context), ILayerNormKernels
{
    /// <summary>Rows that share a partial of a parameter's gradient, and how many partials there are at most.</summary>
    private const int LayerNormBlock = 32, LayerNormBlocks = 128;

    /// <inheritdoc/>
    public void Run(in LayerNormArgs args)
    {
        if (args.X.Count == 0) return;
        if (args.X.DType == DType.F64) LayerNorm<double, F64>(args);
        else LayerNorm<float, F32>(args);
    }

    private void LayerNorm<T, R>(in LayerNormArgs args)
        where T : unmanaged, IFloatingPointIeee754<T> where R : struct, IReal<T>
    {
        var (x, gamma, beta, eps, y, mean, rstd) = args;
        var call = new LayerNormArgs<T>
        {
            X = View<T>(x),
            Gamma = View<T>(gamma),
            Beta = View<T>(beta),
            Y = View<T>(y),
            Mean = View<T>(mean),
            Rstd = View<T>(rstd),
            Eps = T.CreateChecked(eps),
            Width = gamma.Count,
            Rows = mean.Count,
        };
        LaunchRows<LayerNormArgs<T>, LayerNormKernel<T, R, LaneTeam>, LayerNormKernel<T, R, PartTeam>,
            LayerNormKernel<T, R, GroupTeam>>(call.Rows, call.Width, 1, call);
    }

    /// <inheritdoc/>
    public void Run(in LayerNormBackwardArgs args)
    {
        if (args.X.DType == DType.F64) LayerNormBackward<double, F64>(args);
        else LayerNormBackward<float, F32>(args);
    }

    private void LayerNormBackward<T, R>(in LayerNormBackwardArgs args)
        where T : unmanaged, IFloatingPointIeee754<T> where R : struct, IReal<T>
    {
        var (x, gamma, mean, rstd, g, dx, dgamma, dbeta) = args;
        if (gamma.Count == 0) return;
        if (dx is not null)
        {
            var call = new LayerNormBackwardArgs<T>
            {
                X = View<T>(x),
                Gamma = View<T>(gamma),
                Mean = View<T>(mean),
                Rstd = View<T>(rstd),
                G = View<T>(g),
                Dx = View<T>(dx),
                Width = gamma.Count,
                Rows = mean.Count,
            };
            LaunchRows<LayerNormBackwardArgs<T>, LayerNormBackwardKernel<T, R, LaneTeam>,
                LayerNormBackwardKernel<T, R, PartTeam>, LayerNormBackwardKernel<T, R, GroupTeam>>(
                    call.Rows, call.Width, 1, call);
        }
        if (dgamma is not null || dbeta is not null)
            LayerNormParameters<T, R>(x, mean, rstd, g, dgamma, dbeta, gamma.Count);
    }

    private void LayerNormParameters<T, R>(
        Tensor x, Tensor mean, Tensor rstd, Tensor g, Tensor? dgamma, Tensor? dbeta, int width)
        where T : unmanaged, IFloatingPointIeee754<T> where R : struct, IReal<T>
    {
        var (block, blocks) = LayerNormCut(mean.Count);
        using var partials = Tensor.Empty([Math.Max(1, blocks), 2, width], x.DType, Backend);
        var args = new LayerNormParametersKernel<T, R>.Args
        {
            X = View<T>(x),
            Mean = View<T>(mean),
            Rstd = View<T>(rstd),
            G = View<T>(g),
            Partials = View<T>(partials),
            Width = width,
            Rows = mean.Count,
            Block = block,
            Items = blocks * width,
        };
        LaunchOver<LayerNormParametersKernel<T, R>, LayerNormParametersKernel<T, R>.Args>(args.Items, args);
        LayerNormCombine<T>(partials, blocks, 2, dgamma, dbeta, width);
    }

    private void LayerNormCombine<T>(Tensor partials, int blocks, int parts, Tensor? dgamma, Tensor? dbeta, int width)
        where T : unmanaged, IFloatingPointIeee754<T>
    {
        var args = new LayerNormCombineKernel<T>.Args
        {
            Partials = View<T>(partials),
            Dgamma = ViewOrEmpty<T>(dgamma),
            Dbeta = ViewOrEmpty<T>(dbeta),
            HasGamma = dgamma is null ? 0 : 1,
            HasBeta = dbeta is null ? 0 : 1,
            Width = width,
            Blocks = blocks,
            Parts = parts,
        };
        LaunchOver<LayerNormCombineKernel<T>, LayerNormCombineKernel<T>.Args>(parts * width, args);
    }

    // Rows of a block, and the number of blocks.
    private static (int Block, int Blocks) LayerNormCut(int rows)
    {
        var block = Math.Max(LayerNormBlock, (rows + LayerNormBlocks - 1) / LayerNormBlocks);
        return (block, (rows + block - 1) / block);
    }

    /// <inheritdoc/>
    public void Run(in LayerNormDoubleBackwardArgs args)
    {
        if (args.Gamma.Count == 0) return;
        if (args.X.DType == DType.F64) LayerNormDoubleBackward<double, F64>(args);
        else LayerNormDoubleBackward<float, F32>(args);
    }

    private void LayerNormDoubleBackward<T, R>(in LayerNormDoubleBackwardArgs args)
        where T : unmanaged, IFloatingPointIeee754<T> where R : struct, IReal<T>
    {
        var (x, gamma, mean, rstd, g, ddx, ddgamma, ddbeta, dx, dgamma, dg) = args;
        int rows = mean.Count, width = gamma.Count;
        using var means = Tensor.Empty([Math.Max(1, rows), 2], x.DType, Backend);
        var call = new LayerNormDoubleBackwardArgs<T>
        {
            X = View<T>(x),
            Gamma = View<T>(gamma),
            Mean = View<T>(mean),
            Rstd = View<T>(rstd),
            G = View<T>(g),
            Ddx = ViewOrEmpty<T>(ddx),
            Ddgamma = ViewOrEmpty<T>(ddgamma),
            Ddbeta = ViewOrEmpty<T>(ddbeta),
            Dx = View<T>(dx),
            Dg = View<T>(dg),
            Means = View<T>(means),
            HasX = ddx is null ? 0 : 1,
            HasGamma = ddgamma is null ? 0 : 1,
            HasBeta = ddbeta is null ? 0 : 1,
            Width = width,
            Rows = rows,
        };
        LaunchRows<LayerNormDoubleBackwardArgs<T>, LayerNormDoubleBackwardKernel<T, R, LaneTeam>,
            LayerNormDoubleBackwardKernel<T, R, PartTeam>,
            LayerNormDoubleBackwardKernel<T, R, GroupTeam>>(rows, width, 1, call);
        LayerNormDoubleBackwardScale<T, R>(x, mean, rstd, g, ddx, means, dgamma);
    }

    // Without a cotangent of dx there is nothing to sum: no blocks.
    private void LayerNormDoubleBackwardScale<T, R>(
        Tensor x, Tensor mean, Tensor rstd, Tensor g, Tensor? ddx, Tensor means, Tensor dgamma)
        where T : unmanaged, IFloatingPointIeee754<T> where R : struct, IReal<T>
    {
        var (block, blocks) = LayerNormCut(ddx is null ? 0 : mean.Count);
        using var partials = Tensor.Empty([Math.Max(1, blocks), dgamma.Count], x.DType, Backend);
        var args = new LayerNormDoubleBackwardScaleKernel<T, R>.Args
        {
            X = View<T>(x),
            Mean = View<T>(mean),
            Rstd = View<T>(rstd),
            G = View<T>(g),
            Ddx = ViewOrEmpty<T>(ddx),
            Means = View<T>(means),
            Partials = View<T>(partials),
            Width = dgamma.Count,
            Rows = mean.Count,
            Block = block,
            Items = blocks * dgamma.Count,
        };
        LaunchOver<LayerNormDoubleBackwardScaleKernel<T, R>, LayerNormDoubleBackwardScaleKernel<T, R>.Args>(
            args.Items, args);
        LayerNormCombine<T>(partials, blocks, 1, dgamma, null, dgamma.Count);
    }
}

/// <summary>Arguments of <see cref="LayerNormKernel{T, R, TTeam}"/>.</summary>
internal struct LayerNormArgs<T> where T : unmanaged
{
    public ArrayView<T> X;
    public ArrayView<T> Gamma;
    public ArrayView<T> Beta;
    public ArrayView<T> Y;
    public ArrayView<T> Mean;
    public ArrayView<T> Rstd;
    public T Eps;
    public int Width;
    public int Rows;
}

/// <summary>y = (x − mean)·rstd·gamma + beta.</summary>
internal readonly struct LayerNormKernel<T, R, TTeam> : IDeviceKernel<LayerNormArgs<T>>
    where T : unmanaged, IFloatingPointIeee754<T> where R : struct, IReal<T> where TTeam : struct, ITeam
{
    public static void Run(LayerNormArgs<T> a)
    {
        int row = Rows.Index<TTeam>(), lane = Rows.Lane<TTeam>(), start = row * a.Width;
        var count = row < a.Rows ? a.Width : 0;
        var width = R.FromInt(a.Width);
        var sum = T.Zero;
        for (var i = lane; i < count; i += TTeam.Lanes) sum += a.X[start + i];
        var mean = TTeam.Reduce<T, SumOp<T>>(sum) / width;
        var squares = T.Zero;
        for (var i = lane; i < count; i += TTeam.Lanes)
        {
            var d = a.X[start + i] - mean;
            squares = R.Fma(d, d, squares);
        }
        var rstd = T.One / R.Sqrt(TTeam.Reduce<T, SumOp<T>>(squares) / width + a.Eps);
        for (var i = lane; i < count; i += TTeam.Lanes)
            a.Y[start + i] = R.Fma((a.X[start + i] - mean) * rstd, a.Gamma[i], a.Beta[i]);
        if (!(row < a.Rows & lane == 0)) return;
        a.Mean[row] = mean;
        a.Rstd[row] = rstd;
    }
}

/// <summary>Arguments of <see cref="LayerNormBackwardKernel{T, R, TTeam}"/>.</summary>
internal struct LayerNormBackwardArgs<T> where T : unmanaged
{
    public ArrayView<T> X;
    public ArrayView<T> Gamma;
    public ArrayView<T> Mean;
    public ArrayView<T> Rstd;
    public ArrayView<T> G;
    public ArrayView<T> Dx;
    public int Width;
    public int Rows;
}

/// <summary>dx = rstd·(g·gamma − mean(g·gamma) − n·mean(g·gamma·n)), n the normalised row.</summary>
internal readonly struct LayerNormBackwardKernel<T, R, TTeam> : IDeviceKernel<LayerNormBackwardArgs<T>>
    where T : unmanaged, IFloatingPointIeee754<T> where R : struct, IReal<T> where TTeam : struct, ITeam
{
    public static void Run(LayerNormBackwardArgs<T> a)
    {
        int row = Rows.Index<TTeam>(), lane = Rows.Lane<TTeam>(), start = row * a.Width;
        var count = row < a.Rows ? a.Width : 0;
        T mean = T.Zero, rstd = T.Zero;
        if (row < a.Rows)
        {
            mean = a.Mean[row];
            rstd = a.Rstd[row];
        }
        var s = new Sums2<T> { A = T.Zero, B = T.Zero };
        for (var i = lane; i < count; i += TTeam.Lanes)
        {
            var u = a.G[start + i] * a.Gamma[i];
            s.A += u;
            s.B = R.Fma(u, (a.X[start + i] - mean) * rstd, s.B);
        }
        s = TTeam.Reduce<Sums2<T>, Sums2Op<T>>(s);
        T width = R.FromInt(a.Width), first = s.A / width, second = s.B / width;
        for (var i = lane; i < count; i += TTeam.Lanes)
        {
            var n = (a.X[start + i] - mean) * rstd;
            a.Dx[start + i] = rstd * (a.G[start + i] * a.Gamma[i] - first - n * second);
        }
    }
}

/// <summary>
/// Partials [blocks, 2, D] of dgamma = Σ g·n and dbeta = Σ g over blocks of rows; a lane a column of a block.
/// </summary>
internal readonly struct LayerNormParametersKernel<T, R> : IDeviceKernel<LayerNormParametersKernel<T, R>.Args>
    where T : unmanaged, IFloatingPointIeee754<T> where R : struct, IReal<T>
{
    /// <summary>The kernel's operands.</summary>
    public struct Args
    {
        public ArrayView<T> X;
        public ArrayView<T> Mean;
        public ArrayView<T> Rstd;
        public ArrayView<T> G;
        public ArrayView<T> Partials;
        public int Width;
        public int Rows;
        public int Block;
        public int Items;
    }

    public static void Run(Args a)
    {
        for (var item = Grid.IdxX * Group.DimX + Group.IdxX; item < a.Items; item += Grid.DimX * Group.DimX)
        {
            int block = item / a.Width, column = item % a.Width, from = block * a.Block;
            var end = from + a.Block < a.Rows ? from + a.Block : a.Rows;
            T dgamma = T.Zero, dbeta = T.Zero;
            for (var r = from; r < end; r++)
            {
                var at = r * a.Width + column;
                var g = a.G[at];
                dgamma = R.Fma(g, (a.X[at] - a.Mean[r]) * a.Rstd[r], dgamma);
                dbeta += g;
            }
            a.Partials[2 * block * a.Width + column] = dgamma;
            a.Partials[(2 * block + 1) * a.Width + column] = dbeta;
        }
    }
}

/// <summary>
/// Sums partials [blocks, parts, D] over the blocks: part 0 to dgamma, part 1 to dbeta; a lane a column.
/// </summary>
internal readonly struct LayerNormCombineKernel<T> : IDeviceKernel<LayerNormCombineKernel<T>.Args>
    where T : unmanaged, IFloatingPointIeee754<T>
{
    /// <summary>The kernel's operands.</summary>
    public struct Args
    {
        public ArrayView<T> Partials;
        public ArrayView<T> Dgamma;
        public ArrayView<T> Dbeta;
        public int HasGamma;
        public int HasBeta;
        public int Width;
        public int Blocks;
        public int Parts;
    }

    public static void Run(Args a)
    {
        var stride = a.Parts * a.Width;
        for (var item = Grid.IdxX * Group.DimX + Group.IdxX; item < stride; item += Grid.DimX * Group.DimX)
        {
            var sum = T.Zero;
            for (var b = 0; b < a.Blocks; b++) sum += a.Partials[b * stride + item];
            if (item < a.Width)
            {
                if (a.HasGamma != 0) a.Dgamma[item] = sum;
            }
            else if (a.HasBeta != 0)
            {
                a.Dbeta[item - a.Width] = sum;
            }
        }
    }
}
