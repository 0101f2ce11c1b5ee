using AmcEngine.Autograd;
using AmcEngine.Backends;
using AmcEngine.Backends.Gpu;
using AmcEngine.Backends.Gpu.Host;
using AmcEngine.Backends.Kernels;
using AmcEngine.Memory;
using AmcEngine.Ops;
using AmcEngine.Tensors;
using ILGPU.Runtime.Cuda;
using NUnit.Framework;

namespace AmcEngine.Tests.Engine.Backends.Gpu;

/// <summary>
/// Fused attention and its gradients of first and second order: against the CPU back end, and the second order against
/// the CPU's derivative of the gradient's decomposition. Both tilings run on the OpenCL device.
/// </summary>
[TestFixture]
[NonParallelizable]
internal sealed class AttentionTests
{
    public sealed record Case(int B, int H, int Lq, int Lk, int D)
    {
        public bool HeadsFirst { get; init; }

        /// <summary>0: none, 1: [B, 1, 1, Lk], 2: [B, H, Lq, Lk], 3: [1, 1, Lq, Lk].</summary>
        public int Mask { get; init; }
        public double Dropout { get; init; }

        /// <summary>Samples of the batch before these: their dropout begins within a block of random words.</summary>
        public int FirstRow { get; init; }

        /// <summary>Elements by which every tensor is moved in its storage.</summary>
        public int Offset { get; init; }
    }

    private static readonly Case[] Cases =
    [
        new(2, 3, 7, 33, 4) { Mask = 1, Dropout = 0.1 },
        new(1, 2, 33, 7, 13) { Mask = 2, HeadsFirst = true },
        new(1, 2, 65, 65, 64) { Dropout = 0.3, Mask = 3 },
        new(1, 1, 1, 1, 8),
        new(2, 1, 1, 65, 80) { Mask = 1, HeadsFirst = true, Dropout = 0.2 },
        new(1, 1, 257, 257, 8) { Dropout = 0.1 },
        new(1, 2, 9, 70, 16) { Mask = 2, Dropout = 0.5, Offset = 1 },
        new(1, 1, 5, 7, 4) { Dropout = 0.9, FirstRow = 3 },
        new(1, 1, 5, 9, 160) { Mask = 1 },
    ];

    [TestCaseSource(nameof(Cases))]
    public void Agrees_with_the_cpu(Case c)
    {
        // Each variant is a compile of seconds on OpenCL; these five are every part of every kernel in both widths.
        var fours = c.D % 4 == 0 && c.Offset == 0;
        var variants = fours
            ? new[] { (DType.F32, false), (DType.F64, false), (DType.F32, true) }
            : [(DType.F32, false), (DType.F64, true)];
        foreach (var (dtype, shared) in variants)
        {
            var expected = Expected(c, dtype);
            var actual = On(TestBackends.OpenCl, shared, b => Everything(b, c, dtype));
            Compare($"{dtype} {(shared ? "group" : "lane")}", actual, expected, DeviceAllowances.Reducing.For(dtype));
        }
    }

    [Test]
    public void Absent_cotangents_are_zero([Values] bool shared)
    {
        var c = new Case(1, 2, 9, 6, 4) { Mask = 2, Dropout = 0.2 };
        for (var present = 1; present < 7; present++)
        {
            var dtype = shared ? DType.F32 : DType.F64;
            var expected = Expected(c, dtype, present);
            var actual = On(TestBackends.OpenCl, shared, b => Everything(b, c, dtype, present));
            Compare($"cotangents {present}", actual, expected, DeviceAllowances.Reducing.For(dtype));
        }
    }

    [Test]
    public void Same_input_same_bits([Values] bool shared)
    {
        var c = new Case(1, 2, 70, 67, 8) { Mask = 1, Dropout = 0.2 };
        var first = On(TestBackends.OpenCl, shared, b => Everything(b, c, DType.F32));
        var second = On(TestBackends.OpenCl, shared, b => Everything(b, c, DType.F32));
        for (var i = 0; i < first.Length; i++) Assert.That(second[i], Is.EqualTo(first[i]), Names[i]);
    }

    [Test]
    public void A_masked_row_is_zero_and_has_no_gradient([Values] bool shared)
    {
        // The mask of kind 2 has only −∞ in row 2 of the last head.
        var c = new Case(1, 2, 6, 19, 8) { Mask = 2, HeadsFirst = true };
        var values = On(TestBackends.OpenCl, shared, b => Everything(b, c, DType.F32));
        Assert.That(values[1][8], Is.EqualTo(double.NegativeInfinity));
        foreach (var i in new[] { 0, 2, 5, 6 }) Assert.That(values[i][(8 * 8)..(9 * 8)], Has.All.EqualTo(0), Names[i]);
        for (var i = 0; i < values.Length; i++)
            if (i != 1) Assert.That(values[i], Has.All.Matches<double>(double.IsFinite), Names[i]);
    }

    [Test]
    public void Memory_grows_with_the_length_not_its_square()
    {
        var backend = TestBackends.OpenCl;
        var peaks = new[] { 144, 288, 577 }.Select(l =>
        {
            var before = backend.LiveBytes;
            backend.ResetPeak();
            On(backend, false, b => Everything(b, new Case(2, 3, l, l, 4), DType.F32));
            return (Length: l, Bytes: backend.PeakBytes - before);
        }).ToArray();
        foreach (var (length, bytes) in peaks)
        {
            TestContext.Out.WriteLine(
                $"length {length}: {bytes} bytes beside {2L * 3 * length * length * sizeof(float)} of a map");
            Assert.That(bytes, Is.LessThan(2L * 3 * length * length * sizeof(float)));
        }
        Assert.That(peaks[1].Bytes, Is.LessThan(2.1 * peaks[0].Bytes));
        Assert.That(peaks[2].Bytes, Is.LessThan(2.1 * peaks[1].Bytes));
    }

    [Test]
    public void Compiles_for_cuda_without_local_memory([Values] bool wide)
    {
        using var host = new PtxHost(CudaArchitecture.SM_80, CudaInstructionSet.ISA_78);
        using var backend = new GpuBackend(host);
        var dtype = wide ? DType.F64 : DType.F32;
        foreach (var d in wide ? new[] { 13 } : [64, 13])
            Launch(backend, new Case(1, 2, 5, 7, d) { Mask = 2, Dropout = 0.1 }, dtype);
        Assert.That(host.Texts, Has.Count.EqualTo(wide ? 6 : 12));
        foreach (var (kernel, text) in host.Texts)
        {
            var vectors = text.Split("ld.global.v").Length - 1;
            TestContext.Out.WriteLine($"{KernelTypes.Name(kernel)}: {text.Length} characters, {vectors} vector loads");
            PtxTexts.CheckMemory(KernelTypes.Name(kernel), text);
            if (kernel.GenericTypeArguments[3].Name == "Yes") Assert.That(vectors, Is.GreaterThan(0), kernel.Name);
        }
    }

    private static readonly string[] Names =
    [
        "output", "lse", "dq", "dk", "dv", "second dg", "second dq", "second dk", "second dv"
    ];

    private static readonly RandomKey Key = new(0xfeedface12345678, 3, 9);

    private static double[][] On(GpuBackend backend, bool shared, Func<GpuBackend, double[][]> run)
    {
        backend.Forced.SharedAttentionTiles = shared;
        try
        {
            return run(backend);
        }
        finally
        {
            backend.Forced.SharedAttentionTiles = null;
        }
    }

    private static void Compare(string what, double[][] actual, double[][] expected, double allowed)
    {
        // Near 0 (one key, everything dropped) gradients cancel to nothing, and −∞ must be matched exactly.
        for (var i = 0; i < expected.Length; i++)
            Closeness.AreClose($"{what} {Names[i]}", actual[i], expected[i], allowed, floor: 0.1);
    }

    // Forward, backward, double backward of a back end's kernels; bit i of present says whether cotangent i is there.
    private static RandomKey KeyOf(Case c) => Key with { Rows = new RowRange(c.FirstRow, c.B) };

    private static double[][] Everything(IBackend backend, Case c, DType dtype, int present = 7) =>
        Read(Run(backend, c, dtype, present));

    private static void Launch(IBackend backend, Case c, DType dtype)
    {
        foreach (var t in Run(backend, c, dtype, 7)) t.Dispose();
    }

    private static double[][] Read(Tensor[] tensors)
    {
        var values = Array.ConvertAll(tensors, t => t.ToDoubles());
        foreach (var t in tensors) t.Dispose();
        return values;
    }

    private static Tensor[] Run(IBackend backend, Case c, DType dtype, int present)
    {
        using var inputs = new Inputs(backend, c, dtype);
        var args = inputs.Arguments();
        Tensor Empty(Shape shape) =>
            Moved([.. Enumerable.Repeat(double.NaN, shape.Count)], shape, dtype, c.Offset, backend);
        Tensor[] results =
        [
            Empty(inputs.Query), Empty([c.B, c.H, c.Lq]), Empty(inputs.Query), Empty(inputs.Keys), Empty(inputs.Keys)
        ];
        backend.Run(new AttentionArgs(args, results[0], results[1]));
        backend.Run(
            new AttentionBackwardArgs(args, results[0], results[1], inputs.G, results[2], results[3], results[4]));
        if (backend is not GpuBackend) return results;
        Tensor[] second = [Empty(inputs.Query), Empty(inputs.Query), Empty(inputs.Keys), Empty(inputs.Keys)];
        Tensor? Present(int i) => (present >> i & 1) == 1 ? inputs.Cotangents[i] : null;
        backend.Run(new AttentionDoubleBackwardArgs(args, results[0], results[1], inputs.G, Present(0), Present(1),
            Present(2), second[0], second[1], second[2], second[3]));
        return [.. results, .. second];
    }

    // The CPU's kernels, and the derivative of the gradient written in basic ops.
    private static double[][] Expected(Case c, DType dtype, int present = 7)
    {
        var backend = TestBackends.Cpu;
        var results = Read(Run(backend, c, dtype, 0)[..5]);
        using var scope = MemoryScope.Begin();
        var second = SecondOrder(new Inputs(backend, c, dtype), c, present);
        return [.. results, .. second];
    }

    private static double[][] SecondOrder(Inputs x, Case c, int present)
    {
        var free = new[] { x.G, x.Q, x.K, x.V };
        foreach (var t in free) t.SetRequiresGrad();
        DropoutSpec? spec = c.Dropout > 0 ? new DropoutSpec(c.Dropout, KeyOf(c)) : null;
        var heads = c.HeadsFirst ? 0 : c.H;
        var y = AmcEngine.Ops.Attention.WithMap(x.Q, x.K, x.V, x.Mask, Inputs.Scale, heads, spec).Output;
        var grads = AutogradEngine.Grad([y], [x.Q, x.K, x.V], [x.G], createGraph: true);
        var total = Tensor.Zeros([], x.G.DType, x.G.Backend);
        for (var i = 0; i < 3; i++)
            if ((present >> i & 1) == 1) total = total.Add(grads[i]!.Mul(x.Cotangents[i]).Sum());
        if (!total.RequiresGrad) return Array.ConvertAll(free, t => new double[t.Count]);
        var second = AutogradEngine.Grad([total], free);
        return [.. free.Select((t, i) => second[i]?.ToDoubles() ?? new double[t.Count])];
    }

    // The values in a storage of this back end, so many elements from its start.
    private static Tensor Moved(double[] values, Shape shape, DType dtype, int offset, IBackend backend)
    {
        double[] all = [.. new double[offset], .. values];
        using var there = dtype == DType.F64
            ? Tensor.From(all, [all.Length], backend)
            : Tensor.From(Array.ConvertAll(all, v => (float)v), [all.Length], backend);
        return there.Share(shape, default, offset);
    }

    private sealed class Inputs : IDisposable
    {
        public const double Scale = 0.4;
        private readonly Case _case;

        public Inputs(IBackend backend, Case c, DType dtype)
        {
            _case = c;
            Query = c.HeadsFirst ? [c.B, c.H, c.Lq, c.D] : [c.B, c.Lq, c.H * c.D];
            Keys = c.HeadsFirst ? [c.B, c.H, c.Lk, c.D] : [c.B, c.Lk, c.H * c.D];
            var random = new Random(7);
            Tensor New(Shape shape)
            {
                var values = Enumerable.Range(0, shape.Count)
                    .Select(_ => (double)(float)(2 * random.NextDouble() - 1)).ToArray();
                return Moved(values, shape, dtype, c.Offset, backend);
            }
            Q = New(Query);
            K = New(Keys);
            V = New(Keys);
            G = New(Query);
            Cotangents = [New(Query), New(Keys), New(Keys)];
            if (c.Mask == 0) return;
            Shape mask = c.Mask == 1 ? [c.B, 1, 1, c.Lk] : c.Mask == 2 ? [c.B, c.H, c.Lq, c.Lk] : [1, 1, c.Lq, c.Lk];
            var numbers = Enumerable.Range(0, mask.Count).Select(i => i % c.Lk > 0 && random.Next(4) == 0
                ? (random.Next(2) == 0 ? -10000 : double.NegativeInfinity)
                : 0.5 * random.NextDouble()).ToArray();
            // One row of nothing but −∞.
            if (c.Mask == 2 && c.Lq > 2)
                Array.Fill(numbers, double.NegativeInfinity, ((c.B * c.H - 1) * c.Lq + 2) * c.Lk, c.Lk);
            Mask = Moved(numbers, mask, dtype, c.Offset, backend);
        }

        public Shape Query { get; }
        public Shape Keys { get; }
        public Tensor Q { get; }
        public Tensor K { get; }
        public Tensor V { get; }
        public Tensor G { get; }
        public Tensor[] Cotangents { get; }
        public Tensor? Mask { get; }

        public AttentionOperands Arguments() =>
            AttentionShapes.Arguments(Q, K, V, Mask, Scale, _case.HeadsFirst ? 0 : _case.H,
                _case.Dropout > 0 ? new DropoutSpec(_case.Dropout, KeyOf(_case)) : null);

        public void Dispose()
        {
            foreach (var t in new[] { Q, K, V, G }.Concat(Cotangents)) t.Dispose();
            Mask?.Dispose();
        }
    }
}
