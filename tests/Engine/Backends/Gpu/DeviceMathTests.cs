using AmcEngine.Backends;
using AmcEngine.Backends.Gpu;
using AmcEngine.Tensors;
using NUnit.Framework;

namespace AmcEngine.Tests.Engine.Backends.Gpu;

[TestFixture]
internal sealed class DeviceMathTests
{
    [Test]
    public void Smoke([Values] UnaryKind kind)
    {
        var b = TestBackends.OpenCl;
        var xs = Enumerable.Range(0, 4001).Select(i => -20f + 0.01f * i).ToArray();
        using var x = Tensor.From(xs, [xs.Length], b);
        using var y = Tensor.Empty([xs.Length], DType.F32, b);
        using var x1 = Tensor.From(xs, [xs.Length], TestBackends.Cpu);
        using var y1 = Tensor.Empty([xs.Length], DType.F32, TestBackends.Cpu);
        b.Unary(kind, x, y, 0.5, 2);
        TestBackends.Cpu.Unary(kind, x1, y1, 0.5, 2);
        var a = y.ToArray<float>();
        var e = y1.ToArray<float>();
        var worst = Enumerable.Range(0, a.Length).Where(i => !float.IsNaN(e[i])).Max(i => Math.Abs(a[i] - e[i]) / Math.BitIncrement(Math.Max(Math.Abs(e[i]), 1e-37f)) * 1.6e7);
        TestContext.Out.WriteLine($"{kind} {worst} ulp");
        Assert.That(worst, Is.LessThan(5));
    }
}
