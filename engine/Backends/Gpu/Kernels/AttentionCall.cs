using System.Numerics;
using AmcEngine.Backends.Gpu.DeviceMath;
using ILGPU;

namespace AmcEngine.Backends.Gpu.Kernels;

/// <summary>Arguments of every attention kernel; those that a kernel does not use are left empty.</summary>
internal struct AttentionCall<T> where T : unmanaged
{
    public ArrayView<T> Q;
    public ArrayView<T> K;
    public ArrayView<T> V;
    public ArrayView<T> Mask;
    public ArrayView<T> Output;
    public ArrayView<T> Lse;
    public ArrayView<T> G;

    // Cotangents of dq, dk and dv.
    public ArrayView<T> X;
    public ArrayView<T> Y;
    public ArrayView<T> Z;
    public ArrayView<T> Dg;
    public ArrayView<T> Dq;
    public ArrayView<T> Dk;
    public ArrayView<T> Dv;

    // Row statistics [B·H·Lq]: δ, and for the double backward t and e.
    public ArrayView<T> Delta;
    public ArrayView<T> Mean;
    public ArrayView<T> Center;

    public T Scale;
    public T KeepFactor;
    public long FirstWeight;
    public long MaskBatch;
    public long MaskHead;
    public int Heads;
    public Divisor HeadsOfSample;
    public int Lq;
    public int Lk;
    public int D;
    public int QBatch;
    public int QHead;
    public int QRow;
    public int KBatch;
    public int KHead;
    public int KRow;
    public int MaskRow;

    // Blocks of rows in a head.
    public Divisor Blocks;
    public int HasMask;
    public int HasDropout;
    public int HasX;
    public int HasY;
    public int HasZ;
    public uint SeedLow;
    public uint SeedHigh;
    public uint Op;
    public uint Step;
    public uint Threshold;
}

/// <summary>
/// What lies between the products of attention, for a tile of scores whose rows are queries, or keys (TKeyRows): mask,
/// probabilities, dropout. In both cases the rows of a tile stay and its columns go by.
/// </summary>
internal static class AttentionScores<T, R, TKeyRows>
    where T : unmanaged, IFloatingPointIeee754<T> where R : struct, IReal<T> where TKeyRows : struct, IFlag
{
    /// <summary>A tensor in the layout of the queries.</summary>
    public static HeadRows<T> Queries(AttentionCall<T> a, ArrayView<T> data, int head)
    {
        HeadRows<T> rows;
        rows.Data = data;
        var sample = Divisor.Quotient(head, a.HeadsOfSample);
        rows.At = sample * a.QBatch + (head - sample * a.HeadsOfSample.Value) * a.QHead;
        rows.Stride = a.QRow;
        rows.Count = a.Lq;
        rows.Width = a.D;
        return rows;
    }

    /// <summary>A tensor in the layout of the keys.</summary>
    public static HeadRows<T> Keys(AttentionCall<T> a, ArrayView<T> data, int head)
    {
        HeadRows<T> rows;
        rows.Data = data;
        var sample = Divisor.Quotient(head, a.HeadsOfSample);
        rows.At = sample * a.KBatch + (head - sample * a.HeadsOfSample.Value) * a.KHead;
        rows.Stride = a.KRow;
        rows.Count = a.Lk;
        rows.Width = a.D;
        return rows;
    }

    /// <summary>scale·s + mask, −∞ past the last column; row and column are those of the lane's corner.</summary>
    public static Tile4<T> Masked(AttentionCall<T> a, int head, Tile4<T> s, int row, int column)
    {
        var mask = Tiles<T, R>.SplatTile(T.Zero);
        if (a.HasMask != 0)
        {
            var sample = Divisor.Quotient(head, a.HeadsOfSample);
            var at = (int)(sample * a.MaskBatch + (head - sample * a.HeadsOfSample.Value) * a.MaskHead);
            for (var r = 0; r < 4; r++) mask = Tiles<T, R>.Push(mask, MaskRow(a, at, row + r, column));
        }
        var left = (TKeyRows.Value ? a.Lq : a.Lk) - column;
        s.R0 = Inside(Tiles<T, R>.Fma(a.Scale, s.R0, mask.R0), left);
        s.R1 = Inside(Tiles<T, R>.Fma(a.Scale, s.R1, mask.R1), left);
        s.R2 = Inside(Tiles<T, R>.Fma(a.Scale, s.R2, mask.R2), left);
        s.R3 = Inside(Tiles<T, R>.Fma(a.Scale, s.R3, mask.R3), left);
        return s;
    }

    private static Quad<T> Inside(Quad<T> s, int left) => Tiles<T, R>.Make(
        left > 0 ? s.X : T.NegativeInfinity,
        left > 1 ? s.Y : T.NegativeInfinity,
        left > 2 ? s.Z : T.NegativeInfinity,
        left > 3 ? s.W : T.NegativeInfinity);

    private static Quad<T> MaskRow(AttentionCall<T> a, int at, int row, int column) =>
        Tiles<T, R>.Make(Mask(a, at, row, column), Mask(a, at, row, column + 1), Mask(a, at, row, column + 2),
            Mask(a, at, row, column + 3));

    private static T Mask(AttentionCall<T> a, int at, int row, int column)
    {
        int i = TKeyRows.Value ? column : row, j = TKeyRows.Value ? row : column;
        return a.Mask[at + (i < a.Lq ? i : a.Lq - 1) * a.MaskRow + (j < a.Lk ? j : a.Lk - 1)];
    }

    /// <summary>A statistic of four queries, those of the tile's rows or columns.</summary>
    public static Quad<T> Statistic(AttentionCall<T> a, ArrayView<T> values, int head, int i)
    {
        int at = head * a.Lq, last = a.Lq - 1;
        return Tiles<T, R>.Make(
            values[at + (i < last ? i : last)],
            values[at + (i + 1 < last ? i + 1 : last)],
            values[at + (i + 2 < last ? i + 2 : last)],
            values[at + (i + 3 < last ? i + 3 : last)]);
    }

    /// <summary>A statistic of the queries where the tile has them.</summary>
    public static Tile4<T> Spread(Quad<T> statistic) => TKeyRows.Value
        ? Tiles<T, R>.Make(statistic, statistic, statistic, statistic)
        : Tiles<T, R>.Make(Tiles<T, R>.Splat(statistic.X), Tiles<T, R>.Splat(statistic.Y),
            Tiles<T, R>.Splat(statistic.Z), Tiles<T, R>.Splat(statistic.W));

    /// <summary>exp(s − lse) of masked scores; 0 where the query has lse −∞.</summary>
    public static Tile4<T> Probabilities(Tile4<T> s, Quad<T> lse) =>
        Tiles<T, R>.Exp(Tiles<T, R>.Sub(s, Spread(Tiles<T, R>.Finite(lse))));

    /// <summary>
    /// What dropout multiplies a tile by: 0 where the random word is below the threshold, else <paramref name="kept"/>.
    /// </summary>
    public static Tile4<T> Keep(AttentionCall<T> a, int head, int row, int column, T kept)
    {
        var keep = Tiles<T, R>.SplatTile(kept);
        if (a.HasDropout == 0) return keep;
        int i = TKeyRows.Value ? column : row, j = TKeyRows.Value ? row : column;
        var element = a.FirstWeight + ((long)head * a.Lq + i) * a.Lk + j;
        for (var r = 0; r < 4; r++) keep = Tiles<T, R>.Push(keep, KeepRow(a, element + (long)r * a.Lk, kept));
        return TKeyRows.Value ? Tiles<T, R>.Transpose(keep) : keep;
    }

    private static Quad<T> KeepRow(AttentionCall<T> a, long element, T kept)
    {
        var words = DevicePhilox.Words(a.SeedLow, a.SeedHigh, a.Op, a.Step, element);
        return Tiles<T, R>.Make(
            words.X >= a.Threshold ? kept : T.Zero,
            words.Y >= a.Threshold ? kept : T.Zero,
            words.Z >= a.Threshold ? kept : T.Zero,
            words.W >= a.Threshold ? kept : T.Zero);
    }
}

/// <summary>
/// Sums over columns into rows of a result. The first columns stay in registers where the tiling keeps them; the rest,
/// the columns of wide heads, are added up where they lie.
/// </summary>
internal static class AttentionResult<T, R, TTiling, TVector>
    where T : unmanaged, IFloatingPointIeee754<T>
    where R : struct, IReal<T> where TTiling : struct, ITiling where TVector : struct, IFlag
{
    /// <summary>result ← factor·result + weights·b, without the old result when <paramref name="fresh"/>.</summary>
    public static Tile4<T> Add(TilingScratch<T> scratch, Tile4<T> weights, HeadRows<T> b, int column0,
        HeadRows<T> result, int row0, bool fresh, Quad<T> factor, Tile4<T> kept)
    {
        int row = row0 + TTiling.Row, n = TTiling.Column;
        var n0 = 0;
        do
        {
            var inRegisters = !TTiling.Alone & n0 == 0;
            var sum = inRegisters ? kept : Tiles<T, R>.SplatTile(T.Zero);
            if (!fresh & !inRegisters) sum = HeadRows<T, R, TVector>.LoadTile(result, row, n0 + n);
            sum = TTiling.AddMix<T, R, TVector>(scratch, weights, b, column0, n0, Tiles<T, R>.ScaleRows(sum, factor));
            if (inRegisters) kept = sum;
            else HeadRows<T, R, TVector>.StoreTile(result, row, n0 + n, sum);
            n0 += TTiling.Extent;
        }
        while (n0 < b.Width);
        return kept;
    }

    /// <summary>result ← result + weights·b.</summary>
    public static Tile4<T> Add(TilingScratch<T> scratch, Tile4<T> weights, HeadRows<T> b, int column0,
        HeadRows<T> result, int row0, bool fresh, Tile4<T> kept) =>
        Add(scratch, weights, b, column0, result, row0, fresh, Tiles<T, R>.Splat(T.One), kept);

    /// <summary>
    /// result ← result + weights·b, and + others·c when there is a c; without the old result at the first column.
    /// </summary>
    public static Tile4<T> AddTwo(
        TilingScratch<T> scratch, Tile4<T> weights, HeadRows<T> b, Tile4<T> others, HeadRows<T> c, int hasC,
        int column0, HeadRows<T> result, int row0, Tile4<T> kept)
    {
        var n = 0;
        do
        {
            kept = Add(
                scratch, n == 0 ? weights : others, n == 0 ? b : c, column0, result, row0, column0 + n == 0, kept);
            n++;
        }
        while (n <= hasC);
        return kept;
    }

    /// <summary>Stores factor·result.</summary>
    public static void Finish(HeadRows<T> result, int row0, Quad<T> factor, Tile4<T> kept)
    {
        int row = row0 + TTiling.Row, n = TTiling.Column;
        for (var n0 = 0; n0 < result.Width; n0 += TTiling.Extent)
        {
            var sum = kept;
            if (TTiling.Alone | n0 > 0) sum = HeadRows<T, R, TVector>.LoadTile(result, row, n0 + n);
            HeadRows<T, R, TVector>.StoreTile(result, row, n0 + n, Tiles<T, R>.ScaleRows(sum, factor));
        }
    }

    /// <summary>Stores result − factor·other.</summary>
    public static void FinishWithout(HeadRows<T> result, int row0, Quad<T> factor, HeadRows<T> other, Tile4<T> kept)
    {
        int row = row0 + TTiling.Row, n = TTiling.Column;
        for (var n0 = 0; n0 < result.Width; n0 += TTiling.Extent)
        {
            var sum = kept;
            if (TTiling.Alone | n0 > 0) sum = HeadRows<T, R, TVector>.LoadTile(result, row, n0 + n);
            var less = Tiles<T, R>.ScaleRows(HeadRows<T, R, TVector>.LoadTile(other, row, n0 + n), factor);
            HeadRows<T, R, TVector>.StoreTile(result, row, n0 + n, Tiles<T, R>.Sub(sum, less));
        }
    }

    /// <summary>Σ_d x·y of the lane's four rows.</summary>
    public static Quad<T> RowDots(TilingScratch<T> scratch, HeadRows<T> x, HeadRows<T> y, int row0)
    {
        int row = row0 + TTiling.Row, n = TTiling.Column;
        var sum = Tiles<T, R>.Splat(T.Zero);
        for (var n0 = 0; n0 < x.Width; n0 += TTiling.Extent)
        {
            var product = Tiles<T, R>.Mul(
                HeadRows<T, R, TVector>.LoadTile(x, row, n0 + n), HeadRows<T, R, TVector>.LoadTile(y, row, n0 + n));
            sum = Tiles<T, R>.Add(sum, Tiles<T, R>.SumRows(product));
        }
        return TTiling.SumOfLanes<T, R>(scratch, sum);
    }

    /// <summary>Stores a statistic of the lane's four queries; the first lane of a row does.</summary>
    public static void StoreStatistic(AttentionCall<T> a, ArrayView<T> values, int head, int row0, Quad<T> x)
    {
        if (TTiling.Column > 0) return;
        int i = row0 + TTiling.Row, at = head * a.Lq + i;
        if (i < a.Lq) values[at] = x.X;
        if (i + 1 < a.Lq) values[at + 1] = x.Y;
        if (i + 2 < a.Lq) values[at + 2] = x.Z;
        if (i + 3 < a.Lq) values[at + 3] = x.W;
    }
}
