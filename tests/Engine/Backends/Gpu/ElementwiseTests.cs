using AmcEngine.Backends.Kernels;
using AmcEngine.Ops;
using AmcEngine.Tensors;
using NUnit.Framework;
using static AmcEngine.Tests.Engine.Backends.Gpu.TwoBackends;

namespace AmcEngine.Tests.Engine.Backends.Gpu;

/// <summary>Elementwise kernels of the device against the CPU back end: by quads, by elements, broadcast.</summary>
[TestFixture]
internal sealed class ElementwiseTests
{
    [Test]
    public void UnaryTakesAnyCountAndAlignment([Values(0, 1, 3, 4, 37, 70001)] int count, [Values(0, 1)] int offset)
    {
        Compare($"affine {count}", b =>
        {
            using var x = Some(b, DType.F32, [count], 1, offset);
            var y = Some(b, DType.F32, [count], 2);
            b.Run(new UnaryArgs(UnaryKind.Affine, x, y, 0.5, 2));
            return y;
        }, DeviceAllowances.Contracted.F32);
    }

    [Test]
    public void BinaryFunctionsMatch([Values] BinaryKind kind, [Values(DType.F32, DType.F64)] DType dtype)
    {
        Compare($"{kind}", b =>
        {
            using var x = Some(b, dtype, [7, 13]);
            using var y = Some(b, dtype, [7, 13], 2);
            b.Run(new BinaryArgs(kind, x, y, x));
            return x.Share(x.Shape, default);
        }, DeviceAllowances.Chain.For(dtype));
    }

    [TestCase(0, 0, 0)]
    [TestCase(1, 0, 0)]
    [TestCase(3, 0, 0)]
    [TestCase(4, 0, 0)]
    [TestCase(263, 0, 0)]
    [TestCase(263, 1, 0)]
    [TestCase(263, 0, 3)]
    public void WholeOperandsTakeAnyCountAndAlignment(int count, int offsetA, int offsetY)
    {
        Compare($"sub {count} from {offsetA} to {offsetY}", b =>
        {
            using var x = Some(b, DType.F32, [count], 1, offsetA);
            using var z = Some(b, DType.F32, [count], 2);
            var y = Some(b, DType.F32, [count], 3, offsetY);
            b.Run(new BinaryArgs(BinaryKind.Sub, x, z, y));
            return y;
        }, 0);
    }

    private static readonly object[] Broadcasts =
    [
        new object[] { new[] { 5, 7 }, Array.Empty<int>() },
        new object[] { new[] { 1, 1 }, new[] { 5, 7 } },
        new object[] { new[] { 5, 7 }, new[] { 7 } },
        new object[] { new[] { 5, 1 }, new[] { 5, 7 } },
        new object[] { new[] { 5, 1 }, new[] { 1, 7 } },
        new object[] { new[] { 0, 7 }, new[] { 7 } },
        new object[] { new[] { 2, 3, 4, 5 }, new[] { 3, 1, 5 } },
        new object[] { new[] { 2, 1, 3, 1 }, new[] { 1, 5, 1, 7 } },
        new object[] { new[] { 2, 3, 1, 5, 1, 2 }, new[] { 1, 3, 4, 1, 6, 1 } },
        new object[] { new[] { 1, 3, 1, 2, 1, 3 }, new[] { 2, 1, 5, 1, 2, 1 } },
        new object[] { new[] { 2, 3, 1, 4 }, new[] { 2, 3, 5, 4 } },
    ];

    [TestCaseSource(nameof(Broadcasts))]
    public void OperandsBroadcast(int[] left, int[] right)
    {
        foreach (var dtype in (DType[])[DType.F32, DType.F64])
            Compare($"sub [{string.Join(", ", left)}] − [{string.Join(", ", right)}]", b =>
            {
                using var x = Some(b, dtype, [.. left], 1, 1);
                using var z = Some(b, dtype, [.. right], 2, 1);
                var y = Tensor.Empty(Shape.Broadcast(x.Shape, z.Shape, "test"), dtype, b);
                b.Run(new BinaryArgs(BinaryKind.Sub, x, z, y));
                return y;
            }, 0);
    }

    [Test]
    public void TooManyAxesAreNamed()
    {
        var b = TestBackends.OpenCl;
        using var x = Some(b, DType.F32, [2, 1, 2, 1, 2, 1, 2]);
        using var z = Some(b, DType.F32, [1, 2, 1, 2, 1, 2, 1]);
        using var y = Tensor.Empty([2, 2, 2, 2, 2, 2, 2], DType.F32, b);
        Assert.That(() => b.Run(new BinaryArgs(BinaryKind.Add, x, z, y)),
            Throws.TypeOf<ShapeException>().With.Message.Contains("7 axes"));
    }

    [Test]
    public void ReluBackwardDropsNaN()
    {
        Compare("relu backward", b =>
        {
            using var g = Make(b, DType.F32, [4], [double.NaN, 1, 2, double.PositiveInfinity]);
            using var x = Make(b, DType.F32, [4], [-1, double.NaN, 3, 0]);
            var y = Tensor.Empty([4], DType.F32, b);
            b.Run(new BinaryArgs(BinaryKind.ReluBackward, g, x, y));
            return y;
        }, 0);
    }

    [Test]
    public void LerpServesManyTensors([Values(DType.F32, DType.F64)] DType dtype, [Values(0, 1)] int offset)
    {
        int[] counts = [1, 263, 4, 0, 7, 2, 3, 5, 1000, 6, 0];
        Compare($"lerp {dtype}", b =>
        {
            Tensor[] xs = [.. counts.Select((c, i) => Some(b, dtype, [c], i, offset))],
                ys = [.. counts.Select((c, i) => Some(b, dtype, [c], 50 + i, offset))];
            b.Run(new LerpArgs([.. xs.Zip(ys, (x, y) => new TensorPair(x, y))], 0.3));
            return Movement.Concat(ys, 0);
        }, DeviceAllowances.Contracted.For(dtype));
    }

    [Test]
    public void KernelsCompileToPtx()
    {
        var texts = PtxTexts.Of(b =>
        {
            using var x = Tensor.Empty([8], DType.F32, b);
            using var z = Tensor.Empty([4, 8], DType.F32, b);
            using var w = x.Share([4], default, 1);
            b.Run(new UnaryArgs(UnaryKind.Gelu, x, x));
            b.Run(new UnaryArgs(UnaryKind.Gelu, w, w));
            b.Run(new UnaryArgs(UnaryKind.QuickGelu, x, x));
            foreach (var kind in Enum.GetValues<BinaryKind>()) b.Run(new BinaryArgs(kind, x, x, x));
            b.Run(new BinaryArgs(BinaryKind.Add, w, w, w));
            b.Run(new BinaryArgs(BinaryKind.Add, z, x, z));
            b.Run(new AddScaledArgs(x, 1, x));
            b.Run(new AddScaledArgs(w, 1, w));
            b.Run(new LerpArgs([new TensorPair(x, x)], 1));
            b.Run(new LerpArgs([new TensorPair(w, w)], 1));
        });
        Assert.That(texts, Has.Count.EqualTo(18));
        PtxTexts.Check(texts, "MapQuadsKernel", "ZipQuadsKernel", "AddScaledQuadsKernel", "LerpQuadsKernel");
    }

    [Test]
    public void AddScaledAccumulates(
        [Values(DType.F32, DType.F64)] DType dtype, [Values(0, 1)] int offset, [Values(0, 1, 263)] int count)
    {
        Compare($"add scaled {count}", b =>
        {
            using var x = Some(b, dtype, [count], 1, offset);
            var y = Some(b, dtype, [count], 2, offset);
            b.Run(new AddScaledArgs(x, 0.3, y));
            return y;
        }, DeviceAllowances.Contracted.For(dtype));
    }
}
