using AmcEngine.Backends;
using AmcEngine.Backends.Kernels;
using AmcEngine.Tensors;
using NUnit.Framework;
using static AmcEngine.Tests.Engine.Backends.Gpu.RowChecks;

namespace AmcEngine.Tests.Engine.Backends.Gpu;

/// <summary>Reductions on a device against the CPU.</summary>
[TestFixture]
internal sealed class ReductionTests
{
    private static readonly AxisView[] Axes =
    [
        new(1, 1, 1), new(5, 3, 1), new(7, 17, 1), new(31, 129, 1), new(2, 1031, 1), new(3, 6145, 1), new(3, 5, 7),
        new(1, 2080, 96), new(300, 257, 2), new(1, 97, 67), new(0, 5, 1), new(3, 5, 0),
    ];

    [Test]
    public void Reduce([Values] ReduceKind kind, [Values(DType.F32, DType.F64)] DType dtype)
    {
        foreach (var axis in Axes)
        {
            var x = Random(axis.Outer * axis.Length * axis.Inner, 8);
            Match(dtype, b =>
            {
                var y = Output(b, dtype, [axis.Outer, axis.Inner]);
                b.Run(new ReduceArgs(kind, Make(b, dtype, [x.Length], x), axis, y));
                return [y];
            });
        }
    }

    [Test]
    public void Empty_sums_are_zero([Values(1, 5)] int inner) =>
        Match(DType.F32, b =>
        {
            var y = Output(b, DType.F32, [3, inner]);
            b.Run(new ReduceArgs(ReduceKind.Sum, Make(b, DType.F32, [0], []), new AxisView(3, 0, inner), y));
            return [y];
        });

    [Test]
    public void A_million_elements()
    {
        // Of one sign: where they cancel, the CPU's own rounding is as large as the difference.
        var x = Random(1_000_000, 3, 0, 1);
        Match(DType.F32, b =>
        {
            var y = Output(b, DType.F32, [1, 1]);
            b.Run(new ReduceArgs(ReduceKind.Sum, Make(b, DType.F32, [x.Length], x), new AxisView(1, x.Length, 1), y));
            return [y];
        });
    }

    [Test]
    public void Nan_wins_and_infinities_count(
        [Values(ReduceKind.Max, ReduceKind.Min)] ReduceKind kind, [Values(1, 5)] int inner)
    {
        var axis = new AxisView(4, 200, inner);
        var x = Random(800 * inner, 2);
        for (var n = 0; n < inner; n++)
        {
            x[77 * inner + n] = double.NaN;
            x[(200 + 60) * inner + n] = double.NegativeInfinity;
            x[(400 + 199) * inner + n] = double.PositiveInfinity;
            for (var i = 0; i < 200; i++) x[(600 + i) * inner + n] = double.NegativeInfinity;
        }
        Match(DType.F32, b =>
        {
            Tensor y = Output(b, DType.F32, [4, inner]), values = Output(b, DType.F32, [4, inner]),
                indices = Output(b, DType.I32, [4, inner]);
            b.Run(new ReduceArgs(kind, Make(b, DType.F32, [x.Length], x), axis, y));
            b.Run(new ArgReduceArgs(kind, Make(b, DType.F32, [x.Length], x), axis, values, indices));
            return [y, values, indices];
        });
    }

    [Test]
    public void Arg_takes_the_first(
        [Values(ReduceKind.Max, ReduceKind.Min)] ReduceKind kind, [Values(DType.F32, DType.F64)] DType dtype)
    {
        foreach (var axis
            in new AxisView[] { new(5, 301, 1), new(5, 301, 3), new(3, 1, 1), new(1, 5000, 1), new(0, 4, 1) })
        {
            var x = Array.ConvertAll(Random(axis.Outer * axis.Length * axis.Inner, 9), Math.Round);
            Match(dtype, b =>
            {
                Tensor values = Output(b, dtype, [axis.Outer, axis.Inner]),
                    indices = Output(b, DType.I32, [axis.Outer, axis.Inner]);
                b.Run(new ArgReduceArgs(kind, Make(b, dtype, [x.Length], x), axis, values, indices));
                return [values, indices];
            });
        }
    }

    [TestCase(0)]
    [TestCase(1)]
    [TestCase(255)]
    [TestCase(300_007)]
    public void Counts_what_is_not_finite(int count)
    {
        foreach (var dtype in new[] { DType.F32, DType.F64 })
        {
            var x = Random(count, 4);
            Assert.That(Counts(Make(TestBackends.OpenCl, dtype, [count], x)), Is.EqualTo(new long[] { 0 }));
            double[] bad = [double.NaN, double.PositiveInfinity, double.NegativeInfinity];
            var expected = 0;
            for (var i = count - 1; i >= 0; i -= 71) x[i] = bad[expected++ % 3];
            Assert.That(
                Counts(Make(TestBackends.OpenCl, dtype, [count], x), Make(TestBackends.OpenCl, dtype, [1], [1.0])),
                Is.EqualTo(new long[] { expected, 0 }));
        }
    }

    private static long[] Counts(params Tensor[] tensors)
    {
        var counts = new long[tensors.Length];
        TestBackends.OpenCl.Run(new CountNonFiniteArgs(tensors, counts));
        return counts;
    }
}
