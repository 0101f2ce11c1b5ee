using AmcEngine.Tensors;

namespace AmcEngine.Backends;

/// <summary>
/// C = activation(alpha · op(A)·op(B) + bias) + residual, batched with strides: op(A) is M×K and op(B) K×N, transposed where
/// asked; leading dimensions let rows lie apart, so that attention heads are multiplied where they lie.
/// Element (i, k) of op(A) in batch (b0, b1) is at OffsetA + b0·A0 + b1·A1 + i·Lda + k (k·Lda + i when transposed);
/// B and C likewise. A batch stride of 0 broadcasts.
/// </summary>
public struct MatMulArgs
{
    /// <summary>Left operand.</summary>
    public required Tensor A;
    /// <summary>Right operand.</summary>
    public required Tensor B;
    /// <summary>Result.</summary>
    public required Tensor C;
    /// <summary>Rows of the result.</summary>
    public required int M;
    /// <summary>Columns of the result.</summary>
    public required int N;
    /// <summary>Length of the inner products; 0 gives zeros (plus bias).</summary>
    public required int K;
    /// <summary>A is stored K×M.</summary>
    public bool TransA;
    /// <summary>B is stored N×K.</summary>
    public bool TransB;
    /// <summary>Elements between rows of A as stored.</summary>
    public required int Lda;
    /// <summary>Elements between rows of B as stored.</summary>
    public required int Ldb;
    /// <summary>Elements between rows of C.</summary>
    public required int Ldc;
    /// <summary>Outer batch extent.</summary>
    public int Batch0 = 1;
    /// <summary>Inner batch extent.</summary>
    public int Batch1 = 1;
    /// <summary>Outer batch stride of A.</summary>
    public long A0;
    /// <summary>Inner batch stride of A.</summary>
    public long A1;
    /// <summary>Outer batch stride of B.</summary>
    public long B0;
    /// <summary>Inner batch stride of B.</summary>
    public long B1;
    /// <summary>Outer batch stride of C.</summary>
    public long C0;
    /// <summary>Inner batch stride of C.</summary>
    public long C1;
    /// <summary>Factor of the product.</summary>
    public double Alpha = 1;
    /// <summary>Add to C instead of overwriting it (not with bias or activation).</summary>
    public bool Accumulate;
    /// <summary>Row vector of N elements added to each row, or null.</summary>
    public Tensor? Bias;
    /// <summary>Applied after the bias.</summary>
    public Activation Activation;
    /// <summary>Receives the values before the activation (layout of C), or null.</summary>
    public Tensor? PreActivation;

    /// <summary>Added last (layout of C), or null: the input that a block of a network adds to its result. May not be C.</summary>
    public Tensor? Residual;

    /// <summary>Defaults: one batch, alpha 1.</summary>
    public MatMulArgs()
    {
    }
}
