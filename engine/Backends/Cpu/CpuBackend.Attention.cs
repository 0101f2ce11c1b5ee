using System.Numerics;
using AmcEngine.Tensors;

namespace AmcEngine.Backends.Cpu;

public sealed partial class CpuBackend
{
    // Query rows of a block: eight full micro-kernels of AVX-512.
    private const int QueryBlock = 112;

    /// <inheritdoc/>
    /// <remarks>A row whose scores are all −∞ gives output 0 and lse −∞.</remarks>
    public void Attention(in AttentionArgs args, Tensor output, Tensor lse)
    {
        if (args.Q.DType == DType.F64) AttentionWidth<double>(args, output, lse, null);
        else AttentionWidth<float>(args, output, lse, null);
    }

    /// <inheritdoc/>
    /// <remarks>A row whose scores are all −∞ has no gradient.</remarks>
    public void AttentionBackward(in AttentionArgs args, Tensor output, Tensor lse, Tensor g, Tensor dq, Tensor dk, Tensor dv)
    {
        Tensor[] gradients = [g, dq, dk, dv];
        if (args.Q.DType == DType.F64) AttentionWidth<double>(args, output, lse, gradients);
        else AttentionWidth<float>(args, output, lse, gradients);
    }

    /// <inheritdoc/>
    /// <remarks>A row whose scores are all −∞ has no gradient.</remarks>
    public void AttentionDoubleBackward(in AttentionArgs args, Tensor output, Tensor lse, Tensor g, Tensor? ddq, Tensor? ddk, Tensor? ddv, Tensor dg, Tensor dq, Tensor dk, Tensor dv)
    {
        Tensor?[] tensors = [g, ddq, ddk, ddv, dg, dq, dk, dv];
        if (args.Q.DType == DType.F64) AttentionDoubleBackwardWidth<double>(args, output, lse, tensors);
        else AttentionDoubleBackwardWidth<float>(args, output, lse, tensors);
    }

    /// <inheritdoc/>
    /// <remarks>A row whose scores are all −∞ becomes 0.</remarks>
    public void MaskedSoftmax(Tensor x, double scale, Tensor? mask, long maskBatch, long maskHead, int maskRow, Tensor y)
    {
        if (x.Count == 0) return;
        if (x.DType == DType.F64) MaskedSoftmaxWidth<double>(x, scale, mask, maskBatch, maskHead, maskRow, y);
        else MaskedSoftmaxWidth<float>(x, scale, mask, maskBatch, maskHead, maskRow, y);
    }

    private unsafe void AttentionWidth<T>(in AttentionArgs args, Tensor output, Tensor lse, Tensor[]? gradients) where T : unmanaged, IFloatingPointIeee754<T>
    {
        if (args.B == 0 || args.H == 0 || args.D == 0) return;
        var problem = Problem<T>(args, output, lse);
        if (gradients is not null)
        {
            problem.G = Ptr<T>(gradients[0]);
            problem.Dq = Ptr<T>(gradients[1]);
            problem.Dk = Ptr<T>(gradients[2]);
            problem.Dv = Ptr<T>(gradients[3]);
        }
        int heads = args.B * args.H, lq = args.Lq;
        var backward = gradients is not null;
        var work = (backward ? 10.0 : 4.0) * heads * lq * args.Lk * (args.D + 8);
        if (backward)
        {
            RunTiles(heads, Together<T>(args), work, (from, to) => Simd.Run<T, AttentionBackwardKernel<T>>(new AttentionBackwardKernel<T>(problem, QueryBlock), from, to));
            return;
        }
        // Heads are enough tiles as a rule; few heads of many rows are cut finer.
        var blocks = (lq + QueryBlock - 1) / QueryBlock;
        if (_workers.Threads > 1) blocks = Math.Max(blocks, Math.Min((lq + 13) / 14, (4 * _workers.Threads + heads - 1) / heads));
        RunTiles(heads * blocks, Together<T>(args) * blocks, work, (from, to) => Simd.Run<T, AttentionForwardKernel<T>>(new AttentionForwardKernel<T>(problem, blocks), from, to));
    }

    private unsafe void AttentionDoubleBackwardWidth<T>(in AttentionArgs args, Tensor output, Tensor lse, Tensor?[] tensors) where T : unmanaged, IFloatingPointIeee754<T>
    {
        if (args.B == 0 || args.H == 0 || args.D == 0) return;
        T* Pointer(int i) => tensors[i] is { } t ? Ptr<T>(t) : null;
        var problem = Problem<T>(args, output, lse);
        problem.G = Pointer(0);
        problem.Ddq = Pointer(1);
        problem.Ddk = Pointer(2);
        problem.Ddv = Pointer(3);
        problem.Dg = Pointer(4);
        problem.Dq = Pointer(5);
        problem.Dk = Pointer(6);
        problem.Dv = Pointer(7);
        var heads = args.B * args.H;
        var work = 24.0 * heads * args.Lq * args.Lk * (args.D + 8);
        RunTiles(heads, Together<T>(args), work, (from, to) => Simd.Run<T, AttentionDoubleBackwardKernel<T>>(new AttentionDoubleBackwardKernel<T>(problem, QueryBlock), from, to));
    }

    private unsafe AttentionProblem<T> Problem<T>(in AttentionArgs args, Tensor output, Tensor lse) where T : unmanaged => new()
    {
        Args = args,
        Q = Ptr<T>(args.Q),
        K = Ptr<T>(args.K),
        V = Ptr<T>(args.V),
        Mask = args.Mask is null ? null : Ptr<T>(args.Mask),
        Output = Ptr<T>(output),
        Lse = Ptr<T>(lse),
    };

    // Heads that one thread takes together: neighbours whose rows share cache lines would take them from each other at every write.
    private unsafe int Together<T>(in AttentionArgs args) where T : unmanaged =>
        args.QLayout.Head == args.D && args.D * sizeof(T) % 64 != 0 && args.B >= 2 * _workers.Threads ? args.H : 1;

    private void RunTiles(int tiles, double work, Action<int, int> body) => RunTiles(tiles, 1, work, body);

    // Tiles [from, to) on this thread alone where waking another costs more than it saves; small ones in groups of a multiple of
    // so many together.
    private void RunTiles(int tiles, int together, double work, Action<int, int> body)
    {
        if (work < InlineFlops || _workers.Threads == 1)
        {
            body(0, tiles);
            return;
        }
        var units = tiles / together;
        var groups = (int)Math.Clamp(Math.Min(units, work / TileFlops), Math.Min(units, 2 * _workers.Threads), units);
        _workers.Run(groups, g => body((int)((long)units * g / groups) * together, (int)((long)units * (g + 1) / groups) * together));
    }

    private unsafe void MaskedSoftmaxWidth<T>(Tensor x, double scale, Tensor? mask, long maskBatch, long maskHead, int maskRow, Tensor y) where T : unmanaged, IFloatingPointIeee754<T>
    {
        var kernel = new MaskedSoftmaxKernel<T>(Ptr<T>(x), T.CreateChecked(scale), x.Shape, mask is null ? null : Ptr<T>(mask), maskBatch, maskHead, maskRow, Ptr<T>(y));
        RunTiles(x.Shape[0] * x.Shape[1], 30.0 * x.Count, (from, to) => Simd.Run<T, MaskedSoftmaxKernel<T>>(kernel, from, to));
    }
}
