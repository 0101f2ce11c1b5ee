using AmcEngine.Backends;
using AmcEngine.Backends.Kernels;
using AmcEngine.Tensors;
using NUnit.Framework;
using static AmcEngine.Tests.Engine.Backends.Gpu.TwoBackends;

namespace AmcEngine.Tests.Engine.Backends.Gpu;

/// <summary>Random numbers of the device: the CPU back end's, to the bit where arithmetic is exact.</summary>
[TestFixture]
internal sealed class RandomTests
{
    private static readonly RandomKey Key = new(0x123456789ABCDEF0, 3, 77);

    [Test]
    public void DropoutMasksAreTheSame(
        [Values(DType.F32, DType.F64)] DType dtype, [Values(0, 1, 4, 1003)] int count, [Values(0, 1)] int offset)
    {
        foreach (var p in (double[])[0, 0.1, 0.5, 1])
            Compare($"dropout {p}", b =>
            {
                using var x = Some(b, dtype, [count], 1, offset);
                var y = Some(b, dtype, [count], 2, offset);
                b.Run(new DropoutArgs(x, p, Key, y));
                return y;
            }, 0);
    }

    /// <summary>Rows of a larger tensor: begun at every place of a block of random words, on every path.</summary>
    [Test]
    public void RowsHaveTheMasksOfTheWhole(
        [Values(DType.F32, DType.F64)] DType dtype, [Values(4, 5, 6, 7)] int width, [Values(0, 1)] int offset)
    {
        double[] all;
        using (var whole = Ones(TestBackends.Cpu, 9, Key)) all = whole.ToDoubles();
        var expected = all[(3 * width)..(7 * width)];
        using Tensor host = Ones(TestBackends.Cpu, 4, Key with { Rows = new RowRange(3, 4) }),
            device = Ones(TestBackends.OpenCl, 4, Key with { Rows = new RowRange(3, 4) });
        Closeness.AreClose("host", host, expected, 0);
        Closeness.AreClose("device", device, expected, 0);

        Tensor Ones(IBackend b, int rows, RandomKey key)
        {
            using var x = Make(b, dtype, [rows, width], [.. Enumerable.Repeat(1.0, rows * width)], offset);
            var y = Some(b, dtype, [rows, width], 2, offset);
            b.Run(new DropoutArgs(x, 0.5, key, y));
            return y;
        }
    }

    [Test]
    public void UniformNumbersAreTheSame([Values(DType.F32, DType.F64)] DType dtype, [Values(0, 1, 4, 1003)] int count)
    {
        foreach (var (low, high) in ((double, double)[])[(0, 1), (-0.037, 0.0371), (1 - 1e-7, 1), (2, 2)])
            Compare($"uniform in [{low}, {high})", b =>
            {
                var y = Tensor.Empty([count], dtype, b);
                b.Run(new UniformArgs(y, low, high, Key));
                return y;
            }, 0);
    }

    [Test]
    public void NormalNumbersAgree([Values(DType.F32, DType.F64)] DType dtype, [Values(0, 1, 3, 100_003)] int count)
    {
        Compare("normal", b =>
        {
            var y = Tensor.Empty([count], dtype, b);
            b.Run(new NormalArgs(y, 0.5, 2, Key));
            return y;
        }, DeviceAllowances.Function.For(dtype));
    }

    [Test]
    public void KernelsCompileToPtx()
    {
        var texts = PtxTexts.Of(b =>
        {
            using var x = Tensor.Empty([8], DType.F32, b);
            using var w = x.Share([4], default, 1);
            b.Run(new DropoutArgs(x, 0.1, Key, x));
            b.Run(new DropoutArgs(w, 0.1, Key, w));
            b.Run(new UniformArgs(x, 0, 1, Key));
            b.Run(new NormalArgs(x, 0, 1, Key));
        });
        Assert.That(texts, Has.Count.EqualTo(4));
        PtxTexts.Check(texts, "DropoutQuadsKernel");
    }
}
