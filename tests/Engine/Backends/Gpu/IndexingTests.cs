using AmcEngine.Backends;
using AmcEngine.Backends.Kernels;
using AmcEngine.Tensors;
using NUnit.Framework;
using static AmcEngine.Tests.Engine.Backends.Gpu.TwoBackends;

namespace AmcEngine.Tests.Engine.Backends.Gpu;

/// <summary>Indexing kernels of the device against the CPU back end, sums to the bit.</summary>
[TestFixture]
internal sealed class IndexingTests
{
    private static readonly AxisView[] Views =
    [
        new(1, 1, 1), new(3, 7, 5), new(2, 11, 8), new(1, 30, 4), new(2, 5, 0), new(0, 5, 3)
    ];

    [Test]
    public void SelectsRows([ValueSource(nameof(Views))] AxisView axis, [Values] DType dtype, [Values(0, 1)] int offset)
    {
        var index = Indices(6, axis.Length);
        Compare("index select", b =>
        {
            using var x = Some(b, dtype, [axis.Outer, axis.Length, axis.Inner], 1, offset);
            using var i = Tensor.From(index, [index.Length], b);
            var y = Tensor.Empty([axis.Outer, index.Length, axis.Inner], dtype, b);
            b.Run(new IndexSelectArgs(x, axis, i, y));
            return y;
        }, 0);
    }

    [Test]
    public void AddsRowsInOrder([ValueSource(nameof(Views))] AxisView axis, [Values(DType.F32, DType.F64)] DType dtype,
        [Values(0, 1, 300)] int count)
    {
        var index = Indices(count, axis.Length);
        if (count > 1) index[count / 2] = axis.Length + 3;
        foreach (var (skip, accumulate) in new[] { (axis.Length + 3, false), (-1, false), (0, false), (0, true) })
            Compare($"index add without {skip}{(accumulate ? ", onto numbers" : "")}", b =>
            {
                using var g = Some(b, dtype, [axis.Outer, count, axis.Inner], 1, 1);
                // What the CPU would refuse is ignored here.
                var mine = skip == axis.Length + 3 || b is AmcEngine.Backends.Gpu.GpuBackend
                    ? index
                    : [.. index.Select(i => i < axis.Length ? i : skip)];
                using var i = Tensor.From(mine, [count], b);
                var y = Tensor.Full([axis.Outer, axis.Length, axis.Inner], accumulate ? 0.3 : double.NaN, dtype, b);
                b.Run(new IndexAddArgs(g, axis, i, skip, y, accumulate));
                return y;
            }, 0);
    }

    [Test]
    public void GathersAndScatters([ValueSource(nameof(Views))] AxisView axis,
        [Values(DType.F32, DType.F64)] DType dtype, [Values(0, 1, 13)] int count)
    {
        var index = Indices(axis.Outer * count * axis.Inner, axis.Length);
        Shape picked = [axis.Outer, count, axis.Inner];
        Compare("gather", b =>
        {
            using var x = Some(b, dtype, [axis.Outer, axis.Length, axis.Inner], 1, 1);
            using var i = Tensor.From(index, picked, b);
            var y = Tensor.Empty(picked, dtype, b);
            b.Run(new GatherArgs(x, axis, i, count, y));
            return y;
        }, 0);
        Compare("scatter add", b =>
        {
            using var g = Some(b, dtype, picked, 1, 1);
            using var i = Tensor.From(index, picked, b);
            var y = Tensor.Full([axis.Outer, axis.Length, axis.Inner], double.NaN, dtype, b);
            b.Run(new ScatterAddArgs(g, axis, i, count, y));
            return y;
        }, 0);
    }

    [Test]
    public void IndicesOutsideSelectNaN([Values(DType.F32, DType.F64)] DType dtype, [Values(1, 4)] int inner)
    {
        var b = TestBackends.OpenCl;
        using var x = Tensor.Ones([1, 3, inner], dtype, b);
        using var index = Tensor.From([3, 0, -1, int.MinValue, int.MaxValue], [5], b);
        using var y = Tensor.Empty([1, 5, inner], dtype, b);
        b.Run(new IndexSelectArgs(x, new AxisView(1, 3, inner), index, y));
        Assert.That(y.ToDoubles().Chunk(inner).Select(r => r[^1]),
            Is.EqualTo(new[] { double.NaN, 1, double.NaN, double.NaN, double.NaN }));
    }

    [Test]
    public void KernelsCompileToPtx()
    {
        var texts = PtxTexts.Of(b =>
        {
            var axis = new AxisView(1, 8, 4);
            using var x = Tensor.Empty([1, 8, 4], DType.F32, b);
            using var i = Tensor.Empty([8], DType.I32, b);
            using var every = Tensor.Empty([1, 8, 4], DType.I32, b);
            b.Run(new IndexSelectArgs(x, axis, i, x));
            b.Run(new IndexSelectArgs(x, new AxisView(1, 32, 1), i, x));
            b.Run(new IndexAddArgs(x, axis, i, -1, x));
            b.Run(new GatherArgs(x, axis, every, 8, x));
            b.Run(new ScatterAddArgs(x, axis, every, 8, x));
        });
        Assert.That(texts, Has.Count.EqualTo(7));
        PtxTexts.Check(texts, "IndexSelectKernel<Quad<UInt32>");
    }

    private static int[] Indices(int count, int length)
    {
        var random = new Random(5);
        return [.. Enumerable.Range(0, count).Select(_ => random.Next(length))];
    }
}
