using AmcEngine.Backends.Kernels;

namespace AmcEngine.Bench.Cpu;

/// <summary>Sizes of a product, batched where there is more than one.</summary>
/// <param name="M">Rows of the result.</param>
/// <param name="N">Columns of the result.</param>
/// <param name="K">Length of the inner products.</param>
/// <param name="Batch">How many products, one behind the other in memory.</param>
/// <param name="Large">Whether it counts in the mean of the large ones.</param>
internal sealed record GemmShape(int M, int N, int K, int Batch = 1, bool Large = true)
{
    /// <summary>Floating-point operations of all products.</summary>
    public double Flops => MatMulArgs.Operations(M, N, K, Batch);

    public override string ToString() => Batch == 1 ? $"{M}×{N}×{K}" : $"{Batch} × ({M}×{N}×{K})";
}

/// <summary>A product and which of its operands are stored transposed.</summary>
public sealed record GemmCase
{
    internal GemmCase(GemmShape shape, bool transA, bool transB) => (Shape, TransA, TransB) = (shape, transA, transB);

    internal GemmShape Shape { get; }

    internal bool TransA { get; }

    internal bool TransB { get; }

    /// <summary>NN, NT or TN: forward with a stored transposed weight is NT, the gradients are NN and TN.</summary>
    internal string Layout => $"{(TransA ? 'T' : 'N')}{(TransB ? 'T' : 'N')}";

    /// <summary>Elements between stored rows of A.</summary>
    internal int Lda => TransA ? Shape.M : Shape.K;

    /// <summary>Elements between stored rows of B.</summary>
    internal int Ldb => TransB ? Shape.K : Shape.N;

    /// <inheritdoc/>
    public override string ToString() => $"{Shape} {Layout}";
}

/// <summary>
/// The products that decide a training step: ViT-B at batch 2 and 8, a short text, squares, and the scores of 24 heads.
/// </summary>
internal static class GemmCases
{
    public static readonly GemmShape[] Shapes =
    [
        new(512, 768, 768), new(512, 3072, 768), new(514, 768, 3072), new(2056, 768, 768), new(50, 768, 768,
            Large: false), new(1024, 1024, 1024), new(2048, 2048, 2048), new(257, 257, 64, 24, Large: false),
    ];

    /// <summary>Every shape in every layout; the position in this list names a case to another process.</summary>
    public static readonly GemmCase[] All =
    [
        .. Shapes.SelectMany(
            s => new[] { new GemmCase(s, false, false), new GemmCase(s, false, true), new GemmCase(s, true, false) }),
    ];
}
