using System.Numerics;
using AmcEngine.Tensors;

namespace AmcEngine.Backends.Cpu;

// Softmax and layer norm; see NormalizationKernels.cs and LayerNormKernels.cs.
public sealed partial class CpuBackend
{
    /// <summary>Rows that share one partial of dgamma and dbeta.</summary>
    private const int LayerNormBlock = 32;

    /// <inheritdoc/>
    public void Softmax(Tensor x, AxisView axis, bool log, Tensor y)
    {
        if (y.DType == DType.F64) Softmax<double>(x, axis, log, y);
        else Softmax<float>(x, axis, log, y);
    }

    private unsafe void Softmax<T>(Tensor x, AxisView axis, bool log, Tensor y) where T : unmanaged, IFloatingPointIeee754<T>
    {
        if (y.Count == 0) return;
        var tile = RowTile(DearTile, (long)axis.Length * axis.Inner);
        if (axis.Inner == 1) Run<T, SoftmaxRowsKernel<T>>(new SoftmaxRowsKernel<T>(Ptr<T>(x), axis.Length, log, Streams(y), Ptr<T>(y)), axis.Outer, tile);
        else Run<T, SoftmaxColumnsKernel<T>>(new SoftmaxColumnsKernel<T>(Ptr<T>(x), axis, log, Ptr<T>(y)), axis.Outer, tile);
    }

    /// <inheritdoc/>
    public void SoftmaxBackward(Tensor y, Tensor g, AxisView axis, bool log, Tensor dx)
    {
        if (y.DType == DType.F64) SoftmaxBackward<double>(y, g, axis, log, dx);
        else SoftmaxBackward<float>(y, g, axis, log, dx);
    }

    private unsafe void SoftmaxBackward<T>(Tensor y, Tensor g, AxisView axis, bool log, Tensor dx) where T : unmanaged, IFloatingPointIeee754<T> =>
        Run<T, SoftmaxBackwardKernel<T>>(
            new SoftmaxBackwardKernel<T>(Ptr<T>(y), Ptr<T>(g), axis, log, Ptr<T>(dx)), axis.Outer, RowTile(log ? DearTile : CheapTile, (long)axis.Length * axis.Inner));

    /// <inheritdoc/>
    public void LayerNorm(Tensor x, Tensor gamma, Tensor beta, double eps, Tensor y, Tensor mean, Tensor rstd)
    {
        if (y.DType == DType.F64) LayerNorm<double>(x, gamma, beta, eps, y, mean, rstd);
        else LayerNorm<float>(x, gamma, beta, eps, y, mean, rstd);
    }

    private unsafe void LayerNorm<T>(Tensor x, Tensor gamma, Tensor beta, double eps, Tensor y, Tensor mean, Tensor rstd) where T : unmanaged, IFloatingPointIeee754<T>
    {
        if (x.Count == 0) return;
        var kernel = new LayerNormKernel<T>(Ptr<T>(x), Ptr<T>(gamma), Ptr<T>(beta), Cast<T>(eps), gamma.Count, Ptr<T>(y), Ptr<T>(mean), Ptr<T>(rstd), Streams(y));
        Run<T, LayerNormKernel<T>>(kernel, mean.Count, RowTile(CheapTile / 2, gamma.Count));
    }

    /// <inheritdoc/>
    public void LayerNormBackward(Tensor x, Tensor gamma, Tensor mean, Tensor rstd, Tensor g, Tensor? dx, Tensor? dgamma, Tensor? dbeta)
    {
        if (x.DType == DType.F64) LayerNormBackward<double>(x, gamma, mean, rstd, g, dx, dgamma, dbeta);
        else LayerNormBackward<float>(x, gamma, mean, rstd, g, dx, dgamma, dbeta);
    }

    private unsafe void LayerNormBackward<T>(Tensor x, Tensor gamma, Tensor mean, Tensor rstd, Tensor g, Tensor? dx, Tensor? dgamma, Tensor? dbeta)
        where T : unmanaged, IFloatingPointIeee754<T>
    {
        int rows = mean.Count, width = gamma.Count, blocks = (rows + LayerNormBlock - 1) / LayerNormBlock;
        var parameters = dgamma is not null || dbeta is not null;
        using var scratch = Borrow(parameters ? (2L * blocks + 2) * width * sizeof(T) : 0);
        var partials = parameters ? (T*)scratch.Pointer : null;
        var kernel = new LayerNormBackwardKernel<T>(
            Ptr<T>(x), Ptr<T>(gamma), Ptr<T>(mean), Ptr<T>(rstd), Ptr<T>(g), rows, width, LayerNormBlock, dx is null ? null : Ptr<T>(dx), dx is not null && Streams(dx), partials);
        Run<T, LayerNormBackwardKernel<T>>(kernel, blocks, RowTile(CheapTile / 2, (long)LayerNormBlock * width));
        if (!parameters) return;
        var sums = partials + 2L * blocks * width;
        ReduceColumns<T, SumOp>(partials, new AxisView(1, blocks, 2 * width), sums);
        if (dgamma is not null) new ReadOnlySpan<T>(sums, width).CopyTo(new Span<T>(Ptr<T>(dgamma), width));
        if (dbeta is not null) new ReadOnlySpan<T>(sums + width, width).CopyTo(new Span<T>(Ptr<T>(dbeta), width));
    }

    /// <inheritdoc/>
    public void LayerNormDoubleBackward(Tensor x, Tensor gamma, Tensor mean, Tensor rstd, Tensor g, Tensor? ddx, Tensor? ddgamma, Tensor? ddbeta, Tensor dx, Tensor dgamma, Tensor dg)
    {
        if (x.DType == DType.F64) LayerNormDoubleBackward<double>(x, gamma, mean, rstd, g, ddx, ddgamma, ddbeta, dx, dgamma, dg);
        else LayerNormDoubleBackward<float>(x, gamma, mean, rstd, g, ddx, ddgamma, ddbeta, dx, dgamma, dg);
    }

    private unsafe void LayerNormDoubleBackward<T>(
        Tensor x, Tensor gamma, Tensor mean, Tensor rstd, Tensor g, Tensor? ddx, Tensor? ddgamma, Tensor? ddbeta, Tensor dx, Tensor dgamma, Tensor dg)
        where T : unmanaged, IFloatingPointIeee754<T>
    {
        int rows = mean.Count, width = gamma.Count, blocks = (rows + LayerNormBlock - 1) / LayerNormBlock;
        using var scratch = Borrow((blocks + 1L) * width * sizeof(T));
        var partials = (T*)scratch.Pointer;
        // One row of zeros stands for every cotangent that is null.
        var zeros = partials + (long)blocks * width;
        new Span<T>(zeros, width).Clear();
        var kernel = new LayerNormDoubleBackwardKernel<T>
        {
            X = Ptr<T>(x),
            Gamma = Ptr<T>(gamma),
            Mean = Ptr<T>(mean),
            Rstd = Ptr<T>(rstd),
            G = Ptr<T>(g),
            Ddx = ddx is null ? zeros : Ptr<T>(ddx),
            DdxStride = ddx is null ? 0 : width,
            Ddgamma = ddgamma is null ? zeros : Ptr<T>(ddgamma),
            Ddbeta = ddbeta is null ? zeros : Ptr<T>(ddbeta),
            Rows = rows,
            Width = width,
            Block = LayerNormBlock,
            Dx = Ptr<T>(dx),
            Dg = Ptr<T>(dg),
            Partials = partials,
        };
        Run<T, LayerNormDoubleBackwardKernel<T>>(kernel, blocks, RowTile(CheapTile / 4, (long)LayerNormBlock * width));
        ReduceColumns<T, SumOp>(partials, new AxisView(1, blocks, width), Ptr<T>(dgamma));
    }
}
