using System.Runtime.CompilerServices;
using AmcEngine.Backends.Kernels;

namespace AmcEngine.Backends.Cpu.Kernels;

/// <summary>Addresses and sizes of an attention call; heads are counted over samples, b·H + h.</summary>
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

    /// <summary>Row i of a head of <paramref name="x"/>, which is laid out as queries.</summary>
    public readonly T* Query(T* x, int head, int i) => Row(x, Operands.QLayout, head, i);

    /// <summary>Row j of a head of <paramref name="x"/>, which is laid out as keys.</summary>
    public readonly T* Key(T* x, int head, int j) => Row(x, Operands.KLayout, head, j);

    /// <summary>log Σ exp of query row i.</summary>
    public readonly T* RowLse(int head, int i) => Lse + (nint)head * Operands.Lq + i;

    /// <summary>The mask of score (i, j), or null.</summary>
    public readonly T* MaskRow(int head, int i, int j)
    {
        if (Mask is null) return null;
        var (b, h) = Math.DivRem(head, Operands.H);
        return Mask + b * Operands.MaskBatch + h * Operands.MaskHead + (nint)i * Operands.MaskRow + j;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private readonly T* Row(T* x, in HeadLayout layout, int head, int i)
    {
        var (b, h) = Math.DivRem(head, Operands.H);
        return x + b * layout.Batch + h * layout.Head + (nint)i * layout.Row;
    }
}

/// <summary>So many rows cut into so many even blocks, the later ones the larger.</summary>
internal readonly record struct EvenBlocks(int Rows, int Count)
{
    /// <summary>Blocks of at most so many rows; at least one, so that what is empty is still written.</summary>
    public static EvenBlocks AtMost(int rows, int most) => new(rows, Math.Max(1, (rows + most - 1) / most));

    /// <summary>Rows of the largest block.</summary>
    public int Largest => (Rows + Count - 1) / Count;

    /// <summary>First row of a block.</summary>
    public int Start(int block) => (int)((long)Rows * block / Count);

    /// <summary>Rows of a block.</summary>
    public int Size(int block) => Start(block + 1) - Start(block);
}
