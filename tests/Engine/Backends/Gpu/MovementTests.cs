using AmcEngine.Backends.Gpu;
using AmcEngine.Backends.Kernels;
using AmcEngine.Tensors;
using NUnit.Framework;
using static AmcEngine.Tests.Engine.Backends.Gpu.TwoBackends;

namespace AmcEngine.Tests.Engine.Backends.Gpu;

/// <summary>Movement kernels of the device: every value where the CPU back end puts it, to the bit.</summary>
[TestFixture]
internal sealed class MovementTests
{
    [Test]
    public void FillsOnlyTheView([Values] DType dtype, [Values(0, 1, 263)] int count)
    {
        Compare($"fill {count}", b =>
        {
            var all = Some(b, dtype, [count + 3]);
            using var view = all.Share([count], default, 1);
            b.Run(new FillArgs(view, -2.75));
            return all;
        }, 0);
    }

    [Test]
    public void CopiesBetweenTypes(
        [Values] DType from, [Values] DType to, [Values(0, 1, 263)] int count, [Values(0, 1)] int offset)
    {
        Compare($"{from} to {to}", b =>
        {
            using var x = Some(b, from, [count], 1, offset);
            var y = Some(b, to, [count], 2, offset);
            b.Run(new CopyArgs(x, y));
            return y;
        }, 0);
    }

    [Test]
    public void IntegersSaturate([Values(DType.F32, DType.F64)] DType from)
    {
        double[] values = [double.NaN, double.PositiveInfinity, double.NegativeInfinity, 1e10, -1e10, 2147483647,
            2147483648, -2147483648, -2147483649, 2147483646.9, -2147483648.5, 0.99, -0.99, -1.5];
        Compare($"{from} to I32", b =>
        {
            using var x = Make(b, from, [values.Length], values);
            var y = Tensor.Empty([values.Length], DType.I32, b);
            b.Run(new CopyArgs(x, y));
            return y;
        }, 0);
    }

    private static readonly object[] Permutations =
    [
        new object[] { Array.Empty<int>(), Array.Empty<int>() },
        new object[] { new[] { 5 }, new[] { 0 } },
        new object[] { new[] { 0, 3 }, new[] { 1, 0 } },
        new object[] { new[] { 1, 7 }, new[] { 1, 0 } },
        new object[] { new[] { 33, 65 }, new[] { 1, 0 } },
        new object[] { new[] { 8, 131 }, new[] { 1, 0 } },
        new object[] { new[] { 3, 5, 2, 8 }, new[] { 0, 2, 1, 3 } },
        new object[] { new[] { 3, 37, 2, 11 }, new[] { 0, 2, 3, 1 } },
        new object[] { new[] { 9, 2, 3, 17 }, new[] { 3, 1, 2, 0 } },
        new object[] { new[] { 9, 2, 3, 2, 2, 10 }, new[] { 5, 3, 1, 4, 2, 0 } },
        new object[] { new[] { 2, 3, 2, 3, 2, 3 }, new[] { 4, 2, 0, 1, 3, 5 } },
    ];

    [TestCaseSource(nameof(Permutations))]
    public void PermutesAxes(int[] shape, int[] perm)
    {
        foreach (var (dtype, offset, tiles) in ((DType, int, bool)[])[(DType.F32, 0, false), (DType.F32, 1, true),
            (DType.F64, 1, true)])
            Compare($"[{string.Join(", ", shape)}] by [{string.Join(", ", perm)}] in {dtype}", b =>
            {
                using var x = Some(b, dtype, [.. shape], 1, offset);
                var y = Tensor.Full([.. perm.Select(p => shape[p])], 3, dtype, b);
                if (b is GpuBackend gpu) gpu.Forced.TransposeTiles = tiles;
                b.Run(new PermuteArgs(x, perm, y));
                if (b is GpuBackend device) device.Forced.TransposeTiles = null;
                return y;
            }, 0);
    }

    [Test]
    public void TooManyAxesAreNamed()
    {
        var b = TestBackends.OpenCl;
        using var x = Some(b, DType.F32, [2, 2, 2, 2, 2, 2, 2]);
        using var y = Tensor.Empty(x.Shape, DType.F32, b);
        Assert.That(() => b.Run(new PermuteArgs(x, [6, 5, 4, 3, 2, 1, 0], y)),
            Throws.TypeOf<ShapeException>().With.Message.Contains("7 axes"));
    }

    [TestCase(DType.F32, 0, 8)]
    [TestCase(DType.F32, 1, 8)]
    [TestCase(DType.I32, 0, 3)]
    [TestCase(DType.F64, 1, 3)]
    [TestCase(DType.F32, 0, 0)]
    public void CopiesRows(DType dtype, int offset, int inner)
    {
        Compare($"rows of {inner}", b =>
        {
            using var x = Some(b, dtype, [3, 5, inner], 1, offset);
            var y = Some(b, dtype, [3, 4, inner], 2);
            b.Run(new CopyRowsArgs(x, 5, 2, y, 4, 1, 3, 2, inner));
            return y;
        }, 0);
    }

    [TestCase(DType.F32, 2, 3, 8, 12, 4)]
    [TestCase(DType.F64, 1, 1, 5, 5, 5)]
    [TestCase(DType.F32, 3, 2, 6, 4, 1)]
    [TestCase(DType.F32, 0, 3, 8, 8, 4)]
    public void PatchesGoBothWays(DType dtype, int batch, int channels, int height, int width, int patch)
    {
        Shape rows = [batch * (height / patch) * (width / patch), channels * patch * patch];
        Compare("patches", b =>
        {
            using var image = Some(b, dtype, [batch, channels, height, width]);
            var patches = Tensor.Empty(rows, dtype, b);
            b.Run(new ImageToPatchesArgs(image, patch, patches));
            return patches;
        }, 0);
        Compare("image", b =>
        {
            using var patches = Some(b, dtype, rows);
            var image = Tensor.Empty([batch, channels, height, width], dtype, b);
            b.Run(new PatchesToImageArgs(patches, patch, image));
            return image;
        }, 0);
    }

    [Test]
    public void KernelsCompileToPtx()
    {
        var texts = PtxTexts.Of(b =>
        {
            using var x = Tensor.Empty([2, 16, 16], DType.F32, b);
            using var u = Tensor.Empty([2, 15, 15], DType.F32, b);
            using var image = x.Share([1, 2, 16, 16], default);
            using var wide = Tensor.Empty([2, 16, 16], DType.F64, b);
            using var whole = Tensor.Empty([2, 16, 16], DType.I32, b);
            b.Run(new FillArgs(x, 1));
            b.Run(new FillArgs(wide, 1));
            foreach (var from in (Tensor[])[x, wide, whole])
                foreach (var to in (Tensor[])[x, wide, whole])
                    if (from.DType != to.DType) b.Run(new CopyArgs(from, to));
            b.Run(new PermuteArgs(x, [1, 0, 2], x));
            b.Run(new PermuteArgs(x, [0, 2, 1], x));
            b.Run(new PermuteArgs(wide, [0, 2, 1], wide));
            b.Run(new PermuteArgs(u, [1, 0, 2], u));
            b.Run(new CopyRowsArgs(x, 16, 0, x, 16, 1, 2, 3, 16));
            b.Run(new CopyRowsArgs(u, 15, 0, u, 15, 1, 2, 3, 15));
            b.Run(new ImageToPatchesArgs(image, 4, x));
        });
        Assert.That(texts, Has.Count.EqualTo(15));
        PtxTexts.Check(texts, "PermuteKernel<Quad<UInt32>>", "CopyRowsKernel<Quad<UInt32>>");
    }
}
