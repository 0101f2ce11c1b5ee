using System.Numerics;
using AmcEngine.Tensors;

namespace AmcEngine.Backends.Cpu;

// Reductions along an axis; see ReductionKernels.cs for the order of the additions.
public sealed partial class CpuBackend
{
    /// <summary>A row longer than this is cut into pieces of this length, on any number of threads.</summary>
    private const int LongRow = 16 * 1024;

    /// <summary>Rows of a block of a column reduction.</summary>
    private const int ColumnBlock = 128;

    /// <inheritdoc/>
    public void Reduce(ReduceKind kind, Tensor x, AxisView axis, Tensor y)
    {
        if (y.DType == DType.F64) Reduce<double>(kind, x, axis, y);
        else Reduce<float>(kind, x, axis, y);
    }

    private unsafe void Reduce<T>(ReduceKind kind, Tensor x, AxisView axis, Tensor y) where T : unmanaged, IFloatingPointIeee754<T>
    {
        T* px = Ptr<T>(x), py = Ptr<T>(y);
        switch (kind)
        {
            case ReduceKind.Sum: Reduce<T, SumOp>(px, axis, py); break;
            case ReduceKind.Max: Reduce<T, MaxOp>(px, axis, py); break;
            case ReduceKind.Min: Reduce<T, MinOp>(px, axis, py); break;
            default: throw new EngineException("reduce", $"the CPU back end has no kernel for {kind}");
        }
    }

    private unsafe void Reduce<T, O>(T* x, AxisView axis, T* y) where T : unmanaged, IFloatingPointIeee754<T> where O : struct, IReduceOp
    {
        if (axis.Inner == 1) ReduceRows<T, O>(x, axis.Outer, axis.Length, y);
        else ReduceColumns<T, O>(x, axis, y);
    }

    private unsafe void ReduceRows<T, O>(T* x, int rows, int length, T* y) where T : unmanaged, IFloatingPointIeee754<T> where O : struct, IReduceOp
    {
        if (length <= LongRow)
        {
            Run<T, ReduceRowsKernel<T, O>>(new ReduceRowsKernel<T, O>(x, length, y), rows, RowTile(CheapTile, length));
            return;
        }
        var pieces = (length + LongRow - 1) / LongRow;
        using var scratch = Borrow((long)rows * pieces * sizeof(T));
        var partials = (T*)scratch.Pointer;
        Run<T, ReducePiecesKernel<T, O>>(new ReducePiecesKernel<T, O>(x, length, LongRow, partials), rows * pieces, CheapTile / LongRow);
        Simd.Run<T, ReduceRowsKernel<T, O>>(new ReduceRowsKernel<T, O>(partials, pieces, y), 0, rows);
    }

    private unsafe void ReduceColumns<T, O>(T* x, AxisView axis, T* y) where T : unmanaged, IFloatingPointIeee754<T> where O : struct, IReduceOp
    {
        // 1.5 blocks are better as one: the second pass and its scratch cost more than they spread.
        var blocks = axis.Length <= ColumnBlock * 3 / 2 ? 1 : (axis.Length + ColumnBlock - 1) / ColumnBlock;
        if (blocks == 1)
        {
            Run<T, ReduceColumnsKernel<T, O>>(new ReduceColumnsKernel<T, O>(x, axis, Math.Max(1, axis.Length), y), axis.Outer, RowTile(CheapTile, (long)axis.Length * axis.Inner));
            return;
        }
        using var scratch = Borrow((long)axis.Outer * blocks * axis.Inner * sizeof(T));
        var partials = (T*)scratch.Pointer;
        Run<T, ReduceColumnsKernel<T, O>>(new ReduceColumnsKernel<T, O>(x, axis, ColumnBlock, partials), axis.Outer * blocks, RowTile(CheapTile, (long)ColumnBlock * axis.Inner));
        ReduceColumns<T, O>(partials, axis with { Length = blocks }, y);
    }

    /// <inheritdoc/>
    public unsafe void ArgReduce(ReduceKind kind, Tensor x, AxisView axis, Tensor values, Tensor indices)
    {
        if (kind == ReduceKind.Sum) throw new EngineException("arg_reduce", "a sum has no index; use Max or Min");
        var tile = RowTile(CheapTile, (long)axis.Length * axis.Inner);
        var max = kind == ReduceKind.Max;
        if (values.DType == DType.F64)
            Run<double, ArgReduceKernel<double>>(new ArgReduceKernel<double>(Ptr<double>(x), axis, max, Ptr<double>(values), Ptr<int>(indices)), axis.Outer, tile);
        else
            Run<float, ArgReduceKernel<float>>(new ArgReduceKernel<float>(Ptr<float>(x), axis, max, Ptr<float>(values), Ptr<int>(indices)), axis.Outer, tile);
    }

    /// <inheritdoc/>
    public void CountNonFinite(ReadOnlySpan<Tensor> tensors, Span<long> counts)
    {
        counts[..tensors.Length].Clear();
        CountNonFinite<float>(tensors, DType.F32, counts);
        CountNonFinite<double>(tensors, DType.F64, counts);
    }

    // One job for the tensors of a type, however many and small they are.
    private unsafe void CountNonFinite<T>(ReadOnlySpan<Tensor> tensors, DType type, Span<long> counts) where T : unmanaged, IFloatingPointIeee754<T>
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
                *piece++ = new FinitePiece { Start = (nint)(Ptr<T>(tensors[t]) + at), Length = Math.Min(CheapTile, tensors[t].Count - at), Tensor = t };
        piece -= pieces;
        // So many pieces as have about the elements of a tile.
        var together = (int)Math.Clamp(pieces * CheapTile / elements, 1, pieces);
        Run<T, CountNonFiniteKernel<T>>(new CountNonFiniteKernel<T>(piece), (int)pieces, together);
        for (var i = 0L; i < pieces; i++) counts[piece[i].Tensor] += piece[i].Count;
    }
}
