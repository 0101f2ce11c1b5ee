using System.Numerics;
using System.Runtime.CompilerServices;
using AmcEngine.Backends.Cpu.Host;
using AmcEngine.Backends.Cpu.Simd;
using AmcEngine.Backends.Kernels;
using AmcEngine.Tensors;

namespace AmcEngine.Backends.Cpu.Kernels;

// Sums and extremes along an axis. Layout: x [outer, length, inner]. A row (inner = 1) goes through four accumulators
// in a fixed pattern; columns run down fixed blocks of rows, whose results are then combined in order. So the order of
// additions depends on the shape and the register width alone. Traffic: x is read once.

/// <summary>Reductions along an axis.</summary>
internal sealed class ReductionKernels(CpuHost host) : CpuKernels(host), IReductionKernels
{
    /// <summary>A row longer than this is cut into pieces of this length, on any number of threads.</summary>
    private const int LongRow = 16 * 1024;

    /// <summary>Rows of a block of a column reduction.</summary>
    private const int ColumnBlock = 128;

    /// <inheritdoc/>
    public void Run(in ReduceArgs args)
    {
        if (args.Y.DType == DType.F64) Reduce<double>(args);
        else Reduce<float>(args);
    }

    private unsafe void Reduce<T>(in ReduceArgs args) where T : unmanaged, IFloatingPointIeee754<T>
    {
        var (kind, x, axis, y) = args;
        T* px = Ptr<T>(x), py = Ptr<T>(y);
        switch (kind)
        {
            case ReduceKind.Sum: Reduce<T, SumOp>(px, axis, py); break;
            case ReduceKind.Max: Reduce<T, MaxOp>(px, axis, py); break;
            case ReduceKind.Min: Reduce<T, MinOp>(px, axis, py); break;
            default: throw new EngineException("reduce", $"the CPU back end has no kernel for {kind}");
        }
    }

    private unsafe void Reduce<T, O>(T* x, AxisView axis, T* y)
        where T : unmanaged, IFloatingPointIeee754<T> where O : struct, IReduceOp
    {
        if (axis.Inner == 1) ReduceRows<T, O>(x, axis.Outer, axis.Length, y);
        else ReduceColumns<T, O>(x, axis, y);
    }

    private unsafe void ReduceRows<T, O>(T* x, int rows, int length, T* y)
        where T : unmanaged, IFloatingPointIeee754<T> where O : struct, IReduceOp
    {
        if (length <= LongRow)
        {
            Run<T, ReduceRowsKernel<T, O>>(new ReduceRowsKernel<T, O>(x, length, y), rows, RowTile(CheapTile, length));
            return;
        }
        var pieces = (length + LongRow - 1) / LongRow;
        using var scratch = Borrow((long)rows * pieces * sizeof(T));
        var partials = (T*)scratch.Pointer;
        Run<T, ReducePiecesKernel<T, O>>(
            new ReducePiecesKernel<T, O>(x, length, LongRow, partials), rows * pieces, CheapTile / LongRow);
        SimdDispatch.Run<T, ReduceRowsKernel<T, O>>(new ReduceRowsKernel<T, O>(partials, pieces, y), 0, rows);
    }

    /// <summary>Reduces the columns of an axis in host memory.</summary>
    public unsafe void ReduceColumns<T, O>(T* x, AxisView axis, T* y)
        where T : unmanaged, IFloatingPointIeee754<T> where O : struct, IReduceOp
    {
        // 1.5 blocks are better as one: the second pass and its scratch cost more than they spread.
        var blocks = axis.Length <= ColumnBlock * 3 / 2 ? 1 : (axis.Length + ColumnBlock - 1) / ColumnBlock;
        if (blocks == 1)
        {
            Run<T, ReduceColumnsKernel<T, O>>(new ReduceColumnsKernel<T, O>(x, axis, Math.Max(1, axis.Length), y),
                axis.Outer, RowTile(CheapTile, (long)axis.Length * axis.Inner));
            return;
        }
        using var scratch = Borrow((long)axis.Outer * blocks * axis.Inner * sizeof(T));
        var partials = (T*)scratch.Pointer;
        Run<T, ReduceColumnsKernel<T, O>>(new ReduceColumnsKernel<T, O>(x, axis, ColumnBlock, partials),
            axis.Outer * blocks, RowTile(CheapTile, (long)ColumnBlock * axis.Inner));
        ReduceColumns<T, O>(partials, axis with { Length = blocks }, y);
    }

    /// <inheritdoc/>
    public unsafe void Run(in ArgReduceArgs args)
    {
        var (kind, x, axis, values, indices) = args;
        if (kind == ReduceKind.Sum) throw new EngineException("arg_reduce", "a sum has no index; use Max or Min");
        var tile = RowTile(CheapTile, (long)axis.Length * axis.Inner);
        var max = kind == ReduceKind.Max;
        if (values.DType == DType.F64)
            Run<double, ArgReduceKernel<double>>(
                new ArgReduceKernel<double>(Ptr<double>(x), axis, max, Ptr<double>(values), Ptr<int>(indices)),
                axis.Outer, tile);
        else
            Run<float, ArgReduceKernel<float>>(
                new ArgReduceKernel<float>(Ptr<float>(x), axis, max, Ptr<float>(values), Ptr<int>(indices)),
                axis.Outer, tile);
    }

    /// <inheritdoc/>
    public void Run(in CountNonFiniteArgs args)
    {
        args.Counts[..args.Tensors.Length].Clear();
        CountNonFinite<float>(args.Tensors, DType.F32, args.Counts);
        CountNonFinite<double>(args.Tensors, DType.F64, args.Counts);
    }

    // One job for the tensors of a type, however many and small they are.
    private unsafe void CountNonFinite<T>(ReadOnlySpan<Tensor> tensors, DType type, Span<long> counts)
        where T : unmanaged, IFloatingPointIeee754<T>
    {
        long pieces = 0, elements = 0;
        foreach (var x in tensors)
        {
            if (x.DType != type) continue;
            pieces += (x.Count + CheapTile - 1) / CheapTile;
            elements += x.Count;
        }
        if (elements == 0) return;
        using var scratch = Borrow(pieces * sizeof(FinitePiece));
        var piece = (FinitePiece*)scratch.Pointer;
        for (var t = 0; t < tensors.Length; t++)
            for (var at = 0; tensors[t].DType == type && at < tensors[t].Count; at += CheapTile)
                *piece++ = new FinitePiece
                {
                    Start = (nint)(Ptr<T>(tensors[t]) + at),
                    Length = Math.Min(CheapTile, tensors[t].Count - at),
                    Tensor = t
                };
        piece -= pieces;
        // So many pieces as have about the elements of a tile.
        var together = (int)Math.Clamp(pieces * CheapTile / elements, 1, pieces);
        Run<T, CountNonFiniteKernel<T>>(new CountNonFiniteKernel<T>(piece), (int)pieces, together);
        for (var i = 0L; i < pieces; i++) counts[piece[i].Tensor] += piece[i].Count;
    }
}

/// <summary>What a reduction combines with.</summary>
internal interface IReduceOp
{
    static abstract T Identity<T>() where T : unmanaged, IFloatingPointIeee754<T>;
    static abstract T Combine<T>(T a, T b) where T : unmanaged, IFloatingPointIeee754<T>;
    static abstract V Combine<S, V, T>(V a, V b) where S : ISimd<V, T> where V : unmanaged where T : unmanaged;
    static abstract T Lanes<S, V, T>(V v) where S : ISimd<V, T> where V : unmanaged where T : unmanaged;
}

internal readonly struct SumOp : IReduceOp
{
    public static T Identity<T>() where T : unmanaged, IFloatingPointIeee754<T> => T.Zero;
    public static T Combine<T>(T a, T b) where T : unmanaged, IFloatingPointIeee754<T> => a + b;
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V Combine<S, V, T>(V a, V b)
        where S : ISimd<V, T> where V : unmanaged where T : unmanaged => S.Add(a, b);
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static T Lanes<S, V, T>(V v) where S : ISimd<V, T> where V : unmanaged where T : unmanaged => S.Sum(v);
}

internal readonly struct MaxOp : IReduceOp
{
    public static T Identity<T>() where T : unmanaged, IFloatingPointIeee754<T> => T.NegativeInfinity;
    public static T Combine<T>(T a, T b) where T : unmanaged, IFloatingPointIeee754<T> => T.Max(a, b);
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V Combine<S, V, T>(V a, V b)
        where S : ISimd<V, T> where V : unmanaged where T : unmanaged => S.Max(a, b);
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static T Lanes<S, V, T>(V v) where S : ISimd<V, T> where V : unmanaged where T : unmanaged => S.MaxLane(v);
}

/// <summary>
/// Maximum in one instruction, for rows that a NaN spoils anyway: what it returns then is any number.
/// </summary>
internal readonly struct FastMaxOp : IReduceOp
{
    public static T Identity<T>() where T : unmanaged, IFloatingPointIeee754<T> => T.NegativeInfinity;
    public static T Combine<T>(T a, T b) where T : unmanaged, IFloatingPointIeee754<T> => T.Max(a, b);
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V Combine<S, V, T>(V a, V b) where S : ISimd<V, T> where V : unmanaged where T : unmanaged =>
        S.MaxFast(a, b);
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static T Lanes<S, V, T>(V v) where S : ISimd<V, T> where V : unmanaged where T : unmanaged => S.MaxLane(v);
}

internal readonly struct MinOp : IReduceOp
{
    public static T Identity<T>() where T : unmanaged, IFloatingPointIeee754<T> => T.PositiveInfinity;
    public static T Combine<T>(T a, T b) where T : unmanaged, IFloatingPointIeee754<T> => T.Min(a, b);
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V Combine<S, V, T>(V a, V b)
        where S : ISimd<V, T> where V : unmanaged where T : unmanaged => S.Min(a, b);
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static T Lanes<S, V, T>(V v) where S : ISimd<V, T> where V : unmanaged where T : unmanaged => S.MinLane(v);
}

/// <summary>Reductions of contiguous runs.</summary>
internal static unsafe class Rows
{
    /// <summary>Combines n contiguous elements.</summary>
    [MethodImpl(MethodImplOptions.NoInlining | MethodImplOptions.AggressiveOptimization)]
    public static T Reduce<S, V, T, O>(T* x, int n) where S : ISimd<V, T>
        where V : unmanaged where T : unmanaged, IFloatingPointIeee754<T> where O : struct, IReduceOp
    {
        var w = S.Count;
        V none = S.Set(O.Identity<T>()), a = none, b = none;
        var i = 0;
        if (n >= 4 * w)
        {
            V c = none, d = none;
            for (; i <= n - 4 * w; i += 4 * w)
            {
                a = O.Combine<S, V, T>(a, S.Load(x + i));
                b = O.Combine<S, V, T>(b, S.Load(x + i + w));
                c = O.Combine<S, V, T>(c, S.Load(x + i + 2 * w));
                d = O.Combine<S, V, T>(d, S.Load(x + i + 3 * w));
            }
            a = O.Combine<S, V, T>(a, c);
            b = O.Combine<S, V, T>(b, d);
        }
        for (; i <= n - w; i += w) a = O.Combine<S, V, T>(a, S.Load(x + i));
        if (i < n) b = O.Combine<S, V, T>(b, S.LoadPartial(x + i, n - i, none));
        return O.Lanes<S, V, T>(O.Combine<S, V, T>(a, b));
    }
}

/// <summary>y[r] = reduction of row r of x.</summary>
internal readonly unsafe struct ReduceRowsKernel<T, O>(T* x, int length, T* y) : ISimdKernel<T>
    where T : unmanaged, IFloatingPointIeee754<T> where O : struct, IReduceOp
{
    private readonly T* _x = x;
    private readonly T* _y = y;
    private readonly int _length = length;

    public void Run<S, V>(int from, int to) where S : ISimd<V, T> where V : unmanaged
    {
        for (var r = from; r < to; r++)
        {
            var row = _x + (long)r * _length;
            if (_length >= S.Count)
            {
                _y[r] = Rows.Reduce<S, V, T, O>(row, _length);
                continue;
            }
            var s = O.Identity<T>();
            for (var i = 0; i < _length; i++) s = O.Combine(s, row[i]);
            _y[r] = s;
        }
    }
}

/// <summary>Pieces of rows too long for one thread: partial p of row r is block p of the row.</summary>
internal readonly unsafe struct ReducePiecesKernel<T, O>(T* x, int length, int block, T* partials) : ISimdKernel<T>
    where T : unmanaged, IFloatingPointIeee754<T> where O : struct, IReduceOp
{
    private readonly T* _x = x;
    private readonly T* _partials = partials;
    private readonly int _length = length;
    private readonly int _block = block;

    public void Run<S, V>(int from, int to) where S : ISimd<V, T> where V : unmanaged
    {
        var pieces = (_length + _block - 1) / _block;
        for (var i = from; i < to; i++)
        {
            var start = i % pieces * _block;
            _partials[i] = Rows.Reduce<S, V, T, O>(
                _x + (long)(i / pieces) * _length + start, Math.Min(_block, _length - start));
        }
    }
}

/// <summary>Blocks of rows reduced down their columns: partial [o, block, n] of x [o, length, n].</summary>
internal readonly unsafe struct ReduceColumnsKernel<T, O>(T* x, AxisView axis, int block, T* partials) : ISimdKernel<T>
    where T : unmanaged, IFloatingPointIeee754<T> where O : struct, IReduceOp
{
    private readonly T* _x = x;
    private readonly T* _partials = partials;
    private readonly AxisView _axis = axis;
    private readonly int _block = block;

    public void Run<S, V>(int from, int to) where S : ISimd<V, T> where V : unmanaged
    {
        int blocks = Math.Max(1, (_axis.Length + _block - 1) / _block), inner = _axis.Inner;
        for (var i = from; i < to; i++)
        {
            var start = i % blocks * _block;
            Block<S, V>(_x + ((long)(i / blocks) * _axis.Length + start) * inner,
                Math.Min(_block, _axis.Length - start), inner, _partials + (long)i * inner);
        }
    }

    // Four columns of vectors at a time: the accumulators stay in registers and each cache line is read once.
    [MethodImpl(MethodImplOptions.NoInlining | MethodImplOptions.AggressiveOptimization)]
    private static void Block<S, V>(T* x, int rows, int inner, T* y) where S : ISimd<V, T> where V : unmanaged
    {
        int w = S.Count, n = 0;
        var none = S.Set(O.Identity<T>());
        for (; n <= inner - 4 * w; n += 4 * w)
        {
            V a = none, b = none, c = none, d = none;
            var p = x + n;
            for (var r = 0; r < rows; r++, p += inner)
            {
                a = O.Combine<S, V, T>(a, S.Load(p));
                b = O.Combine<S, V, T>(b, S.Load(p + w));
                c = O.Combine<S, V, T>(c, S.Load(p + 2 * w));
                d = O.Combine<S, V, T>(d, S.Load(p + 3 * w));
            }
            S.Store(a, y + n);
            S.Store(b, y + n + w);
            S.Store(c, y + n + 2 * w);
            S.Store(d, y + n + 3 * w);
        }
        for (; n <= inner - w; n += w)
        {
            var a = none;
            var p = x + n;
            for (var r = 0; r < rows; r++, p += inner) a = O.Combine<S, V, T>(a, S.Load(p));
            S.Store(a, y + n);
        }
        if (n >= inner) return;
        var rest = none;
        for (var r = 0; r < rows; r++)
            rest = O.Combine<S, V, T>(rest, S.LoadPartial(x + (long)r * inner + n, inner - n, none));
        S.StorePartial(rest, y + n, inner - n);
    }
}

/// <summary>Largest or smallest element of a row and its first place; the first NaN wins.</summary>
internal readonly unsafe struct ArgReduceKernel<T>(T* x, AxisView axis, bool max, T* values, int* indices)
    : ISimdKernel<T>
    where T : unmanaged, IFloatingPointIeee754<T>
{
    private readonly T* _x = x;
    private readonly T* _values = values;
    private readonly int* _indices = indices;
    private readonly AxisView _axis = axis;
    private readonly bool _max = max;

    public void Run<S, V>(int from, int to) where S : ISimd<V, T> where V : unmanaged
    {
        for (var o = from; o < to; o++)
            if (_axis.Inner == 1) Row<S, V>(o);
            else Columns(o);
    }

    // The extreme by vectors, then the first place that equals it.
    private void Row<S, V>(int o) where S : ISimd<V, T> where V : unmanaged
    {
        var x = _x + (long)o * _axis.Length;
        var best = _max ? Rows.Reduce<S, V, T, MaxOp>(x, _axis.Length) : Rows.Reduce<S, V, T, MinOp>(x, _axis.Length);
        var i = 0;
        if (T.IsNaN(best)) while (!T.IsNaN(x[i])) i++;
        else while (x[i] != best) i++;
        _values[o] = x[i];
        _indices[o] = i;
    }

    private void Columns(int o)
    {
        var inner = _axis.Inner;
        var x = _x + (long)o * _axis.Length * inner;
        var values = _values + (long)o * inner;
        var indices = _indices + (long)o * inner;
        new Span<T>(x, inner).CopyTo(new Span<T>(values, inner));
        new Span<int>(indices, inner).Clear();
        for (var i = 1; i < _axis.Length; i++)
        {
            x += inner;
            for (var n = 0; n < inner; n++)
            {
                T now = values[n], next = x[n];
                if (!(_max ? next > now : next < now) && !(T.IsNaN(next) && !T.IsNaN(now))) continue;
                values[n] = next;
                indices[n] = i;
            }
        }
    }
}

/// <summary>A stretch of a tensor that is searched for NaN and infinity.</summary>
internal struct FinitePiece
{
    public nint Start;
    public int Length;
    public int Tensor;

    /// <summary>How many were found.</summary>
    public long Count;
}

/// <summary>
/// Counts NaN and infinite elements of pieces; those that have none, which is the rule, cost one operation an element.
/// </summary>
internal readonly unsafe struct CountNonFiniteKernel<T>(FinitePiece* pieces) : ISimdKernel<T>
    where T : unmanaged, IFloatingPointIeee754<T>
{
    private readonly FinitePiece* _pieces = pieces;

    public void Run<S, V>(int from, int to) where S : ISimd<V, T> where V : unmanaged
    {
        for (var i = from; i < to; i++)
        {
            var x = (T*)_pieces[i].Start;
            var n = _pieces[i].Length;
            _pieces[i].Count = Zero<S, V>(x, n) == T.Zero ? 0 : Count(x, n);
        }
    }

    // 0·x is 0 for finite x, else NaN, and so is the sum.
    [MethodImpl(MethodImplOptions.NoInlining | MethodImplOptions.AggressiveOptimization)]
    private static T Zero<S, V>(T* x, int n) where S : ISimd<V, T> where V : unmanaged
    {
        V zero = default, a = default, b = default, c = default, d = default;
        int w = S.Count, i = 0;
        for (; i <= n - 4 * w; i += 4 * w)
        {
            a = S.MulAdd(S.Load(x + i), zero, a);
            b = S.MulAdd(S.Load(x + i + w), zero, b);
            c = S.MulAdd(S.Load(x + i + 2 * w), zero, c);
            d = S.MulAdd(S.Load(x + i + 3 * w), zero, d);
        }
        for (; i < n; i += w) a = S.MulAdd(i <= n - w ? S.Load(x + i) : S.LoadPartial(x + i, n - i, default), zero, a);
        return S.Sum(S.Add(S.Add(a, b), S.Add(c, d)));
    }

    private static long Count(T* x, int n)
    {
        var count = 0L;
        for (var i = 0; i < n; i++)
            if (!T.IsFinite(x[i])) count++;
        return count;
    }
}
