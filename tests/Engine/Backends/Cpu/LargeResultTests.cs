using AmcEngine.Backends;
using AmcEngine.Backends.Cpu;
using AmcEngine.Backends.Kernels;
using AmcEngine.Memory;
using AmcEngine.Ops;
using AmcEngine.Tensors;
using NUnit.Framework;

namespace AmcEngine.Tests.Engine.Backends.Cpu;

/// <summary>
/// Results larger than the caches, which are written past them, are bit for bit those of the same rows in small pieces.
/// </summary>
internal sealed class LargeResultTests(string path) : OnEverySimdPath(path)
{
    // 17 MB of f32; rows of an odd length begin at every place within a vector.
    private const int Rows = 4100, Width = 1031, Piece = 410;

    private static float[] _x = [], _z = [];

    [OneTimeSetUp]
    public static void Draw()
    {
        var random = new Random(5);
        float[] Numbers() => [.. Enumerable.Range(0, Rows * Width).Select(_ => random.NextSingle() * 4 - 2)];
        (_x, _z) = (Numbers(), Numbers());
    }

    [OneTimeTearDown]
    public static void Drop() => (_x, _z) = ([], []);

    [Test]
    public void Of_one_operand() => Same((b, x, _, y) => b.Run(new UnaryArgs(UnaryKind.Exp, x, y)));

    [Test]
    public void Of_two_operands() => Same((b, x, z, y) => b.Run(new BinaryArgs(BinaryKind.Mul, x, z, y)));

    [Test]
    public void Of_layer_norm() => Same((b, x, z, y) => Norm(b, x, y));

    [Test]
    public void Of_the_gradient_of_layer_norm() => Same((b, x, z, y) =>
    {
        var (gamma, mean, rstd) = Norm(b, x, x.EmptyLike());
        b.Run(new LayerNormBackwardArgs(x, gamma, mean, rstd, z, y, gamma.EmptyLike(), null));
    });

    private static (Tensor Gamma, Tensor Mean, Tensor Rstd) Norm(IBackend b, Tensor x, Tensor y)
    {
        Tensor gamma = Tensor.From(_z.AsSpan(0, Width).ToArray(), [Width], b), mean = x.EmptyLike([x.Shape[0]]),
            rstd = mean.EmptyLike();
        b.Run(new LayerNormArgs(x, gamma, gamma, 1e-6, y, mean, rstd));
        return (gamma, mean, rstd);
    }

    private static void Same(Action<IBackend, Tensor, Tensor, Tensor> run)
    {
        using var backend = new CpuBackend(2);
        var large = Run(backend, 0, Rows, run);
        for (var r = 0; r < Rows; r += Piece)
        {
            var part = Run(backend, r, Piece, run);
            Assert.That(large.AsSpan(r * Width, Piece * Width).SequenceEqual(part), $"rows from {r}");
        }
    }

    private static float[] Run(CpuBackend backend, int row, int rows, Action<IBackend, Tensor, Tensor, Tensor> run)
    {
        using var scope = MemoryScope.Begin();
        Tensor Slice(float[] values) =>
            Tensor.From(values.AsSpan(row * Width, rows * Width).ToArray(), [rows, Width], backend);
        Tensor x = Slice(_x), z = Slice(_z), y = x.EmptyLike();
        backend.Run(new FillArgs(y, double.NaN));
        run(backend, x, z, y);
        return y.ToArray<float>();
    }
}
