using AmcEngine.Backends;
using AmcEngine.Backends.Kernels;
using AmcEngine.Bench.Harness;
using AmcEngine.Tensors;
using TensorPrimitives = System.Numerics.Tensors.TensorPrimitives;

namespace AmcEngine.Bench.Cpu;

/// <summary>An op that <see cref="TensorPrimitives"/> has too.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Rows">Rows of the operand.</param>
/// <param name="Width">Elements of a row.</param>
/// <param name="Engine">The kernel of a back end on operands of this size.</param>
/// <param name="Primitives">The call of TensorPrimitives on operands x, y and result z.</param>
internal sealed record PeerOp(
    string Name, int Rows, int Width, Action<IBackend, Tensor, Tensor, Tensor> Engine,
    Action<float[], float[], float[]> Primitives)
{
    public int Count => Rows * Width;

    public string Size => Rows == 1 ? $"{Width}" : $"{Rows}×{Width}";

    /// <summary>Bytes that must move.</summary>
    public double Bytes => CallCost.Of(Name, OnEngine).Bytes;

    /// <summary>The engine's side.</summary>
    public Action OnEngine(IBackend backend)
    {
        // The result of a reduction is a prefix of z.
        Tensor x = Operands.Draw(backend, [Count]), y = Operands.Draw(backend, [Count]),
            z = Operands.Draw(backend, [Count]);
        return () => Engine(backend, x, y, z);
    }

    /// <summary>The peer's side: one thread, which is all it has.</summary>
    public Action OnPrimitives()
    {
        float[] x = Operands.Values<float>(Count, 1), y = Operands.Values<float>(Count, 1),
            z = Operands.Values<float>(Count, 1);
        return () => Primitives(x, y, z);
    }
}

/// <summary>
/// Elementwise ops, reductions and softmax at a size that fits a core's cache and at one that does not.
/// </summary>
internal static class PeerOps
{
    private const int Small = 16 << 10, Large = 4 << 20;

    // Keeps results alive.
    private static float _sink;

    public static IEnumerable<PeerOp> All =>
        new[] { Small, Large }.SelectMany(Elementwise).Append(Softmax(8320, 65)).Append(Softmax(514, 768));

    private static PeerOp[] Elementwise(int n) =>
    [
        Unary("exp", n, UnaryKind.Exp, (x, z) => TensorPrimitives.Exp(x, z)),
        Unary("tanh", n, UnaryKind.Tanh, (x, z) => TensorPrimitives.Tanh(x, z)),
        Unary("sigmoid", n, UnaryKind.Sigmoid, (x, z) => TensorPrimitives.Sigmoid(x, z)),
        new("add", 1, n, (b, x, y, z) => b.Run(new BinaryArgs(BinaryKind.Add, x, y, z)),
            (x, y, z) => TensorPrimitives.Add<float>(x, y, z)),
        new("multiply", 1, n, (b, x, y, z) => b.Run(new BinaryArgs(BinaryKind.Mul, x, y, z)),
            (x, y, z) => TensorPrimitives.Multiply<float>(x, y, z)),
        new("multiply-add (z += ½·x)", 1, n, (b, x, _, z) => b.Run(new AddScaledArgs(x, 0.5, z)),
            (x, _, z) => TensorPrimitives.MultiplyAdd<float>(x, 0.5f, z, z)),
        // The engine has no dot product of its own: a product of a row and a column.
        new("dot", 1, n, (b, x, y, z) => b.Run(Dot(x, y, z)), (x, y, _) => _sink = TensorPrimitives.Dot<float>(x, y)),
        new("sum", 1, n, (b, x, _, z) => b.Run(new ReduceArgs(ReduceKind.Sum, x, new AxisView(1, n, 1), z)),
            (x, _, _) => _sink = TensorPrimitives.Sum<float>(x)),
        new("max", 1, n, (b, x, _, z) => b.Run(new ReduceArgs(ReduceKind.Max, x, new AxisView(1, n, 1), z)),
            (x, _, _) => _sink = TensorPrimitives.Max<float>(x)),
    ];

    private static PeerOp Unary(string name, int n, UnaryKind kind, Action<float[], float[]> peer) =>
        new(name, 1, n, (b, x, _, z) => b.Run(new UnaryArgs(kind, x, z)), (x, _, z) => peer(x, z));

    private static PeerOp Softmax(int rows, int width) => new(
        "softmax", rows, width,
        (b, x, _, z) => b.Run(new SoftmaxArgs(x, new AxisView(rows, width, 1), false, z)),
        (x, _, z) =>
        {
            for (var r = 0; r < rows; r++)
                TensorPrimitives.SoftMax<float>(x.AsSpan(r * width, width), z.AsSpan(r * width, width));
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
