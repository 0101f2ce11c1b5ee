using AmcEngine.DataTools;
using NUnit.Framework;

namespace AmcEngine.Tests.DataTools;

[TestFixture]
public class SeededRandomTests
{
    [Test]
    public void Numbers_are_the_same_on_every_machine_and_forever()
    {
        // Computed with an independent implementation of splitmix64 and xoshiro256**.
        var random = new SeededRandom(42, 1, 2);
        ulong[] numbers = [random.NextUInt64(), random.NextUInt64(), random.NextUInt64()];
        Assert.That(numbers, Is.EqualTo((ulong[])[16623019299685372802, 17315381218825686283, 1202625113013570642]));
    }

    [Test]
    public void The_same_key_draws_the_same_and_another_key_differs()
    {
        var first = new SeededRandom(7, 3, 5).NextUInt64();
        Assert.Multiple(() =>
        {
            Assert.That(new SeededRandom(7, 3, 5).NextUInt64(), Is.EqualTo(first));
            Assert.That(new SeededRandom(7, 5, 3).NextUInt64(), Is.Not.EqualTo(first));
            Assert.That(new SeededRandom(8, 3, 5).NextUInt64(), Is.Not.EqualTo(first));
            Assert.That(new SeededRandom(7, 3).NextUInt64(), Is.Not.EqualTo(first));
        });
    }

    [Test]
    public void Whole_numbers_are_evenly_spread()
    {
        var random = new SeededRandom(1);
        var counts = new int[7];
        for (var i = 0; i < 70_000; i++)
            counts[random.NextInt(7)]++;
        Assert.That(counts, Has.All.InRange(9_600, 10_400));
    }

    [Test]
    public void Neighbouring_streams_are_unrelated()
    {
        double sum = 0;
        for (ulong i = 0; i < 10_000; i++)
            sum += new SeededRandom(1, 0, i).NextDouble();
        Assert.That(sum / 10_000, Is.EqualTo(0.5).Within(0.01));
    }

    [Test]
    public void Ranges_are_kept()
    {
        var random = new SeededRandom(2);
        for (var i = 0; i < 1_000; i++)
        {
            Assert.That(random.NextInt(-2, 2), Is.InRange(-2, 2));
            Assert.That(random.Uniform(0.6, 1.4), Is.GreaterThanOrEqualTo(0.6).And.LessThan(1.4));
        }
        Assert.That(() => random.NextInt(0), Throws.TypeOf<ArgumentOutOfRangeException>());
    }

    [Test]
    public void Shuffle_keeps_the_items()
    {
        int[] items = [.. Enumerable.Range(0, 50)];
        new SeededRandom(3).Shuffle<int>(items);
        Assert.That(items, Is.EquivalentTo(Enumerable.Range(0, 50)).And.Not.Ordered);
    }
}
