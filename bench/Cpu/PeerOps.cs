using AmcEngine.Backends;
using AmcEngine.Tensors;
using TensorPrimitives = System.Numerics.Tensors.TensorPrimitives;

namespace AmcEngine.Bench.Cpu;

/// <summary>An op that <see cref="TensorPrimitives"/> has too.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Rows">Rows of the operand.</param>
/// <param name="Width">Elements of a row.</param>
/// <param name="Passes">Reads and writes of an element, for the bytes that must move.</param>
/// <param name="Engine">The kernel of a back end on operands of this size.</param>
/// <param name="Primitives">The call of TensorPrimitives on operands x, y and result z.</param>
internal sealed record PeerOp(
    string Name, int Rows, int Width, int Passes, Action<IBackend, Tensor, Tensor, Tensor> Engine, Action<float[], float[], float[]> Primitives)
{
    public int Count => Rows * Width;

    public string Size => Rows == 1 ? $"{Width}" : $"{Rows}×{Width}";

    public double Bytes => (double)Passes * sizeof(float) * Count;

    /// <summary>The engine's side.</summary>
    public Action OnEngine(IBackend backend)
    {
        // The result of a reduction is a prefix of z.
        Tensor x = AttentionCases.Draw(backend, [Count]), y = AttentionCases.Draw(backend, [Count]), z = AttentionCases.Draw(backend, [Count]);
        return () => Engine(backend, x, y, z);
    }

    /// <summary>The peer's side: one thread, which is all it has.</summary>
    public Action OnPrimitives()
    {
        float[] x = GemmValues.Draw<float>(Count, 1), y = GemmValues.Draw<float>(Count, 1), z = GemmValues.Draw<float>(Count, 1);
        return () => Primitives(x, y, z);
    }
}

/// <summary>Elementwise ops, reductions and softmax at a size that fits a core's cache and at one that does not.</summary>
internal static class PeerOps
{
    private const int Small = 16 << 10, Large = 4 << 20;

    // Keeps results alive.
    private static float _sink;

    public static IEnumerable<PeerOp> All => new[] { Small, Large }.SelectMany(Elementwise).Append(Softmax(8320, 65)).Append(Softmax(514, 768));

    private static PeerOp[] Elementwise(int n) =>
    [
        Unary("exp", n, UnaryKind.Exp, (x, z) => TensorPrimitives.Exp(x, z)),
        Unary("tanh", n, UnaryKind.Tanh, (x, z) => TensorPrimitives.Tanh(x, z)),
        Unary("sigmoid", n, UnaryKind.Sigmoid, (x, z) => TensorPrimitives.Sigmoid(x, z)),
        new("add", 1, n, 3, (b, x, y, z) => b.Binary(BinaryKind.Add, x, y, z), (x, y, z) => TensorPrimitives.Add<float>(x, y, z)),
        new("multiply", 1, n, 3, (b, x, y, z) => b.Binary(BinaryKind.Mul, x, y, z), (x, y, z) => TensorPrimitives.Multiply<float>(x, y, z)),
        new("multiply-add (z += ½·x)", 1, n, 3, (b, x, _, z) => b.AddScaled(x, 0.5, z), (x, _, z) => TensorPrimitives.MultiplyAdd<float>(x, 0.5f, z, z)),
        // The engine has no dot product of its own: a product of a row and a column.
        new("dot", 1, n, 2, (b, x, y, z) => b.MatMul(Dot(x, y, z)), (x, y, _) => _sink = TensorPrimitives.Dot<float>(x, y)),
        new("sum", 1, n, 1, (b, x, _, z) => b.Reduce(ReduceKind.Sum, x, new AxisView(1, n, 1), z), (x, _, _) => _sink = TensorPrimitives.Sum<float>(x)),
        new("max", 1, n, 1, (b, x, _, z) => b.Reduce(ReduceKind.Max, x, new AxisView(1, n, 1), z), (x, _, _) => _sink = TensorPrimitives.Max<float>(x)),
    ];

    private static PeerOp Unary(string name, int n, UnaryKind kind, Action<float[], float[]> peer) =>
        new(name, 1, n, 2, (b, x, _, z) => b.Unary(kind, x, z), (x, _, z) => peer(x, z));

    private static PeerOp Softmax(int rows, int width) => new(
        "softmax", rows, width, 2,
        (b, x, _, z) => b.Softmax(x, new AxisView(rows, width, 1), false, z),
        (x, _, z) =>
        {
            for (var r = 0; r < rows; r++) TensorPrimitives.SoftMax<float>(x.AsSpan(r * width, width), z.AsSpan(r * width, width));
        });

    private static MatMulArgs Dot(Tensor x, Tensor y, Tensor z) => new()
    {
        A = x,
        B = y,
        C = z,
        M = 1,
        N = 1,
        K = x.Count,
        Lda = x.Count,
        Ldb = 1,
        Ldc = 1,
    };
}
