using AmcEngine.Tensors;

namespace AmcEngine.Backends.Kernels;

/// <summary>Matrix products with what may follow a product.</summary>
public interface IMatMulKernels : IKernel<MatMulArgs>;

/// <summary>
/// C = activation(alpha · op(A)·op(B) + bias) + residual, batched with strides: op(A) is M×K and op(B) K×N, transposed
/// where asked; leading dimensions let rows lie apart, so that attention heads are multiplied where they lie. Element
/// (i, k) of op(A) in batch (b0, b1) is at OffsetA + b0·A0 + b1·A1 + i·Lda + k (k·Lda + i when transposed); B and C
/// likewise. A batch stride of 0 broadcasts. Costs 2·M·N·K operations a product; what follows a product is not counted.
/// Each operand is read once, however often a batch stride of 0 repeats it.
/// </summary>
public struct MatMulArgs : IKernelArgs
{
    private static readonly string[] Names =
    [
        "matmul nn", "matmul nt", "matmul tn", "matmul tt",
        "batched matmul nn", "batched matmul nt", "batched matmul tn", "batched matmul tt",
    ];

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

    /// <summary>
    /// Added last (layout of C), or null: the input that a block of a network adds to its result. May not be C.
    /// </summary>
    public Tensor? Residual;

    /// <summary>Defaults: one batch, alpha 1.</summary>
    public MatMulArgs()
    {
    }

    /// <inheritdoc/>
    public readonly KernelWork Work =>
        new(Names[(Batch0 * Batch1 > 1 ? 4 : 0) + (TransA ? 2 : 0) + (TransB ? 1 : 0)], Flop, Bytes)
        {
            Shape = KernelShape.Product(M, N, K, Batch0 * Batch1),
        };

    private readonly double Flop => Operations(M, N, K, Batch0 * Batch1);

    /// <summary>Operations of so many products of an M×K and a K×N matrix.</summary>
    public static double Operations(int m, int n, int k, int batch = 1) => 2.0 * m * n * k * batch;

    private readonly double Bytes
    {
        get
        {
            double a = (double)M * K * Distinct(A0, A1), b = (double)K * N * Distinct(B0, B1);
            var results = 1 + (Accumulate ? 1 : 0) + (PreActivation is null ? 0 : 1) + (Residual is null ? 0 : 1);
            var c = (double)M * N * Batch0 * Batch1 * results;
            return C.DType.Size() * (a + b + c) + KernelWork.Size(Bias);
        }
    }

    // Matrices of an operand that lie apart.
    private readonly double Distinct(long outer, long inner) =>
        (outer == 0 ? 1 : Batch0) * (double)(inner == 0 ? 1 : Batch1);
}

/// <summary>What a matmul applies to a finished output element.</summary>
public enum Activation
{
    /// <summary>The element stays as it is.</summary>
    None,
    /// <summary>GELU by the error function.</summary>
    Gelu,
    /// <summary>x·σ(1.702 x), the quick form of GELU.</summary>
    QuickGelu,
}
