using AmcEngine.Amc.Evaluation.Metrics;
using NUnit.Framework;

namespace AmcEngine.Tests.Amc.Evaluation.Metrics;

[TestFixture]
internal sealed class WeightedOrderTests
{
    /// <summary>Numbers of every sign and size, and few numbers many times; each with a weight of its own.</summary>
    [TestCase(0)]
    [TestCase(1)]
    [TestCase(2500)]
    public void Numbers_come_in_ascending_order_with_their_weights(int count)
    {
        var random = new Random(count);
        float[] values = [.. Enumerable.Range(0, count).Select(i => i % 3 == 0 ? random.Next(-2, 3)
            : (float)((random.NextDouble() - 0.5) * Math.Pow(10, random.Next(-40, 38))))];
        float[] weights = [.. Enumerable.Range(0, count).Select(i => (float)i)];
        using var order = new WeightedOrder(values, weights);
        int[] places = [.. order.Weights.ToArray().Select(w => (int)w)];
        Assert.That(places.Order(), Is.EqualTo(Enumerable.Range(0, count)));
        // A stable sort, as LINQ's is.
        Assert.That(places, Is.EqualTo(Enumerable.Range(0, count).OrderBy(i => values[i])));
        for (var i = 1; i < count; i++)
            Assert.That(order.Keys[i - 1] == order.Keys[i], Is.EqualTo(values[places[i - 1]] == values[places[i]]));
    }
}
