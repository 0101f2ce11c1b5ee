using System.Numerics;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;
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
        var problem = new AttentionProblem<T>
        {
            Args = args,
            Q = Ptr<T>(args.Q),
            K = Ptr<T>(args.K),
            V = Ptr<T>(args.V),
            Mask = args.Mask is null ? null : Ptr<T>(args.Mask),
            Output = Ptr<T>(output),
            Lse = Ptr<T>(lse),
        };
        if (gradients is not null)
        {
            problem.G = Ptr<T>(gradients[0]);
            problem.Dq = Ptr<T>(gradients[1]);
            problem.Dk = Ptr<T>(gradients[2]);
            problem.Dv = Ptr<T>(gradients[3]);
        }
        var backward = gradients is not null;
        if (Vector512.IsHardwareAccelerated && Avx512F.IsSupported) Attention<T, Vector512<T>, GemmVector512<T>>(problem, backward);
        else if (Vector256.IsHardwareAccelerated && Avx2.IsSupported && Fma.IsSupported) Attention<T, Vector256<T>, GemmVector256<T>>(problem, backward);
        else if (Vector128.IsHardwareAccelerated) Attention<T, Vector128<T>, GemmVector128<T>>(problem, backward);
        else Attention<T, T, GemmScalar<T>>(problem, backward);
    }

    private void Attention<T, V, S>(AttentionProblem<T> a, bool backward)
        where T : unmanaged, IFloatingPointIeee754<T>
        where V : unmanaged
        where S : struct, IRowVector<V, T>
    {
        int heads = a.Args.B * a.Args.H, h = a.Args.H;
        var work = (backward ? 10.0 : 4.0) * heads * a.Args.Lq * a.Args.Lk * (a.Args.D + 8);
        if (backward)
        {
            RunTiles(heads, work, t => AttentionKernel<T, V, S>.Backward(a, t / h, t % h, QueryBlock));
            return;
        }
        // Heads are enough tiles as a rule; few heads of many rows are cut finer.
        var lq = a.Args.Lq;
        var blocks = Math.Max((lq + QueryBlock - 1) / QueryBlock, Math.Min((lq + 13) / 14, (4 * _workers.Threads + heads - 1) / heads));
        if (_workers.Threads == 1) blocks = (lq + QueryBlock - 1) / QueryBlock;
        RunTiles(heads * blocks, work, t =>
        {
            int head = t / blocks, block = t % blocks;
            AttentionKernel<T, V, S>.Forward(a, head / h, head % h, (int)((long)lq * block / blocks), (int)((long)lq * (block + 1) / blocks));
        });
    }

    // Tiles on this thread alone where waking another costs more than it saves; small ones in groups.
    private void RunTiles(int tiles, double work, Action<int> body)
    {
        if (work < InlineFlops || _workers.Threads == 1)
        {
            for (var t = 0; t < tiles; t++) body(t);
            return;
        }
        var groups = (int)Math.Clamp(Math.Min(tiles, work / TileFlops), Math.Min(tiles, 2 * _workers.Threads), tiles);
        _workers.Run(groups, g =>
        {
            var end = (int)((long)tiles * (g + 1) / groups);
            for (var t = (int)((long)tiles * g / groups); t < end; t++) body(t);
        });
    }

    private void MaskedSoftmaxWidth<T>(Tensor x, double scale, Tensor? mask, long maskBatch, long maskHead, int maskRow, Tensor y) where T : unmanaged, IFloatingPointIeee754<T>
    {
        if (Vector512.IsHardwareAccelerated && Avx512F.IsSupported) MaskedSoftmax<T, Vector512<T>, GemmVector512<T>>(x, scale, mask, maskBatch, maskHead, maskRow, y);
        else if (Vector256.IsHardwareAccelerated && Avx2.IsSupported && Fma.IsSupported) MaskedSoftmax<T, Vector256<T>, GemmVector256<T>>(x, scale, mask, maskBatch, maskHead, maskRow, y);
        else if (Vector128.IsHardwareAccelerated) MaskedSoftmax<T, Vector128<T>, GemmVector128<T>>(x, scale, mask, maskBatch, maskHead, maskRow, y);
        else MaskedSoftmax<T, T, GemmScalar<T>>(x, scale, mask, maskBatch, maskHead, maskRow, y);
    }

    private unsafe void MaskedSoftmax<T, V, S>(Tensor x, double scale, Tensor? mask, long maskBatch, long maskHead, int maskRow, Tensor y)
        where T : unmanaged, IFloatingPointIeee754<T>
        where V : unmanaged
        where S : struct, IRowVector<V, T>
    {
        int heads = x.Shape[1], rows = x.Shape[2], n = x.Shape[3];
        T* from = Ptr<T>(x), to = Ptr<T>(y), add = mask is null ? null : Ptr<T>(mask);
        var factor = T.CreateChecked(scale);
        RunTiles(x.Shape[0] * heads, 30.0 * x.Count, t =>
        {
            int b = t / heads, h = t % heads;
            for (var i = 0; i < rows; i++)
            {
                var at = ((nint)t * rows + i) * n;
                var row = add is null ? null : add + b * maskBatch + h * maskHead + (nint)i * maskRow;
                AttentionKernel<T, V, S>.SoftmaxRow(from + at, factor, row, n, to + at);
            }
        });
    }
}
