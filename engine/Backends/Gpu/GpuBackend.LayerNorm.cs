using System.Numerics;
using AmcEngine.Backends.Gpu.DeviceMath;
using AmcEngine.Backends.Gpu.Kernels;
using AmcEngine.Tensors;

namespace AmcEngine.Backends.Gpu;

// Layer norm; see Kernels/LayerNormKernels.cs and LayerNormSecondKernels.cs.
public sealed partial class GpuBackend
{
    /// <summary>Rows that share a partial of a parameter's gradient, and how many partials there are at most.</summary>
    private const int LayerNormBlock = 32, LayerNormBlocks = 128;

    /// <inheritdoc/>
    public void LayerNorm(Tensor x, Tensor gamma, Tensor beta, double eps, Tensor y, Tensor mean, Tensor rstd)
    {
        if (x.Count == 0) return;
        if (x.DType == DType.F64) LayerNorm<double, F64>(x, gamma, beta, eps, y, mean, rstd);
        else LayerNorm<float, F32>(x, gamma, beta, eps, y, mean, rstd);
    }

    private void LayerNorm<T, R>(Tensor x, Tensor gamma, Tensor beta, double eps, Tensor y, Tensor mean, Tensor rstd)
        where T : unmanaged, IFloatingPointIeee754<T> where R : struct, IReal<T>
    {
        var args = new LayerNormArgs<T>
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
        LaunchRows<LayerNormArgs<T>, LayerNormKernel<T, R, LaneTeam>, LayerNormKernel<T, R, PartTeam>, LayerNormKernel<T, R, GroupTeam>>(args.Rows, args.Width, 1, args);
    }

    /// <inheritdoc/>
    public void LayerNormBackward(Tensor x, Tensor gamma, Tensor mean, Tensor rstd, Tensor g, Tensor? dx, Tensor? dgamma, Tensor? dbeta)
    {
        if (x.DType == DType.F64) LayerNormBackward<double, F64>(x, gamma, mean, rstd, g, dx, dgamma, dbeta);
        else LayerNormBackward<float, F32>(x, gamma, mean, rstd, g, dx, dgamma, dbeta);
    }

    private void LayerNormBackward<T, R>(Tensor x, Tensor gamma, Tensor mean, Tensor rstd, Tensor g, Tensor? dx, Tensor? dgamma, Tensor? dbeta)
        where T : unmanaged, IFloatingPointIeee754<T> where R : struct, IReal<T>
    {
        if (gamma.Count == 0) return;
        if (dx is not null)
        {
            var args = new LayerNormBackwardArgs<T>
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
            LaunchRows<LayerNormBackwardArgs<T>, LayerNormBackwardKernel<T, R, LaneTeam>, LayerNormBackwardKernel<T, R, PartTeam>, LayerNormBackwardKernel<T, R, GroupTeam>>(
                args.Rows, args.Width, 1, args);
        }
        if (dgamma is not null || dbeta is not null) LayerNormParameters<T, R>(x, mean, rstd, g, dgamma, dbeta, gamma.Count);
    }

    private void LayerNormParameters<T, R>(Tensor x, Tensor mean, Tensor rstd, Tensor g, Tensor? dgamma, Tensor? dbeta, int width)
        where T : unmanaged, IFloatingPointIeee754<T> where R : struct, IReal<T>
    {
        var (block, blocks) = LayerNormCut(mean.Count);
        using var partials = Tensor.Empty([Math.Max(1, blocks), 2, width], x.DType, this);
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

    private void LayerNormCombine<T>(Tensor partials, int blocks, int parts, Tensor? dgamma, Tensor? dbeta, int width) where T : unmanaged, IFloatingPointIeee754<T>
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
    public void LayerNormDoubleBackward(Tensor x, Tensor gamma, Tensor mean, Tensor rstd, Tensor g, Tensor? ddx, Tensor? ddgamma, Tensor? ddbeta, Tensor dx, Tensor dgamma, Tensor dg)
    {
        if (gamma.Count == 0) return;
        if (x.DType == DType.F64) LayerNormSecond<double, F64>(x, gamma, mean, rstd, g, ddx, ddgamma, ddbeta, dx, dgamma, dg);
        else LayerNormSecond<float, F32>(x, gamma, mean, rstd, g, ddx, ddgamma, ddbeta, dx, dgamma, dg);
    }

    private void LayerNormSecond<T, R>(Tensor x, Tensor gamma, Tensor mean, Tensor rstd, Tensor g, Tensor? ddx, Tensor? ddgamma, Tensor? ddbeta, Tensor dx, Tensor dgamma, Tensor dg)
        where T : unmanaged, IFloatingPointIeee754<T> where R : struct, IReal<T>
    {
        int rows = mean.Count, width = gamma.Count;
        using var means = Tensor.Empty([Math.Max(1, rows), 2], x.DType, this);
        var args = new LayerNormSecondArgs<T>
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
        LaunchRows<LayerNormSecondArgs<T>, LayerNormSecondKernel<T, R, LaneTeam>, LayerNormSecondKernel<T, R, PartTeam>, LayerNormSecondKernel<T, R, GroupTeam>>(rows, width, 1, args);
        LayerNormSecondScale<T, R>(x, mean, rstd, g, ddx, means, dgamma);
    }

    // Without a cotangent of dx there is nothing to sum: no blocks.
    private void LayerNormSecondScale<T, R>(Tensor x, Tensor mean, Tensor rstd, Tensor g, Tensor? ddx, Tensor means, Tensor dgamma)
        where T : unmanaged, IFloatingPointIeee754<T> where R : struct, IReal<T>
    {
        var (block, blocks) = LayerNormCut(ddx is null ? 0 : mean.Count);
        using var partials = Tensor.Empty([Math.Max(1, blocks), dgamma.Count], x.DType, this);
        var args = new LayerNormSecondScaleKernel<T, R>.Args
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
        LaunchOver<LayerNormSecondScaleKernel<T, R>, LayerNormSecondScaleKernel<T, R>.Args>(args.Items, args);
        LayerNormCombine<T>(partials, blocks, 1, dgamma, null, dgamma.Count);
    }
}
