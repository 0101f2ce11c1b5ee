using AmcEngine.Amc.Evaluation.Statistics;
using AmcEngine.Tests.Engine;
using NUnit.Framework;

namespace AmcEngine.Tests.Amc.Evaluation.Statistics;

[TestFixture]
internal sealed class McNemarTests
{
    // 2·Σ C(n, k)/2ⁿ over k up to the smaller count.
    [TestCase(0, 0, 1)]
    [TestCase(3, 3, 1)]
    [TestCase(0, 5, 2 / 32.0)]
    [TestCase(1, 8, 2 * (1 + 9) / 512.0)]
    [TestCase(8, 1, 2 * (1 + 9) / 512.0)]
    [TestCase(2, 6, 2 * (1 + 8 + 28) / 256.0)]
    public void Counts_have_their_exact_probability(int onlyFirst, int onlySecond, double expected) =>
        Closeness.Near("p", McNemar.PValue(onlyFirst, onlySecond), expected, 1e-12);

    [Test]
    public void Thousands_of_questions_do_not_underflow()
    {
        // The normal approximation with the correction for whole numbers: z = (2·(1100 − 1000) − 1)/√2100… for two
        // tails.
        Assert.That(McNemar.PValue(1000, 1100), Is.InRange(0.028, 0.033));
        Closeness.Within("a thousand questions apart", McNemar.PValue(1500, 2500), 1e-50);
        Assert.That(McNemar.PValue(2000, 2000), Is.EqualTo(1));
    }
}
