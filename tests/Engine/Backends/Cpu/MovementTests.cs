using AmcEngine.Backends;
using AmcEngine.Backends.Kernels;
using AmcEngine.Tensors;
using NUnit.Framework;

namespace AmcEngine.Tests.Engine.Backends.Cpu;

/// <summary>Copies, permutations, patches and indexing move the right elements.</summary>
public sealed class MovementTests(string path) : OnEverySimdPath(path)
{
    private static readonly DType[] Types = [DType.F32, DType.F64, DType.I32];

    private static readonly (int[] Shape, int[] Perm)[] Permutations =
    [
        ([3], [0]), ([1, 1], [1, 0]), ([5, 7], [1, 0]), ([129, 257], [1, 0]),
        ([64, 96], [1, 0]), ([2, 65, 4, 24], [0, 2, 1, 3]), ([2, 3, 4, 5], [3, 1, 0, 2]), ([2, 3, 4, 5], [0, 1, 3, 2]),
        ([8, 3, 17], [2, 1, 0]), ([3, 1, 5, 1], [2, 3, 1, 0]), ([0, 3], [1, 0]), ([3, 4, 5], [0, 1, 2]),
        ([3, 4, 5], [1, 2, 0]), ([40, 31, 90], [2, 0, 1]),
    ];

    [Test]
    public void Permute(
        [ValueSource(nameof(Types))] DType dtype, [ValueSource(nameof(Permutations))] (int[] Shape, int[] Perm) c)
    {
        Shape from = new(c.Shape), to = new(Array.ConvertAll(c.Perm, a => c.Shape[a]));
        var x = Enumerable.Range(0, from.Count).Select(i => (double)i).ToArray();
        int[] strides = Strides(from), target = Strides(to);
        var expected = new double[x.Length];
        for (var i = 0; i < x.Length; i++)
        {
            var at = 0;
            for (var d = 0; d < to.Rank; d++) at += i / target[d] % to[d] * strides[c.Perm[d]];
            expected[i] = x[at];
        }
        KernelHost.SameBits(KernelHost.Both(b =>
        {
            var y = KernelHost.Output(b, dtype, to);
            b.Run(new PermuteArgs(KernelHost.Make(b, dtype, from, x), c.Perm, y));
            return y;
        }), expected, "moved");
    }

    [Test]
    public void Fill_and_convert([ValueSource(nameof(Types))] DType from, [ValueSource(nameof(Types))] DType to,
        [Values(1, 19, 200_003)] int count)
    {
        var x = Array.ConvertAll(KernelHost.Random(count, 3, -9, 9), Whole);
        KernelHost.SameBits(KernelHost.Both(b =>
        {
            var y = KernelHost.Output(b, to, [count]);
            b.Run(new CopyArgs(KernelHost.Make(b, from, [count], x), y));
            return y;
        }), x, "moved");
        Assert.That(KernelHost.Both(b => Tensor.Full([count], 3, to, b)), Is.All.EqualTo(3));
    }

    [Test]
    public void Copy_rows_leaves_the_rest([ValueSource(nameof(Types))] DType dtype, [Values(1, 5, 401)] int inner)
    {
        const int outer = 67, fromLength = 9, toLength = 7;
        var x = Array.ConvertAll(KernelHost.Random(outer * fromLength * inner, 3, -99, 99), Whole);
        var expected = Enumerable.Repeat(-1.0, outer * toLength * inner).ToArray();
        for (var o = 0; o < outer; o++)
            for (var i = 0; i < 3; i++)
                for (var n = 0; n < inner; n++)
                    expected[(o * toLength + 4 + i) * inner + n] = x[(o * fromLength + 2 + i) * inner + n];
        KernelHost.SameBits(KernelHost.Both(b =>
        {
            var y = Tensor.Full([outer, toLength, inner], -1, dtype, b);
            b.Run(new CopyRowsArgs(KernelHost.Make(b, dtype, [outer, fromLength, inner], x), fromLength, 2, y, toLength,
                4, outer, 3, inner));
            return y;
        }), expected, "moved");
    }

    [Test]
    public void Patches_and_back([Values(DType.F32, DType.F64)] DType dtype, [Values(1, 3, 16)] int patch)
    {
        int batch = 2, channels = 3, height = 3 * patch, width = 5 * patch, across = 5, down = 3;
        var x = KernelHost.Random(batch * channels * height * width, 1);
        var expected = new double[x.Length];
        for (var at = 0; at < x.Length; at++)
        {
            int column = at % width, row = at / width % height, c = at / width / height % channels,
                b = at / width / height / channels;
            expected[(((b * down + row / patch) * across + column / patch) * channels + c) * patch * patch
                + row % patch * patch + column % patch] = x[at];
        }
        var result = KernelHost.Both(b =>
        {
            Tensor patches = KernelHost.Output(b, dtype, [batch * down * across, channels * patch * patch]),
                back = KernelHost.Output(b, dtype, [batch, channels, height, width]);
            b.Run(
                new ImageToPatchesArgs(KernelHost.Make(b, dtype, [batch, channels, height, width], x), patch, patches));
            b.Run(new PatchesToImageArgs(patches, patch, back));
            return new[] { patches, back };
        });
        Assert.That(result[0], Is.EqualTo(expected));
        Assert.That(result[1], Is.EqualTo(x));
    }

    [Test]
    public void Select_and_add_rows(
        [Values(DType.F32, DType.F64)] DType dtype, [Values(1, 2)] int outer, [Values(1, 17, 300)] int inner)
    {
        const int length = 50, count = 203, skip = 7;
        var index = Array.ConvertAll(KernelHost.Random(count, 5, 0, length - 0.001), v => (int)v);
        double[] x = KernelHost.Random(outer * length * inner, 1), g = KernelHost.Random(outer * count * inner, 2);
        double[] selected = new double[g.Length], added = new double[x.Length];
        for (var o = 0; o < outer; o++)
            for (var i = 0; i < count; i++)
                for (var n = 0; n < inner; n++)
                {
                    selected[(o * count + i) * inner + n] = x[(o * length + index[i]) * inner + n];
                    if (index[i] != skip) added[(o * length + index[i]) * inner + n] += g[(o * count + i) * inner + n];
                }
        var result = KernelHost.Both(b =>
        {
            Tensor s = KernelHost.Output(b, dtype, [g.Length]), a = KernelHost.Output(b, dtype, [x.Length]),
                at = KernelHost.Ints(b, [count], index);
            b.Run(new IndexSelectArgs(
                KernelHost.Make(b, dtype, [x.Length], x), new AxisView(outer, length, inner), at, s));
            b.Run(new IndexAddArgs(
                KernelHost.Make(b, dtype, [g.Length], g), new AxisView(outer, length, inner), at, skip, a));
            var onto = KernelHost.Make(b, dtype, [x.Length], x);
            b.Run(new IndexAddArgs(KernelHost.Make(b, dtype, [g.Length], g), new AxisView(outer, length, inner), at,
                skip, onto, Accumulate: true));
            return new[] { s, a, onto };
        });
        Assert.That(result[0], Is.EqualTo(selected));
        KernelHost.Close(result[1], added, KernelAllowances.ScatteredSum.For(dtype));
        KernelHost.Close(result[2], [.. x.Zip(added, (v, d) => v + d)], KernelAllowances.ScatteredSum.For(dtype));
    }

    [Test]
    public void Gather_and_scatter([Values(DType.F32, DType.F64)] DType dtype, [Values(1, 5)] int inner)
    {
        const int outer = 300, length = 11, count = 23;
        var index = Array.ConvertAll(KernelHost.Random(outer * count * inner, 5, 0, length - 0.001), v => (int)v);
        double[] x = KernelHost.Random(outer * length * inner, 1), g = KernelHost.Random(index.Length, 2);
        double[] gathered = new double[g.Length], scattered = new double[x.Length];
        for (var i = 0; i < index.Length; i++)
        {
            var at = (i / inner / count * length + index[i]) * inner + i % inner;
            gathered[i] = x[at];
            scattered[at] += g[i];
        }
        var result = KernelHost.Both(b =>
        {
            Tensor y = KernelHost.Output(b, dtype, [g.Length]), s = KernelHost.Output(b, dtype, [x.Length]),
                at = KernelHost.Ints(b, [index.Length], index);
            b.Run(new GatherArgs(
                KernelHost.Make(b, dtype, [x.Length], x), new AxisView(outer, length, inner), at, count, y));
            b.Run(new ScatterAddArgs(
                KernelHost.Make(b, dtype, [g.Length], g), new AxisView(outer, length, inner), at, count, s));
            return new[] { y, s };
        });
        Assert.That(result[0], Is.EqualTo(gathered));
        KernelHost.Close(result[1], scattered, KernelAllowances.ScatteredSum.For(dtype));
    }

    [TestCase(-1)]
    [TestCase(4)]
    public void A_wrong_index_is_named(int wrong) =>
        KernelHost.Both(b =>
        {
            Tensor x = Tensor.Zeros([4, 2], DType.F32, b), index = KernelHost.Ints(b, [2], 0, wrong),
                y = Tensor.Zeros([2, 2], DType.F32, b);
            var axis = new AxisView(1, 4, 2);
            foreach (var (op, call) in new (string, Action)[]
            {
                ("index_select", () => b.Run(new IndexSelectArgs(x, axis, index, y))),
                ("index_add", () => b.Run(new IndexAddArgs(y, axis, index, -100, x))),
                ("gather", () => b.Run(new GatherArgs(x, new AxisView(1, 4, 1), index, 2, y))),
                ("scatter_add", () => b.Run(new ScatterAddArgs(y, new AxisView(1, 4, 1), index, 2, x))),
            })
                Assert.That(call, Throws.TypeOf<EngineException>().With.Message.EqualTo(
                    $"{op}: index {wrong} is outside of [0, 4)"));
            return x;
        });

    // Without −0, which is 0 after a conversion to an integer.
    private static double Whole(double value) => Math.Round(value) + 0.0;

    // Of a row-major tensor, in elements.
    private static int[] Strides(Shape shape) =>
        [.. Enumerable.Range(1, shape.Rank).Select(i => shape.Product(i, shape.Rank))];
}
