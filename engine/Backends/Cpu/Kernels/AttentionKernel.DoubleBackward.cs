using System.Numerics;
using AmcEngine.Backends.Cpu.Gemm;

namespace AmcEngine.Backends.Cpu.Kernels;

// Gradient of the gradient of attention for one (sample, head), in blocks of query rows.
// With M the dropout factors, P the softmax, dP = M∘(G·Vᵀ), δᵢ = Gᵢ·Oᵢ, and the cotangents X, Y, Z of dq, dk, dv:
//   T = scale·(X·Kᵀ + Q·Yᵀ), tᵢ = Σⱼ P·T;  U = M∘(G·Zᵀ);  αᵢ = Σⱼ P∘((dP − δ)∘T + U);
//   W = M∘P∘(T − t);  dS = P∘(dP − δ);  R = P∘((dP − δ)∘(T − t) + U − α);
//   dg = W·V + (M∘P)·Z;  dv = Wᵀ·G;  dq = scale·(dS·Y + R·K);  dk = scale·(dSᵀ·X + Rᵀ·Q).
// Layout: four score-sized tiles of a block in thread scratch, each overwritten by what the products need of it:
//   scores → M∘P, dP → dS, T → W, U → R. Nothing of size Lq × Lk is stored.
// Accumulated: dk and dv over the blocks in ascending order, one thread a head.
// Twelve products with a map, and an exp for each score. Traffic: the operands once a block.
internal static unsafe partial class AttentionKernel<T, V, S>
{
    /// <summary>Gradients with respect to g, q, k and v of sample b, head h.</summary>
    public static void DoubleBackward(in AttentionProblem<T> a, int b, int h, int queryBlock)
    {
        ref readonly var args = ref a.Operands;
        var stride = AttentionRows<T, V, S>.Padded(args.Lk);
        var blocks = Math.Max(1, (args.Lq + queryBlock - 1) / queryBlock);
        var tile = (nint)((args.Lq + blocks - 1) / blocks) * stride;
        var p = GemmScratch.Get<T>(ScoreSlot, 4L * tile);
        T* dp = p + tile, t = dp + tile, u = t + tile;
        var scale = T.CreateChecked(args.Scale);
        for (var block = 0; block < blocks; block++)
        {
            var i0 = (int)((long)args.Lq * block / blocks);
            var rows = (int)((long)args.Lq * (block + 1) / blocks) - i0;
            Scores(a, a.Q, a.K, b, h, i0, rows, 0, args.Lk, scale, p, stride);
            Scores(a, a.G, a.V, b, h, i0, rows, 0, args.Lk, T.One, dp, stride);
            if (a.Ddq is not null) Scores(a, a.Ddq, a.K, b, h, i0, rows, 0, args.Lk, scale, t, stride);
            if (a.Ddk is not null)
                Scores(a, a.Q, a.Ddk, b, h, i0, rows, 0, args.Lk, scale, t, stride, a.Ddq is not null);
            if (a.Ddq is null && a.Ddk is null) new Span<T>(t, rows * stride).Clear();
            if (a.Ddv is not null) Scores(a, a.G, a.Ddv, b, h, i0, rows, 0, args.Lk, T.One, u, stride);
            else new Span<T>(u, rows * stride).Clear();
            DoubleBackwardRows(a, b, h, i0, rows, p, dp, t, u, stride);
            DoubleBackwardProducts(a, b, h, i0, rows, p, dp, t, u, stride, block > 0);
        }
    }

    private static void DoubleBackwardRows(
        in AttentionProblem<T> a, int b, int h, int i0, int rows, T* p, T* dp, T* t, T* u, int stride)
    {
        ref readonly var args = ref a.Operands;
        var factor = KeepFactor(args);
        var lse = a.Lse + ((nint)b * args.H + h) * args.Lq + i0;
        var at = b * args.QLayout.Batch + h * args.QLayout.Head + (nint)i0 * args.QLayout.Row;
        var dots = GemmScratch.Get<T>(RowSlot, rows);
        AttentionRows<T, V, S>.Dots(a.G + at, a.Output + at, args.QLayout.Row, args.D, rows, dots);
        var words = Words(a, b, h, i0, 0, (long)rows * args.Lk);
        var threshold = Threshold(args);
        for (var i = 0; i < rows; i++)
        {
            var shift = T.IsNegativeInfinity(lse[i]) ? T.Zero : lse[i];
            var offset = (nint)i * stride;
            var tiles = new DoubleBackwardRow<T>(p + offset, dp + offset, t + offset, u + offset, args.Lk,
                words is null ? null : words + (nint)i * args.Lk, threshold, factor);
            var (mean, correction) = AttentionRows<T, V, S>.DoubleBackwardSums(
                tiles, MaskRow(a, b, h, i0 + i, 0), shift, dots[i]);
            AttentionRows<T, V, S>.DoubleBackward(tiles, mean, correction);
        }
    }

    private static void DoubleBackwardProducts(
        in AttentionProblem<T> a, int b, int h, int i0, int rows, T* p, T* ds, T* w, T* r, int stride, bool accumulate)
    {
        var scale = T.CreateChecked(a.Operands.Scale);
        Mix(a, w, stride, a.V, a.Dg, b, h, i0, rows, T.One, false);
        if (a.Ddv is not null) Mix(a, p, stride, a.Ddv, a.Dg, b, h, i0, rows, T.One, true);
        MixTransposed(a, w, stride, a.G, a.Dv, b, h, i0, rows, T.One, accumulate);
        Mix(a, r, stride, a.K, a.Dq, b, h, i0, rows, scale, false);
        if (a.Ddk is not null) Mix(a, ds, stride, a.Ddk, a.Dq, b, h, i0, rows, scale, true);
        MixTransposed(a, r, stride, a.Q, a.Dk, b, h, i0, rows, scale, accumulate);
        if (a.Ddq is not null) MixTransposed(a, ds, stride, a.Ddq, a.Dk, b, h, i0, rows, scale, true);
    }
}
