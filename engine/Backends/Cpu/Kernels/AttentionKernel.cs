using System.Numerics;
using AmcEngine.Backends.Cpu.Gemm;
using AmcEngine.Backends.Cpu.Simd;
using AmcEngine.Backends.Kernels;

namespace AmcEngine.Backends.Cpu.Kernels;

// Fused attention for one (sample, head, block of query rows).
// Layout: Q, K, V, the output and gradients where they lie (HeadLayout strides); scores of the block in scratch.
// Fused: scale, mask, softmax, dropout (replayed from its stream), the sum over values; nothing of size Lq × Lk is
// stored.
// Accumulated: forward over key blocks of KeyBlock with a running maximum and sum (online softmax, Milakov and
//   Gimelshein 2018); backward over query blocks in ascending order into dk and dv, one thread a head.
// Two products with a map forward and five backward, and an exp for each score. Traffic: the operands once a block.
// The gradient of the gradient is in AttentionKernel.DoubleBackward.cs.
// A row whose scores are all −∞ gives output 0, lse −∞ and no gradient; other rows are not touched by it.

/// <summary>Addresses and sizes of an attention call.</summary>
internal unsafe struct AttentionProblem<T> where T : unmanaged
{
    public AttentionOperands Operands;
    public T* Q;
    public T* K;
    public T* V;
    public T* Mask;
    public T* Output;
    public T* Lse;
    public T* G;
    public T* Dq;
    public T* Dk;
    public T* Dv;
    public T* Ddq;
    public T* Ddk;
    public T* Ddv;
    public T* Dg;
}

/// <summary>Blocks of attention on one thread.</summary>
internal static unsafe partial class AttentionKernel<T, V, S>
    where T : unmanaged, IFloatingPointIeee754<T>
    where V : unmanaged
    where S : ISimd<V, T>
{
    // Scores of a query block and this many keys stay in the second-level cache.
    private const int KeyBlock = 512;

    // Maxima of so many rows are taken before their exponentials: the steps of one row's reduction wait for each other,
    // rows do not.
    private const int RowGroup = 4;

    private const int ScoreSlot = GemmScratch.Attention;
    private const int GradientSlot = GemmScratch.Attention + 1;
    private const int WordSlot = GemmScratch.Attention + 2;
    private const int RowSlot = GemmScratch.Attention + 3;

    /// <summary>Output and lse of query rows [i0, i1) of sample b, head h.</summary>
    public static void Forward(in AttentionProblem<T> a, int b, int h, int i0, int i1)
    {
        ref readonly var args = ref a.Operands;
        int rows = i1 - i0, d = args.D;
        var threshold = Threshold(args);
        var blocks = Math.Max(1, (args.Lk + KeyBlock - 1) / KeyBlock);
        var stride = AttentionRows<T, V, S>.Padded((args.Lk + blocks - 1) / blocks);
        var scores = GemmScratch.Get<T>(ScoreSlot, (long)rows * stride);
        var max = GemmScratch.Get<T>(RowSlot, 2L * rows + RowGroup);
        T* sum = max + rows, before = sum + rows;
        var output = a.Output + b * args.QLayout.Batch + h * args.QLayout.Head + (nint)i0 * args.QLayout.Row;
        for (var block = 0; block < blocks; block++)
        {
            var j0 = (int)((long)args.Lk * block / blocks);
            var keys = (int)((long)args.Lk * (block + 1) / blocks) - j0;
            Scores(a, a.Q, a.K, b, h, i0, rows, j0, keys, T.CreateChecked(args.Scale), scores, stride);
            // Whole rows follow each other in the stream: their words come in one go.
            var words = blocks == 1 ? Words(a, b, h, i0, 0, (long)rows * keys) : null;
            for (var i = 0; i < rows; i += RowGroup)
            {
                var end = Math.Min(rows, i + RowGroup);
                for (var r = i; r < end; r++)
                {
                    before[r - i] = block == 0 ? T.NegativeInfinity : max[r];
                    max[r] = AttentionRows<T, V, S>.MaskAndMax(
                        scores + (nint)r * stride, MaskRow(a, b, h, i0 + r, j0), keys, before[r - i]);
                }
                for (var r = i; r < end; r++)
                {
                    if (blocks > 1) words = Words(a, b, h, i0 + r, j0, keys);
                    var part = AttentionRows<T, V, S>.SumExp(scores + (nint)r * stride, max[r], words, threshold, keys);
                    if (blocks == 1 && words is not null) words += keys;
                    sum[r] = block == 0 ? part : Rescale(
                        output + (nint)r * args.QLayout.Row, d, before[r - i], max[r], sum[r], part);
                }
            }
            var product = new GemmProblem<T>
            {
                A = scores,
                RowA = stride,
                ColA = 1,
                B = a.V + b * args.KLayout.Batch + h * args.KLayout.Head + (nint)j0 * args.KLayout.Row,
                RowB = args.KLayout.Row,
                ColB = 1,
                C = output,
                Ldc = args.QLayout.Row,
                M = rows,
                N = d,
                K = keys,
                Alpha = T.One,
                Accumulate = block > 0,
            };
            AttentionProduct<T>.Run(product);
        }
        var lse = a.Lse + ((nint)b * args.H + h) * args.Lq + i0;
        AttentionRows<T, V, S>.Normalize(output, args.QLayout.Row, d, max, sum, KeepFactor(args), rows, lse);
    }

    // An output row and its sum so far, when the maximum goes up; returns the sum with that of a further block.
    private static T Rescale(T* output, int d, T before, T max, T sum, T part)
    {
        var old = T.IsNegativeInfinity(before) ? T.Zero : T.Exp(before - max);
        SoftmaxRows.Scale<S, V, T>(output, old, output, d);
        return sum * old + part;
    }

    /// <summary>Gradients of sample b, head h, in blocks of query rows.</summary>
    public static void Backward(in AttentionProblem<T> a, int b, int h, int queryBlock)
    {
        ref readonly var args = ref a.Operands;
        var stride = AttentionRows<T, V, S>.Padded(args.Lk);
        var blocks = Math.Max(1, (args.Lq + queryBlock - 1) / queryBlock);
        var largest = (args.Lq + blocks - 1) / blocks;
        var p = GemmScratch.Get<T>(ScoreSlot, (long)largest * stride);
        var dp = GemmScratch.Get<T>(GradientSlot, (long)largest * stride);
        for (var block = 0; block < blocks; block++)
        {
            var i0 = (int)((long)args.Lq * block / blocks);
            var rows = (int)((long)args.Lq * (block + 1) / blocks) - i0;
            Scores(a, a.Q, a.K, b, h, i0, rows, 0, args.Lk, T.CreateChecked(args.Scale), p, stride);
            Scores(a, a.G, a.V, b, h, i0, rows, 0, args.Lk, T.One, dp, stride);
            BackwardRows(a, b, h, i0, rows, p, dp, stride);
            Products(a, b, h, i0, rows, p, dp, stride, block > 0);
        }
    }

    // Scores and their cotangents to probabilities (dropped out) and score gradients.
    private static void BackwardRows(in AttentionProblem<T> a, int b, int h, int i0, int rows, T* p, T* dp, int stride)
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
            AttentionRows<T, V, S>.Backward(p + (nint)i * stride, dp + (nint)i * stride, MaskRow(a, b, h, i0 + i, 0),
                shift, dots[i], words is null ? null : words + (nint)i * args.Lk, threshold, factor, args.Lk);
        }
    }

    // dv += pᵀ·g, dk += scale·dsᵀ·q, dq = scale·ds·k.
    private static void Products(
        in AttentionProblem<T> a, int b, int h, int i0, int rows, T* p, T* ds, int stride, bool accumulate)
    {
        var scale = T.CreateChecked(a.Operands.Scale);
        MixTransposed(a, p, stride, a.G, a.Dv, b, h, i0, rows, KeepFactor(a.Operands), accumulate);
        MixTransposed(a, ds, stride, a.Q, a.Dk, b, h, i0, rows, scale, accumulate);
        Mix(a, ds, stride, a.K, a.Dq, b, h, i0, rows, scale, false);
    }

    // to[i0 + i, d] = alpha·Σ map[i, j]·x[j, d], x laid out as keys, to as queries.
    private static void Mix(in AttentionProblem<T> a, T* map, int stride, T* x, T* to, int b, int h, int i0, int rows,
        T alpha, bool accumulate)
    {
        if (rows == 0) return;
        ref readonly var args = ref a.Operands;
        var product = new GemmProblem<T>
        {
            A = map,
            RowA = stride,
            ColA = 1,
            B = x + b * args.KLayout.Batch + h * args.KLayout.Head,
            RowB = args.KLayout.Row,
            ColB = 1,
            C = to + b * args.QLayout.Batch + h * args.QLayout.Head + (nint)i0 * args.QLayout.Row,
            Ldc = args.QLayout.Row,
            M = rows,
            N = args.D,
            K = args.Lk,
            Alpha = alpha,
            Accumulate = accumulate,
        };
        AttentionProduct<T>.Run(product);
    }

    // to[j, d] = alpha·Σ map[i, j]·x[i0 + i, d], x laid out as queries, to as keys.
    private static void MixTransposed(in AttentionProblem<T> a, T* map, int stride, T* x, T* to, int b, int h, int i0,
        int rows, T alpha, bool accumulate)
    {
        ref readonly var args = ref a.Operands;
        var product = new GemmProblem<T>
        {
            A = map,
            RowA = 1,
            ColA = stride,
            B = x + b * args.QLayout.Batch + h * args.QLayout.Head + (nint)i0 * args.QLayout.Row,
            RowB = args.QLayout.Row,
            ColB = 1,
            C = to + b * args.KLayout.Batch + h * args.KLayout.Head,
            Ldc = args.KLayout.Row,
            M = args.Lk,
            N = args.D,
            K = rows,
            Alpha = alpha,
            Accumulate = accumulate,
        };
        AttentionProduct<T>.Run(product);
    }

    /// <summary>y = softmax(scale·x + mask) of one row of n elements.</summary>
    public static void SoftmaxRow(T* x, T scale, T* mask, int n, T* y)
    {
        var s = GemmScratch.Get<T>(ScoreSlot, AttentionRows<T, V, S>.Padded(n));
        SoftmaxRows.Scale<S, V, T>(x, scale, s, n);
        var m = AttentionRows<T, V, S>.MaskAndMax(s, mask, n, T.NegativeInfinity);
        var sum = SoftmaxRows.SumExp<S, V, T>(s, T.IsNegativeInfinity(m) ? T.Zero : m, s, n);
        SoftmaxRows.Scale<S, V, T>(s, sum == T.Zero ? T.Zero : T.One / sum, y, n);
    }

    // to[i, j] = scale·Σ x[i0 + i, d]·y[j0 + j, d], x laid out as queries, y as keys.
    private static void Scores(in AttentionProblem<T> a, T* x, T* y, int b, int h, int i0, int rows, int j0, int keys,
        T scale, T* to, int stride, bool accumulate = false)
    {
        if (rows == 0) return;
        ref readonly var args = ref a.Operands;
        var product = new GemmProblem<T>
        {
            A = x + b * args.QLayout.Batch + h * args.QLayout.Head + (nint)i0 * args.QLayout.Row,
            RowA = args.QLayout.Row,
            ColA = 1,
            B = y + b * args.KLayout.Batch + h * args.KLayout.Head + (nint)j0 * args.KLayout.Row,
            RowB = 1,
            ColB = args.KLayout.Row,
            C = to,
            Ldc = stride,
            M = rows,
            N = keys,
            K = args.D,
            Alpha = scale,
            Accumulate = accumulate,
        };
        AttentionProduct<T>.Run(product);
    }

    private static T* MaskRow(in AttentionProblem<T> a, int b, int h, int i, int j) =>
        a.Mask is null
            ? null
            : a.Mask + b * a.Operands.MaskBatch + h * a.Operands.MaskHead + (nint)i * a.Operands.MaskRow + j;

    // What kept probabilities are multiplied by; nothing is kept at a rate of 1.
    private static T KeepFactor(in AttentionOperands args) =>
        args.DropoutP >= 1 ? T.Zero : T.CreateChecked(1 / (1 - args.DropoutP));

    private static uint Threshold(in AttentionOperands args) =>
        (uint)Math.Min(uint.MaxValue, Philox.KeepThreshold(args.DropoutP));

    // Random words from probability (i, j) on, with room for a vector more; null without dropout.
    private static uint* Words(in AttentionProblem<T> a, int b, int h, int i, int j, long count)
    {
        ref readonly var args = ref a.Operands;
        if (args.DropoutP <= 0) return null;
        var words = GemmScratch.Get<uint>(WordSlot, count + PhiloxVectors.Padding);
        var weight = (((long)b * args.H + h) * args.Lq + i) * args.Lk + j;
        return PhiloxVectors.FillPadded(args.Key, args.FirstWeight + weight, words, count);
    }
}
