using AmcEngine.Backends.Kernels;
using AmcEngine.Tensors;
using NUnit.Framework;
using static AmcEngine.Tests.Engine.Backends.Gpu.RowChecks;

namespace AmcEngine.Tests.Engine.Backends.Gpu;

/// <summary>Cross-entropy on a device against the CPU.</summary>
[TestFixture]
internal sealed class LossTests
{
    [Test]
    public void Cross_entropy([Values(DType.F32, DType.F64)] DType dtype, [Values(1, 17, 1031, 30_522)] int classes)
    {
        const int rows = 7;
        double[] labels = [0, classes - 1, -100, classes / 2, classes / 3, -100, 0];
        double[] x = Random(rows * classes, 1, -9, 9), g = Random(rows, 2);
        // A class that is ruled out has no part.
        if (classes > 1) x[classes - 1] = double.NegativeInfinity;
        Match(dtype, b =>
        {
            Tensor tx = Make(b, dtype, [rows, classes], x), tl = Make(b, DType.I32, [rows], labels);
            Tensor loss = Output(b, dtype, [rows]), lse = Output(b, dtype, [rows]),
                dx = Output(b, dtype, [rows, classes]);
            b.Run(new CrossEntropyArgs(tx, tl, -100, loss, lse));
            b.Run(new CrossEntropyBackwardArgs(tx, lse, tl, -100, Make(b, dtype, [rows], g), dx));
            return [loss, lse, dx];
        });
    }

    [Test]
    public void No_rows_are_no_work() => Match(DType.F32, b =>
    {
        Tensor tx = Make(b, DType.F32, [0, 5], []), tl = Make(b, DType.I32, [0], []), loss = Output(b, DType.F32, [0]),
            dx = Output(b, DType.F32, [0, 5]);
        b.Run(new CrossEntropyArgs(tx, tl, -100, loss, loss));
        b.Run(new CrossEntropyBackwardArgs(tx, loss, tl, -100, loss, dx));
        return [loss, dx];
    });

    [Test]
    public void A_label_that_is_no_class_gives_no_number()
    {
        var result = OnDevice(null, b =>
        {
            Tensor loss = Output(b, DType.F32, [3]), lse = Output(b, DType.F32, [3]);
            b.Run(new CrossEntropyArgs(
                Make(b, DType.F32, [3, 4], Random(12, 1)), Make(b, DType.I32, [3], [4, -1, 3]), -100, loss, lse));
            return [loss, lse];
        });
        Assert.That(result[0].Select(double.IsNaN), Is.EqualTo(new[] { true, true, false }));
        Assert.That(result[1], Has.None.NaN);
    }
}
