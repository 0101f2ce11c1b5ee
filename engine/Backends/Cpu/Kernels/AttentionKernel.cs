using System.Numerics;
using AmcEngine.Backends.Cpu.Gemm;
using AmcEngine.Backends.Cpu.Simd;
using AmcEngine.Backends.Kernels;

namespace AmcEngine.Backends.Cpu.Kernels;

// Fused attention for blocks of query rows of a head.
// Layout: Q, K, V, the output and gradients where they lie (HeadLayout strides), and copies of a head's keys and of a
//   block's queries as products read them (AttentionProduct); scores of the block in scratch.
// Fused: scale, mask, softmax, dropout (replayed from its stream), the sum over values; nothing of size Lq × Lk is
//   stored.
// Accumulated: over key blocks of KeyBlock with a running maximum and sum (online softmax, Milakov and Gimelshein
//   2018).
// Two products with a map, and an exp for each score. Traffic: the operands once a block.
// The gradients are in AttentionKernel.Backward.cs and AttentionKernel.DoubleBackward.cs.
// A row whose scores are all −∞ gives output 0, lse −∞ and no gradient; other rows are not touched by it.

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

    private const int MapSlot = GemmScratch.Attention;
    private const int KeySlot = GemmScratch.Attention + 1;
    private const int QuerySlot = GemmScratch.Attention + 2;
    private const int WordSlot = GemmScratch.Attention + 3;
    private const int RowSlot = GemmScratch.Attention + 4;

    /// <summary>
    /// Output and lse of blocks [from, to) of query rows, so many a head, those of a head next to each other.
    /// </summary>
    public static void Forward(in AttentionProblem<T> a, int from, int to, int queryBlocks)
    {
        ref readonly var args = ref a.Operands;
        var queries = new EvenBlocks(args.Lq, queryBlocks);
        var keys = EvenBlocks.AtMost(args.Lk, KeyBlock);
        var k = stackalloc HeadMatrix<T>[2 * keys.Count];
        var v = k + keys.Count;
        for (int t = from, head = -1; t < to; t++)
        {
            if (t / queryBlocks != head)
            {
                head = t / queryBlocks;
                var room = KeyRoom(args, keys.Largest, 2 * keys.Count);
                for (var block = 0; block < keys.Count; block++)
                {
                    int j0 = keys.Start(block), count = keys.Size(block);
                    k[block] = Keys(a, a.K, head, j0, count, true, false, queries.Largest, ref room);
                    v[block] = Keys(a, a.V, head, j0, count, false, true, queries.Largest, ref room);
                }
            }
            var i = t % queryBlocks;
            ForwardBlock(a, head, queries.Start(i), queries.Size(i), keys, k, v);
        }
    }

    private static void ForwardBlock(
        in AttentionProblem<T> a, int head, int i0, int rows, EvenBlocks keys, HeadMatrix<T>* k, HeadMatrix<T>* v)
    {
        ref readonly var args = ref a.Operands;
        int d = args.D, row = args.QLayout.Row, pitch = AttentionRows<T, V, S>.Pitch(keys.Largest);
        var threshold = Threshold(args);
        var scale = T.CreateChecked(args.Scale);
        var scores = GemmScratch.Get<T>(MapSlot, (long)rows * pitch);
        var max = GemmScratch.Get<T>(RowSlot, 2L * rows + RowGroup);
        T* sum = max + rows, before = sum + rows;
        var output = a.Query(a.Output, head, i0);
        var room = QueryRoom(args, rows, 1);
        var q = Queries(a, a.Q, head, i0, rows, ref room);
        for (var block = 0; block < keys.Count; block++)
        {
            int j0 = keys.Start(block), count = keys.Size(block);
            AttentionProduct<T>.Scores(q, k[block], scale, false, scores, pitch);
            // Whole rows follow each other in the stream: their words come in one go.
            var words = keys.Count == 1 ? Words(a, head, i0, 0, (long)rows * count) : null;
            for (var i = 0; i < rows; i += RowGroup)
            {
                var end = Math.Min(rows, i + RowGroup);
                for (var r = i; r < end; r++)
                {
                    before[r - i] = block == 0 ? T.NegativeInfinity : max[r];
                    max[r] = AttentionRows<T, V, S>.MaskAndMax(
                        scores + (nint)r * pitch, a.MaskRow(head, i0 + r, j0), count, before[r - i]);
                }
                for (var r = i; r < end; r++)
                {
                    if (keys.Count > 1) words = Words(a, head, i0 + r, j0, count);
                    var part = AttentionRows<T, V, S>.SumExp(scores + (nint)r * pitch, max[r], words, threshold, count);
                    if (keys.Count == 1 && words is not null) words += count;
                    sum[r] = block == 0
                        ? part
                        : Rescale(output + (nint)r * row, d, before[r - i], max[r], sum[r], part);
                }
            }
            AttentionProduct<T>.Mix(scores, pitch, rows, v[block], T.One, block > 0, output, row);
        }
        AttentionRows<T, V, S>.Normalize(output, row, d, max, sum, KeepFactor(args), rows, a.RowLse(head, i0));
    }

    // An output row and its sum so far, when the maximum goes up; returns the sum with that of a further block.
    private static T Rescale(T* output, int d, T before, T max, T sum, T part)
    {
        var old = T.IsNegativeInfinity(before) ? T.Zero : T.Exp(before - max);
        SoftmaxRows.Scale<S, V, T>(output, old, output, d);
        return sum * old + part;
    }

    /// <summary>y = softmax(scale·x + mask) of one row of n elements.</summary>
    public static void SoftmaxRow(T* x, T scale, T* mask, int n, T* y)
    {
        var s = GemmScratch.Get<T>(MapSlot, AttentionRows<T, V, S>.Pitch(n));
        SoftmaxRows.Scale<S, V, T>(x, scale, s, n);
        var m = AttentionRows<T, V, S>.MaskAndMax(s, mask, n, T.NegativeInfinity);
        var sum = SoftmaxRows.SumExp<S, V, T>(s, T.IsNegativeInfinity(m) ? T.Zero : m, s, n);
        SoftmaxRows.Scale<S, V, T>(s, sum == T.Zero ? T.Zero : T.One / sum, y, n);
    }

    // Room for the copies of so many matrices of at most so many keys.
    private static CopyRoom<T> KeyRoom(in AttentionOperands args, int keys, int matrices) =>
        new(GemmScratch.Get<T>(KeySlot, matrices * AttentionProduct<T>.KeyCopies(keys, args.D)));

    // The same for a block of queries.
    private static CopyRoom<T> QueryRoom(in AttentionOperands args, int rows, int matrices) =>
        new(GemmScratch.Get<T>(QuerySlot, matrices * AttentionProduct<T>.QueryCopy(rows, args.D)));

    // Rows [j0, j0 + keys) of a head of y, laid out as keys, with the copies for what is computed of them; y null:
    // nothing is.
    private static HeadMatrix<T> Keys(in AttentionProblem<T> a, T* y, int head, int j0, int keys, bool scores,
        bool mixed, int block, ref CopyRoom<T> room)
    {
        ref readonly var args = ref a.Operands;
        if (y is null) return default;
        var matrix = new HeadMatrix<T>
        {
            Rows = a.Key(y, head, j0),
            Pitch = args.KLayout.Row,
            Count = keys,
            Width = args.D,
        };
        AttentionProduct<T>.CopyKeys(ref matrix, scores, mixed, args.Lq, block, ref room);
        return matrix;
    }

    // Rows [i0, i0 + rows) of a head of x, laid out as queries.
    private static HeadMatrix<T> Queries(
        in AttentionProblem<T> a, T* x, int head, int i0, int rows, ref CopyRoom<T> room)
    {
        ref readonly var args = ref a.Operands;
        if (x is null) return default;
        var matrix = new HeadMatrix<T>
        {
            Rows = a.Query(x, head, i0),
            Pitch = args.QLayout.Row,
            Count = rows,
            Width = args.D,
        };
        AttentionProduct<T>.CopyQueries(ref matrix, ref room);
        return matrix;
    }

    // What kept probabilities are multiplied by; nothing is kept at a rate of 1.
    private static T KeepFactor(in AttentionOperands args) =>
        args.DropoutP >= 1 ? T.Zero : T.CreateChecked(1 / (1 - args.DropoutP));

    private static uint Threshold(in AttentionOperands args) =>
        (uint)Math.Min(uint.MaxValue, Philox.KeepThreshold(args.DropoutP));

    // Random words from probability (i, j) on, with room for a vector more; null without dropout.
    private static uint* Words(in AttentionProblem<T> a, int head, int i, int j, long count)
    {
        ref readonly var args = ref a.Operands;
        if (args.DropoutP <= 0) return null;
        var words = GemmScratch.Get<uint>(WordSlot, count + PhiloxVectors.Padding);
        var weight = ((long)head * args.Lq + i) * args.Lk + j;
        return PhiloxVectors.FillPadded(args.Key, args.FirstWeight + weight, words, count);
    }
}
