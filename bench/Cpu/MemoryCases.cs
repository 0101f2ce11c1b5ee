using System.Collections.Concurrent;
using AmcEngine.Backends;
using AmcEngine.Backends.Cpu.Host;
using AmcEngine.Backends.Kernels;
using AmcEngine.Bench.Harness;
using AmcEngine.Tensors;

namespace AmcEngine.Bench.Cpu;

/// <summary>A kernel that memory bounds where its operands leave the caches.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Width">Elements of a row.</param>
/// <param name="Prepare">Draws operands of so many rows and returns the work.</param>
internal sealed record MemoryCase(string Name, int Width, Func<IBackend, int, Action> Prepare)
{
    /// <summary>Bytes that an element moves, where the work is no kernel that tells them.</summary>
    public double? ElementBytes { get; init; }

    /// <summary>Bytes that must move: operands once, results once.</summary>
    public double Bytes(int rows) => ElementBytes * rows * Width ?? CallCost.Of(Name, b => Prepare(b, rows)).Bytes;

    /// <summary>Rows of about so many elements.</summary>
    public int Rows(int elements) => Math.Max(1, elements / Width);
}

/// <summary>Row kernels, losses, elementwise kernels and what a step does to all weights, in f32.</summary>
internal static class MemoryCases
{
    private const int Width = 768, Hidden = 3072, Vocabulary = 30522, Flat = 4096, WeightTensors = 300;

    /// <summary>What a copy of the standard library does, half to each thread: the measure of the others.</summary>
    public static readonly MemoryCase Copy =
        new("copy (Buffer.MemoryCopy)", Flat, CopyOf) { ElementBytes = 2 * sizeof(float) };

    /// <summary>Those that a quick run measures.</summary>
    public static readonly string[] Few =
    [
        "add", "gelu", "layer norm", "layer norm backward", "softmax", "cross-entropy", "adamw", "finite check"
    ];

    private static readonly ConcurrentDictionary<int, WorkerPool> Pools = new();

    public static IEnumerable<MemoryCase> All =>
        [.. Elementwise(), .. Normalization(), .. Softmax(), .. Losses(), .. Weights()];

    private static unsafe Action CopyOf(IBackend b, int rows)
    {
        var (x, y) = (Draw(b, rows, Flat), Draw(b, rows, Flat));
        var pool = Pools.GetOrAdd(b.Device.Threads, t => new WorkerPool(t));
        var part = (long)x.Count * sizeof(float) / pool.Threads;
        return () => pool.Run(
            pool.Threads, t => Buffer.MemoryCopy((byte*)x.Pointer + t * part, (byte*)y.Pointer + t * part, part, part));
    }

    private static IEnumerable<MemoryCase> Elementwise()
    {
        yield return Binary("add", BinaryKind.Add, Flat);
        yield return Binary("multiply", BinaryKind.Mul, Flat);
        yield return new("add in place", Flat, (b, rows) =>
        {
            var (x, y) = (Draw(b, rows, Flat), Draw(b, rows, Flat));
            return () => b.Run(new AddScaledArgs(x, 1e-3, y));
        });
        yield return new("add a row (bias)", Width, (b, rows) =>
        {
            var (x, bias, y) = (Draw(b, rows, Width), Draw(b, 1, Width), Draw(b, rows, Width));
            return () => b.Run(new BinaryArgs(BinaryKind.Add, x, bias, y));
        });
        yield return Unary("scale", UnaryKind.Affine, Flat);
        yield return Unary("exp", UnaryKind.Exp, Flat);
        yield return Unary("sigmoid", UnaryKind.Sigmoid, Flat);
        yield return Unary("gelu", UnaryKind.Gelu, Hidden);
        yield return Binary("gelu backward", BinaryKind.GeluBackward, Hidden);
        yield return new("gelu double backward", Hidden, (b, rows) =>
        {
            var (x, g, h, dg, dx) = (Draw(b, rows, Hidden), Draw(b, rows, Hidden), Draw(b, rows, Hidden),
                Draw(b, rows, Hidden), Draw(b, rows, Hidden));
            return () => b.Run(new ActivationDoubleBackwardArgs(Activation.Gelu, x, g, h, dg, dx));
        });
    }

    private static MemoryCase Unary(string name, UnaryKind kind, int width) => new(name, width, (b, rows) =>
    {
        var (x, y) = (Draw(b, rows, width), Draw(b, rows, width));
        return () => b.Run(new UnaryArgs(kind, x, y, 0.5, 0.25));
    });

    private static MemoryCase Binary(string name, BinaryKind kind, int width) => new(name, width, (b, rows) =>
    {
        var (x, y, z) = (Draw(b, rows, width), Draw(b, rows, width), Draw(b, rows, width));
        return () => b.Run(new BinaryArgs(kind, x, y, z));
    });

    private static IEnumerable<MemoryCase> Normalization()
    {
        yield return new("layer norm", Width, (b, rows) =>
        {
            var (x, gamma, mean) = Norm(b, rows);
            var (beta, rstd, y) = (Operands.Like(gamma), Operands.Like(mean), Operands.Like(x));
            return () => b.Run(new LayerNormArgs(x, gamma, beta, 1e-6, y, mean, rstd));
        });
        yield return new("layer norm backward", Width, (b, rows) =>
        {
            var (x, gamma, mean) = Norm(b, rows);
            var (rstd, g, dx, dgamma, dbeta) =
                (Operands.Like(mean), Operands.Like(x), Operands.Like(x), Operands.Like(gamma), Operands.Like(gamma));
            b.Run(new LayerNormArgs(x, gamma, dbeta, 1e-6, dx, mean, rstd));
            return () => b.Run(new LayerNormBackwardArgs(x, gamma, mean, rstd, g, dx, dgamma, dbeta));
        });
        yield return new("layer norm double backward", Width, (b, rows) =>
        {
            var (x, gamma, mean) = Norm(b, rows);
            var (rstd, g, ddx, dx, dg) =
                (Operands.Like(mean), Operands.Like(x), Operands.Like(x), Operands.Like(x), Operands.Like(x));
            var (ddgamma, ddbeta, dgamma) = (Operands.Like(gamma), Operands.Like(gamma), Operands.Like(gamma));
            b.Run(new LayerNormArgs(x, gamma, ddbeta, 1e-6, dx, mean, rstd));
            return () =>
                b.Run(new LayerNormDoubleBackwardArgs(x, gamma, mean, rstd, g, ddx, ddgamma, ddbeta, dx, dgamma, dg));
        });
    }

    private static (Tensor X, Tensor Gamma, Tensor Mean) Norm(IBackend b, int rows) =>
        (Draw(b, rows, Width), Draw(b, 1, Width), Draw(b, 1, rows));

    private static IEnumerable<MemoryCase> Softmax()
    {
        yield return new("softmax", Width, (b, rows) =>
        {
            var (x, y) = (Draw(b, rows, Width), Draw(b, rows, Width));
            return () => b.Run(new SoftmaxArgs(x, new AxisView(rows, Width, 1), false, y));
        });
        yield return new("softmax backward", Width, (b, rows) =>
        {
            var (y, g, dx) = (Draw(b, rows, Width), Draw(b, rows, Width), Draw(b, rows, Width));
            return () => b.Run(new SoftmaxBackwardArgs(y, g, new AxisView(rows, Width, 1), false, dx));
        });
    }

    private static IEnumerable<MemoryCase> Losses()
    {
        yield return new("cross-entropy", Vocabulary, (b, rows) =>
        {
            var (x, labels, losses, lse) = Logits(b, rows);
            return () => b.Run(new CrossEntropyArgs(x, labels, -100, losses, lse));
        });
        yield return new("cross-entropy backward", Vocabulary, (b, rows) =>
        {
            var (x, labels, losses, lse) = Logits(b, rows);
            b.Run(new CrossEntropyArgs(x, labels, -100, losses, lse));
            var (g, dx) = (Operands.Like(losses), Operands.Like(x));
            return () => b.Run(new CrossEntropyBackwardArgs(x, lse, labels, -100, g, dx));
        });
    }

    private static (Tensor X, Tensor Labels, Tensor Losses, Tensor Lse) Logits(IBackend b, int rows)
    {
        var labels = Tensor.From(Enumerable.Range(0, rows).Select(i => i * 17 % Vocabulary).ToArray(), [rows], b);
        return (Draw(b, rows, Vocabulary), labels, Draw(b, 1, rows), Draw(b, 1, rows));
    }

    private static IEnumerable<MemoryCase> Weights()
    {
        yield return new("adamw", Flat, (b, rows) =>
        {
            var (p, g, m, v) = (Draw(b, rows, Flat), Draw(b, rows, Flat), Draw(b, rows, Flat), Tensor.From(
                new float[rows * Flat], [rows, Flat], b));
            return () =>
                b.Run(new AdamWArgs([new AdamWTensors(p, g, m, v)], new AdamWStep(1e-4, 0.9, 0.999, 1e-8, 0.02, 3)));
        });
        yield return new("momentum copy", Flat, (b, rows) =>
        {
            var (x, y) = (Draw(b, rows, Flat), Draw(b, rows, Flat));
            return () => b.Run(new LerpArgs([new TensorPair(x, y)], 0.005));
        });
        yield return new("finite check", Flat, (b, rows) =>
        {
            Tensor[] tensors = [Draw(b, rows, Flat)];
            return () => b.Run(new CountNonFiniteArgs(tensors, new long[1]));
        });
        yield return new($"finite check of {WeightTensors} tensors", WeightTensors, (b, rows) =>
        {
            var tensors = Enumerable.Range(0, WeightTensors).Select(_ => Draw(b, 1, rows)).ToArray();
            return () => b.Run(new CountNonFiniteArgs(tensors, new long[WeightTensors]));
        });
        yield return new("sum", Flat, (b, rows) =>
        {
            var (x, y) = (Draw(b, rows, Flat), Draw(b, 1, 1));
            return () => b.Run(new ReduceArgs(ReduceKind.Sum, x, new AxisView(1, x.Count, 1), y));
        });
    }

    private static Tensor Draw(IBackend b, int rows, int width) => Operands.Draw(b, [rows, width]);
}
