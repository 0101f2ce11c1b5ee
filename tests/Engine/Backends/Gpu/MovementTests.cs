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
            b.Fill(view, -2.75);
            return all;
        }, 0);
    }

    [Test]
    public void CopiesBetweenTypes([Values] DType from, [Values] DType to, [Values(0, 1, 263)] int count, [Values(0, 1)] int offset)
    {
        Compare($"{from} to {to}", b =>
        {
            using var x = Some(b, from, [count], 1, offset);
            var y = Some(b, to, [count], 2, offset);
            b.Copy(x, y);
            return y;
        }, 0);
    }

    [Test]
    public void IntegersSaturate([Values(DType.F32, DType.F64)] DType from)
    {
        double[] values = [double.NaN, double.PositiveInfinity, double.NegativeInfinity, 1e10, -1e10, 2147483647, 2147483648, -2147483648, -2147483649, 2147483646.9, -2147483648.5, 0.99, -0.99, -1.5];
        Compare($"{from} to I32", b =>
        {
            using var x = Make(b, from, [values.Length], values);
            var y = Tensor.Empty([values.Length], DType.I32, b);
            b.Copy(x, y);
            return y;
        }, 0);
    }
}
