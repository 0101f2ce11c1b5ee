using AmcEngine.Backends.Kernels;

namespace AmcEngine.Backends.Cpu.Gemm;

/// <summary>One matrix product C = activation(alpha·A·B [+ C] + bias) + residual by addresses and strides.</summary>
internal unsafe struct GemmProblem<T> where T : unmanaged
{
    public T* A;
    /// <summary>Elements from row to row of op(A).</summary>
    public nint RowA;
    /// <summary>Elements from column to column of op(A).</summary>
    public nint ColA;
    public T* B;
    /// <summary>Elements from row to row of op(B).</summary>
    public nint RowB;
    /// <summary>Elements from column to column of op(B).</summary>
    public nint ColB;
    public T* C;
    public nint Ldc;
    public int M;
    public int N;
    public int K;
    public T Alpha;
    public bool Accumulate;
    public T* Bias;
    public T* PreActivation;
    public T* Residual;
    public Activation Activation;

    /// <summary>Something follows the product.</summary>
    public readonly bool HasEpilogue =>
        Bias is not null || Activation != Activation.None || PreActivation is not null || Residual is not null;
}

/// <summary>
/// Rows cut into even panels of at most so many: 65 = 5 × 13 and not 4 × 14 + 9. The first <see cref="Larger"/> panels
/// have <see cref="Most"/> rows, the others one less.
/// </summary>
internal readonly struct RowPanels
{
    public RowPanels(int rows, int most)
    {
        Count = (rows + most - 1) / most;
        var smaller = rows / Math.Max(1, Count);
        Larger = rows - smaller * Count;
        Most = smaller + 1;
        if (Larger != 0) return;
        Most = smaller;
        Larger = Count;
    }

    public int Count { get; }

    public int Most { get; }

    public int Larger { get; }

    /// <summary>First row of a panel; of <see cref="Count"/>: all rows.</summary>
    public int Start(int panel) => panel <= Larger ? panel * Most : Larger * Most + (panel - Larger) * (Most - 1);

    /// <summary>Rows of a panel.</summary>
    public int Size(int panel) => panel < Larger ? Most : Most - 1;
}
