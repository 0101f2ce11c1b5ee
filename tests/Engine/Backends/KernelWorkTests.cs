using AmcEngine.Backends;
using AmcEngine.Backends.Kernels;
using AmcEngine.Memory;
using AmcEngine.Tensors;
using NUnit.Framework;

namespace AmcEngine.Tests.Engine.Backends;

/// <summary>What kernels say that a call costs, against counts by hand.</summary>
[TestFixture]
internal sealed class KernelWorkTests
{
    private const int Rows = 6, Width = 10, Elements = Rows * Width;

    [Test]
    public void Elementwise_kernels_count_each_operand_once()
    {
        using var scope = MemoryScope.Begin();
        Tensor x = New(Rows, Width), row = New(Width), y = New(Rows, Width);
        Check(new UnaryArgs(UnaryKind.Affine, x, y).Work, "affine", 2 * Elements, 4 * 2 * Elements);
        Check(new BinaryArgs(BinaryKind.TanhBackward, x, row, y).Work, "tanh backward", 3 * Elements,
            4 * (2 * Elements + Width));
        Check(new AddScaledArgs(x, 0.5, y).Work, "add scaled", 2 * Elements, 4 * 3 * Elements);
        Check(new ActivationDoubleBackwardArgs(Activation.Gelu, x, x, x, y, y).Work, "gelu double backward",
            76 * Elements, 4 * 5 * Elements);
        Check(new ActivationDoubleBackwardArgs(Activation.QuickGelu, x, x, x, y, y).Work, "quick gelu double backward",
            64 * Elements, 4 * 5 * Elements);
    }

    [Test]
    public void Layer_norm_counts_what_is_asked_for()
    {
        using var scope = MemoryScope.Begin();
        Tensor x = New(Rows, Width), gamma = New(Width), mean = New(Rows);
        const int vectors = 4 * (Width + 2 * Rows);
        Check(new LayerNormArgs(x, gamma, gamma, 1e-6, x, mean, mean).Work, "layer norm forward", 8 * Elements,
            4 * 2 * Elements + vectors + 4 * Width);
        Check(Backward(x, gamma, gamma), "layer norm backward", 16 * Elements, 4 * 3 * Elements + vectors + 8 * Width);
        Check(Backward(x, null, null), "layer norm backward", 13 * Elements, 4 * 3 * Elements + vectors);
        Check(Backward(null, gamma, null), "layer norm backward", 4 * Elements, 4 * 2 * Elements + vectors + 4 * Width);
        Check(Backward(null, null, gamma), "layer norm backward", 3 * Elements, 4 * 2 * Elements + vectors + 4 * Width);
        Check(new LayerNormDoubleBackwardArgs(x, gamma, mean, mean, x, x, gamma, gamma, x, gamma, x).Work,
            "layer norm double backward", 39 * Elements, 4 * 5 * Elements + vectors + 12 * Width);

        KernelWork Backward(Tensor? dx, Tensor? dgamma, Tensor? dbeta) =>
            new LayerNormBackwardArgs(x, gamma, mean, mean, x, dx, dgamma, dbeta).Work;
    }

    [Test]
    public void A_product_reads_an_operand_that_repeats_once()
    {
        using var scope = MemoryScope.Begin();
        Tensor a = New(3, 4, 5), b = New(5, 7), c = New(3, 4, 7);
        var args = new MatMulArgs
        {
            A = a,
            B = b,
            C = c,
            M = 4,
            N = 7,
            K = 5,
            Lda = 5,
            Ldb = 7,
            Ldc = 7,
            Batch0 = 3,
            A0 = 20,
            C0 = 28
        };
        Check(args.Work, "batched matmul nn", 2 * 3 * 4 * 7 * 5, 4 * (3 * 20 + 35 + 3 * 28));
        args.Residual = c;
        args.PreActivation = c;
        args.Bias = New(7);
        args.TransB = true;
        Check(args.Work, "batched matmul nt", 2 * 3 * 4 * 7 * 5, 4 * (3 * 20 + 35 + 3 * 3 * 28 + 7));
        Assert.That(args.Work.Shape.ToString(), Is.EqualTo("M4 N7 K5 batch 3"));
    }

    [Test]
    public void Attention_counts_products_of_a_map_and_the_cotangents_that_are_there()
    {
        using var scope = MemoryScope.Begin();
        Tensor q = New(2, 5, 12), k = New(2, 7, 12), lse = New(2, 3, 5), mask = New(2, 7);
        var operands = new AttentionOperands
        {
            Q = q,
            K = k,
            V = k,
            Mask = mask,
            B = 2,
            H = 3,
            Lq = 5,
            Lk = 7,
            D = 4,
            QLayout = HeadLayout.HeadsInRow(3, 5, 4),
            KLayout = HeadLayout.HeadsInRow(3, 7, 4),
            Scale = 0.5,
        };
        const int product = 2 * 2 * 3 * 5 * 7 * 4, queries = 4 * 120, keys = 4 * 168, rest = 4 * (30 + 14);
        Check(
            new AttentionArgs(operands, q, lse).Work, "attention forward", 2 * product, 2 * queries + 2 * keys + rest);
        Check(new AttentionBackwardArgs(operands, q, lse, q, q, k, k).Work, "attention backward", 5 * product,
            4 * queries + 4 * keys + rest);
        Check(new AttentionDoubleBackwardArgs(operands, q, lse, q, q, k, k, q, q, k, k).Work,
            "attention double backward", 12 * product, 6 * queries + 6 * keys + rest);
        Check(new AttentionDoubleBackwardArgs(operands, q, lse, q, null, null, k, q, q, k, k).Work,
            "attention double backward", 12 * product, 5 * queries + 5 * keys + rest);
    }

    [Test]
    public void Kernels_over_many_tensors_add_them_up()
    {
        using var scope = MemoryScope.Begin();
        Tensor p = New(Elements), wide = Tensor.Empty([8], DType.F64, TestBackends.Cpu);
        var step = new AdamWStep(1e-3, 0.9, 0.999, 1e-8, 0, 1);
        Check(new AdamWArgs([new AdamWTensors(p, p, p, p)], step).Work, "adamw", 14 * Elements, 28 * Elements);
        Check(new AdamWArgs([new AdamWTensors(p, p, p, p), new AdamWTensors(p, p, p, p, p)], step).Work,
            "adamw and moving average", 31 * Elements, (28 + 36) * Elements);
        Check(new LerpArgs([new TensorPair(p, p), new TensorPair(wide, wide)], 0.5).Work, "moving average",
            3 * (Elements + 8), 12 * Elements + 24 * 8);
        Check(new CountNonFiniteArgs([p, wide], new long[2]).Work, "finite check", Elements + 8, 4 * Elements + 64);
    }

    [Test]
    public void Movement_and_indexing_count_what_moves()
    {
        using var scope = MemoryScope.Begin();
        Tensor x = New(Rows, Width), y = New(2, Width), index = Tensor.Empty([2], DType.I32, TestBackends.Cpu);
        Check(new CopyRowsArgs(x, Rows, 1, y, 2, 0, 1, 2, Width).Work, "copy rows", 0, 2 * 2 * Width * 4);
        Check(new IndexSelectArgs(x, new AxisView(1, Rows, Width), index, y).Work, "index select", 0,
            2 * 2 * Width * 4 + 8);
        Check(new IndexAddArgs(y, new AxisView(1, Rows, Width), index, -1, x).Work, "index add", 2 * Width,
            4 * (2 * Width + Elements) + 8);
        Check(new IndexAddArgs(y, new AxisView(1, Rows, Width), index, -1, x, true).Work, "index add", 2 * Width,
            3 * 4 * 2 * Width + 8);
        // The result may lie in a larger tensor.
        Check(new ReduceArgs(ReduceKind.Sum, x, new AxisView(1, Rows, Width), x).Work, "reduce", Elements,
            4 * (Elements + Width));
    }

    private static void Check(KernelWork work, string name, double flop, double bytes)
    {
        Assert.That(work.Name, Is.EqualTo(name));
        Assert.That(work.Flop, Is.EqualTo(flop), $"{name}: operations");
        Assert.That(work.Bytes, Is.EqualTo(bytes), $"{name}: bytes");
    }

    private static Tensor New(params int[] extents) => Tensor.Empty(new Shape(extents), DType.F32, TestBackends.Cpu);
}
