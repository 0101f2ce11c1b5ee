using AmcEngine.Amc.Profiling;
using AmcEngine.Bench.Harness;
using NUnit.Framework;

namespace AmcEngine.Tests.Bench;

[TestFixture]
internal sealed class StatisticsTests
{
    [Test]
    public void Median_of_odd_and_even_counts()
    {
        Assert.That(Median.Of([3, 1, 2]), Is.EqualTo(2));
        Assert.That(Median.Of([4, 1, 3, 2]), Is.EqualTo(2.5));
        Assert.That(Median.Of([7]), Is.EqualTo(7));
        Assert.Throws<ArgumentException>(() => Median.Of([]));
    }

    [Test]
    public void Geometric_mean_of_positive_values_only()
    {
        Assert.That(Statistics.GeometricMean([1, 4]), Is.EqualTo(2).Within(1e-12));
        Assert.That(Statistics.GeometricMean([2, 4, 8]), Is.EqualTo(4).Within(1e-12));
        Assert.That(Statistics.GeometricMean([0.5, 2]), Is.EqualTo(1).Within(1e-12));
        Assert.Throws<ArgumentException>(() => Statistics.GeometricMean([]));
        Assert.Throws<ArgumentException>(() => Statistics.GeometricMean([1, 0]));
        Assert.Throws<ArgumentException>(() => Statistics.GeometricMean([1, double.NaN]));
    }

    [Test]
    public void Giga_per_second() => Assert.That(Statistics.Giga(3e9, 2), Is.EqualTo(1.5).Within(1e-12));

    [Test]
    public void Rounds_take_the_contenders_in_turn()
    {
        var order = "";
        Func<double> Contender(char name, double time) => () =>
        {
            order += name;
            return time++;
        };
        var times = Rounds.Interleave(3, [Contender('a', 1), Contender('b', 10)]);
        Assert.That(order, Is.EqualTo("ababab"));
        Assert.That(times[0].Seconds, Is.EqualTo(new[] { 1.0, 2, 3 }));
        Assert.That((times[1].Median, times[1].Min), Is.EqualTo((11.0, 10.0)));
    }

    [Test]
    public void Repeated_work_lasts_as_long_as_asked()
    {
        var calls = 0;
        var work = new Repeated(
            () =>
            {
                calls++;
                Thread.SpinWait(2000);
            },
            seconds: 0.002);
        calls = 0;
        var once = work.Sample();
        Assert.That(work.Repeats, Is.GreaterThan(1));
        Assert.That(calls, Is.EqualTo(work.Repeats + 1));
        Assert.That(once > 0, Is.True);
    }

    [Test]
    public void A_table_lines_up_in_markdown()
    {
        var table = new MarkdownTable("case", "path", "GFLOP/s");
        table.Add("a", "AVX2", "1.5");
        table.Add("longer", "AVX-512", "220.25");
        Assert.That(table.Lines(), Is.EqualTo(new[]
        {
            "| case   | path    | GFLOP/s |",
            "|--------|---------|--------:|",
            "| a      | AVX2    |     1.5 |",
            "| longer | AVX-512 |  220.25 |",
        }));
        Assert.Throws<ArgumentException>(() => table.Add("too", "few"));
    }
}
