using System.Numerics;
using AmcEngine.Backends.Gpu.DeviceMath;
using AmcEngine.Backends.Gpu.Host;
using AmcEngine.Backends.Kernels;

namespace AmcEngine.Backends.Gpu.Kernels;

// Attention forward. Layout: HeadLayout strides; a block of query rows of one head goes over the keys in steps
// (AttentionTiling.cs).
// Fused: scale, mask, softmax, dropout (replayed from its stream), the sum over values; nothing of size Lq × Lk is
// stored.
// Accumulated: online softmax (Milakov and Gimelshein 2018) with a running maximum a row and a running sum a lane,
//   which are added up at the end; the output over ascending keys, rescaled when the maximum grows.
// Two products with a map, an exp for each score, 40 integer operations more for each with dropout. Traffic: Q and O
//   once, K and V once for each block of query rows (from the second-level cache as a rule), mask once.
// A row whose scores are all −∞ gives output 0 and lse −∞.

/// <summary>Output and lse of fused attention.</summary>
internal readonly struct AttentionForwardKernel<T, R, TTiling, TVector> : IDeviceKernel<AttentionCall<T>>, ITwoGroups
    where T : unmanaged, IFloatingPointIeee754<T>
    where R : struct, IReal<T> where TTiling : struct, ITiling where TVector : struct, IFlag
{
    public static void Run(AttentionCall<T> a)
    {
        var block = TTiling.Block;
        if (TTiling.Alone & block >= a.Heads * a.Blocks.Value) return;
        var scratch = TTiling.Allocate<T>();
        int head = Divisor.Quotient(block, a.Blocks), row0 = (block - head * a.Blocks.Value) * TTiling.Extent;
        var q = AttentionScores<T, R, No>.Queries(a, a.Q, head);
        var k = AttentionScores<T, R, No>.Keys(a, a.K, head);
        var v = AttentionScores<T, R, No>.Keys(a, a.V, head);
        var output = AttentionScores<T, R, No>.Queries(a, a.Output, head);
        var max = Tiles<T, R>.Splat(T.NegativeInfinity);
        var sum = Tiles<T, R>.Splat(T.Zero);
        var kept = Tiles<T, R>.SplatTile(T.Zero);
        var column0 = 0;
        do
        {
            int row = row0 + TTiling.Row, column = column0 + TTiling.Column;
            var s = TTiling.AddScores<T, R, TVector>(scratch, q, row0, k, column0, Tiles<T, R>.SplatTile(T.Zero));
            s = AttentionScores<T, R, No>.Masked(a, head, s, row, column);
            var larger = Tiles<T, R>.Max(max, TTiling.MaxOfLanes<T, R>(scratch, Tiles<T, R>.MaxRows(s)));
            // Nothing but −∞ so far: any finite shift gives zeros.
            var shift = Tiles<T, R>.Finite(larger);
            var factor = Tiles<T, R>.Exp(Tiles<T, R>.Sub(max, shift));
            var p = Tiles<T, R>.Exp(Tiles<T, R>.Sub(s, AttentionScores<T, R, No>.Spread(shift)));
            sum = Tiles<T, R>.Add(Tiles<T, R>.Mul(sum, factor), Tiles<T, R>.SumRows(p));
            max = larger;
            if (a.HasDropout != 0) p = Tiles<T, R>.Mul(p, AttentionScores<T, R, No>.Keep(a, head, row, column, T.One));
            kept = AttentionResult<T, R, TTiling, TVector>.Add(
                scratch, p, v, column0, output, row0, column0 == 0, factor, kept);
            column0 += TTiling.Extent;
        }
        while (column0 < a.Lk);
        sum = TTiling.SumOfLanes<T, R>(scratch, sum);
        var inverse = Tiles<T, R>.Make(Inverse(a, sum.X), Inverse(a, sum.Y), Inverse(a, sum.Z), Inverse(a, sum.W));
        AttentionResult<T, R, TTiling, TVector>.Finish(output, row0, inverse, kept);
        var lse = Tiles<T, R>.Make(Lse(max.X, sum.X), Lse(max.Y, sum.Y), Lse(max.Z, sum.Z), Lse(max.W, sum.W));
        AttentionResult<T, R, TTiling, TVector>.StoreStatistic(a, a.Lse, head, row0, lse);
    }

    private static T Inverse(AttentionCall<T> a, T sum) => sum == T.Zero ? T.Zero : a.KeepFactor / sum;

    private static T Lse(T max, T sum) => sum == T.Zero ? T.NegativeInfinity : max + R.Log(sum);
}
