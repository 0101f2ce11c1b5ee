using AmcEngine.Autograd;
using AmcEngine.Backends;
using AmcEngine.Backends.Cpu;
using AmcEngine.Backends.Kernels;
using AmcEngine.Memory;
using AmcEngine.Ops;
using AmcEngine.Tensors;
using NUnit.Framework;

namespace AmcEngine.Tests.Engine.Backends.Cpu;

/// <summary>The fused gradient of attention's gradient against the same in basic ops, in f64.</summary>
internal sealed class AttentionDoubleBackwardTests(string path) : OnEverySimdPath(path)
{
    public sealed record Case(int Lq, int Lk, int D)
    {
        public int B { get; init; } = 2;
        public int H { get; init; } = 2;
        public bool HeadsFirst { get; init; }
        public bool Mask { get; init; }
        public double Dropout { get; init; }

        /// <summary>Which of ddq, ddk and ddv are given.</summary>
        public string Given { get; init; } = "qkv";
    }

    private static readonly Case[] Shapes =
    [
        new(1, 1, 4),
        new(1, 33, 13) { Mask = true },
        new(7, 7, 13) { Dropout = 0.3, Mask = true },
        new(33, 7, 4) { HeadsFirst = true, Dropout = 0.1 },
        new(33, 33, 64) { Mask = true, HeadsFirst = true },
        new(257, 257, 64) { B = 1, Dropout = 0.2 },
        new(257, 33, 13) { B = 1, Mask = true, Dropout = 0.2 },
        new(113, 257, 4) { B = 1, HeadsFirst = true, Mask = true },
        // Rows so far apart that keys are copied.
        new(60, 70, 64) { B = 1, H = 8, Mask = true },
        new(0, 5, 4),
        new(33, 7, 4) { Given = "q", Mask = true, Dropout = 0.2 },
        new(65, 33, 4) { Given = "k", Dropout = 0.2 },
        new(7, 33, 4) { Given = "v", Mask = true, Dropout = 0.2 },
        new(65, 7, 4) { Given = "qv" },
        new(7, 5, 4) { Given = "" },
    ];

    private static IEnumerable<TestCaseData> Cases() =>
        from c in Shapes
        from dtype in new[] { DType.F32, DType.F64 }
        select new TestCaseData(c, dtype).SetName($"Attention_double_backward {c.B}x{c.H}x{c.Lq}x{c.Lk}x{c.D} "
            + $"mask={c.Mask} p={c.Dropout} given={c.Given} {dtype}");

    private static readonly string[] Names = ["dg", "dq", "dk", "dv"];

    [TestCaseSource(nameof(Cases))]
    public void It_agrees_with_the_decomposition(Case c, DType dtype)
    {
        using var scope = MemoryScope.Begin();
        var expected = Decomposed(new Problem(c, DType.F64, TestBackends.Cpu));
        var actual = Fused(new Problem(c, dtype, TestBackends.Cpu));
        for (var i = 0; i < 4; i++)
        {
            // Where the gradient cancels to nothing (one key) what remains is rounding.
            var reference = expected[i].ToDoubles();
            var vanishes = Math.Sqrt(reference.Sum(x => x * x)) < 1e-10;
            Closeness.AreClose(Names[i], actual[i], vanishes ? new double[reference.Length] : reference,
                dtype == DType.F32 ? 5e-6 : 1e-14);
        }
    }

    [Test]
    public void Threads_do_not_change_a_bit()
    {
        using var one = new CpuBackend(1);
        using var two = new CpuBackend(2);
        using var scope = MemoryScope.Begin();
        var c = new Case(120, 65, 24) { Dropout = 0.2, Mask = true };
        var a = Fused(new Problem(c, DType.F32, one));
        var b = Fused(new Problem(c, DType.F32, two));
        for (var i = 0; i < 4; i++) KernelHost.SameBits(b[i].ToDoubles(), a[i].ToDoubles(), Names[i]);
    }

    [Test]
    public void Nothing_is_left_where_every_weight_is_dropped([Values] bool wide)
    {
        using var scope = MemoryScope.Begin();
        var results = Fused(
            new Problem(new Case(7, 17, 13) { Dropout = 1 }, wide ? DType.F64 : DType.F32, TestBackends.Cpu));
        for (var i = 0; i < 4; i++) Assert.That(results[i].ToDoubles(), Is.All.Zero, Names[i]);
    }

    // All inputs in one type; the values fit f32. Row 0 of each head is fully masked where there is a mask.
    private sealed class Problem
    {
        private readonly DType _dtype;
        private readonly IBackend _backend;

        public Problem(Case c, DType dtype, IBackend backend)
        {
            Case = c;
            _dtype = dtype;
            _backend = backend;
            Heads = c.HeadsFirst ? 0 : c.H;
            Shape q = c.HeadsFirst ? [c.B, c.H, c.Lq, c.D] : [c.B, c.Lq, c.H * c.D],
                k = c.HeadsFirst ? [c.B, c.H, c.Lk, c.D] : [c.B, c.Lk, c.H * c.D];
            Q = Numbers(q, 1);
            K = Numbers(k, 2);
            V = Numbers(k, 3);
            G = Numbers(q, 4);
            Ddq = c.Given.Contains('q') ? Numbers(q, 5) : null;
            Ddk = c.Given.Contains('k') ? Numbers(k, 6) : null;
            Ddv = c.Given.Contains('v') ? Numbers(k, 7) : null;
            Dropout = c.Dropout > 0 ? new DropoutSpec(c.Dropout, new RandomKey(77, 2, 5)) : null;
            if (!c.Mask) return;
            var random = new Random(8);
            var mask = new double[c.Lq * c.Lk];
            for (var i = 0; i < mask.Length; i++)
                mask[i] = i < c.Lk && c.Lq > 1 ? double.NegativeInfinity : i % c.Lk > 0
                    && random.Next(3) == 0 ? double.NegativeInfinity : random.NextDouble();
            Mask = Tensor.From(Array.ConvertAll(mask, x => (double)(float)x), [1, 1, c.Lq, c.Lk], backend).To(dtype);
        }

        public Case Case { get; }
        public int Heads { get; }
        public Tensor Q { get; }
        public Tensor K { get; }
        public Tensor V { get; }
        public Tensor G { get; }
        public Tensor? Mask { get; }
        public Tensor? Ddq { get; }
        public Tensor? Ddk { get; }
        public Tensor? Ddv { get; }
        public DropoutSpec? Dropout { get; }
        public double Scale => 1 / Math.Sqrt(Case.D);

        private Tensor Numbers(Shape shape, int seed)
        {
            var random = new Random(seed);
            return Tensor.From(Enumerable.Range(0, shape.Count)
                .Select(_ => (double)(float)(3 * random.NextDouble() - 1.5)).ToArray(), shape, _backend).To(_dtype);
        }
    }

    private static Tensor[] Fused(Problem x)
    {
        var args = AttentionShapes.Arguments(x.Q, x.K, x.V, x.Mask, x.Scale, x.Heads, x.Dropout);
        Tensor y = x.Q.EmptyLike(), lse = x.Q.EmptyLike([args.B, args.H, args.Lq]);
        var backend = x.Q.Backend;
        backend.Run(new AttentionArgs(args, y, lse));
        Tensor[] results = [x.Q.EmptyLike(), x.Q.EmptyLike(), x.K.EmptyLike(), x.K.EmptyLike()];
        foreach (var r in results) backend.Run(new FillArgs(r, double.NaN));
        backend.Run(new AttentionDoubleBackwardArgs(
            args, y, lse, x.G, x.Ddq, x.Ddk, x.Ddv, results[0], results[1], results[2], results[3]));
        return results;
    }

    private static Tensor[] Decomposed(Problem x)
    {
        Tensor[] inputs = [x.G.Detach(), x.Q.Detach(), x.K.Detach(), x.V.Detach()];
        foreach (var t in inputs) t.SetRequiresGrad();
        var y = Attention.WithMap(inputs[1], inputs[2], inputs[3], x.Mask, x.Scale, x.Heads, x.Dropout).Output;
        var first = AutogradEngine.Grad([y], inputs[1..], [inputs[0]], createGraph: true);
        Tensor?[] cotangents = [x.Ddq, x.Ddk, x.Ddv];
        var given = Enumerable.Range(0, 3).Where(i => cotangents[i] is not null).ToArray();
        var second = given.Length == 0 ? new Tensor?[4] : AutogradEngine.Grad(
            [.. given.Select(i => first[i]!)], inputs, [.. given.Select(i => cotangents[i])]);
        return [.. second.Select((s, i) => s ?? Tensor.Zeros(inputs[i].Shape, DType.F64, y.Backend))];
    }
}
