using AmcEngine.Backends.Gpu.Kernels;
using NUnit.Framework;

namespace AmcEngine.Tests.Engine.Backends.Gpu;

/// <summary>Division by multiplication is exact for every int that is not negative.</summary>
[TestFixture]
internal sealed class DivisorTests
{
    [Test]
    public void Quotients_are_exact(
        [Values(1, 2, 3, 5, 7, 12, 64, 257, 1000, 65537, 1 << 30, int.MaxValue)] int divisor)
    {
        var d = Divisor.Of(divisor);
        var random = new Random(divisor);
        for (var i = 0; i < 20_000; i++)
        {
            // Multiples and their neighbours, up to the largest int.
            var x = i < 4 ? int.MaxValue - i : (int)Math.Clamp(
                random.NextInt64(1L + int.MaxValue / divisor) * divisor + random.Next(-1, 2), 0, int.MaxValue);
            if (Divisor.Quotient(x, d) != x / divisor) Assert.Fail($"{x} / {divisor}");
        }
    }
}
