using AmcEngine.Bench.Scaling;
using AmcEngine.Tests.Engine;
using NUnit.Framework;

namespace AmcEngine.Tests.Bench.Scaling;

/// <summary>Costs of collectives against cases worked out by hand.</summary>
[TestFixture]
internal sealed class CollectiveCostTests
{
    // Round numbers: 100 bytes a second within a node, 10 between; a second to start, hops of 2 and 7 seconds by ring,
    // 3 and 11 by tree, 0.5 and 4 for short messages.
    private static readonly Cluster Slow = new()
    {
        GpusPerNode = 4,
        NvlinkBytes = 200,
        NvlinkShare = 0.5,
        NetworkBytes = 40,
        NetworkShare = 0.25,
        StartMicroseconds = 1e6,
        NvlinkRingMicroseconds = 2e6,
        NetworkRingMicroseconds = 7e6,
        NvlinkTreeMicroseconds = 3e6,
        NetworkTreeMicroseconds = 11e6,
        NvlinkShortMicroseconds = 0.5e6,
        NetworkShortMicroseconds = 4e6,
    };

    // 2·3 hops of 2 s, each with a quarter of 800 bytes at 100 bytes a second.
    [TestCase(4, 800, ExpectedResult = 6 * (2 + 2.0))]
    [TestCase(2, 800, ExpectedResult = 2 * (2 + 4.0))]
    [TestCase(1, 800, ExpectedResult = 0)]
    public double A_ring_sends_an_nth_twice_around(int ranks, double bytes) =>
        CollectiveCost.RingAllReduce(ranks, bytes, 100, 2);

    [TestCase(8, ExpectedResult = 2 * (3 * 2 + 8.0))]
    [TestCase(5, ExpectedResult = 2 * (3 * 2 + 8.0))]
    [TestCase(1, ExpectedResult = 0)]
    public double A_tree_is_as_deep_as_the_logarithm(int ranks) => CollectiveCost.TreeAllReduce(ranks, 800, 100, 2);

    [Test]
    public void Within_a_node_only_its_links_count()
    {
        var network = new Network(Slow, 4);
        Near("ring", network.AllReduce(800, Algorithm.Ring), 1 + 6 * 2 + 2 * 3 / 4.0 * 800 / 100);
        Near("tree", network.AllReduce(800, Algorithm.Tree), 1 + 2 * 3 * 3 + 2 * 800 / 90.0);
        Near("hierarchical", network.AllReduce(800, Algorithm.Hierarchical), 1 + 6 * (2 + 2.0));
        Near("gather", network.Gather(800), 1 + 3 * (2 + 2.0));
        Near("agreement", network.Agreement(), 1 + 2 * 3 * 0.5);
    }

    // Two nodes of four: 2·6 hops within and 2·1 between; a node's ports carry 4·10 bytes a second together.
    [Test]
    public void Between_nodes_all_ports_carry_a_part()
    {
        var network = new Network(Slow, 8);
        Near("ring", network.AllReduce(800, Algorithm.Ring), 1 + 12 * 2 + 2 * 7 + 2 * 7 / 8.0 * 800 / 40);
        Near("tree", network.AllReduce(800, Algorithm.Tree), 1 + 2 * (3 * 3 + 11) + 2 * 800 / 36.0);
        // Each port has the 200 bytes of its GPU: a ring of two is 2·(7 + 100/10) = 34, trees 2·(11 + 200/9) = 66.4.
        Near("hierarchical", network.AllReduce(800, Algorithm.Hierarchical), 1 + 6 * (2 + 2.0) + 34);
        Near("gather", network.Gather(800), 1 + 1 * (7 + 10.0) + 3 * (2 + 2.0));
        Near("agreement", network.Agreement(), 1 + 2 * (3 * 0.5 + 4));
    }

    // Ports of 100 bytes a second each get no more than the 100 that the links within the node bring them.
    [Test]
    public void Ports_carry_what_the_links_within_a_node_bring()
    {
        var network = new Network(Slow with { NetworkBytes = 400 }, 8);
        Near("ring", network.AllReduce(800, Algorithm.Ring), 1 + 12 * 2 + 2 * 7 + 2 * 7 / 8.0 * 800 / 100);
    }

    [Test]
    public void The_best_algorithm_is_taken_trees_for_little_and_rings_for_much()
    {
        var network = new Network(Cluster.H100, 1024);
        foreach (var (bytes, best) in new[] { (1e5, Algorithm.Hierarchical), (1e11, Algorithm.Ring) })
        {
            var costs = new[] { Algorithm.Ring, Algorithm.Tree, Algorithm.Hierarchical }
                .ToDictionary(a => a, a => network.AllReduce(bytes, a));
            Assert.That(network.AllReduce(bytes), Is.EqualTo(costs.Values.Min()));
            Assert.That(costs.MinBy(c => c.Value).Key, Is.EqualTo(best), $"{bytes} bytes");
        }
        Assert.That(network.AllReduce(1e5, Algorithm.Tree) < network.AllReduce(1e5, Algorithm.Ring), Is.True);
    }

    [Test]
    public void Alone_nothing_is_sent()
    {
        var network = new Network(Slow, 1);
        double[] costs = [network.AllReduce(800), network.Gather(800), network.Agreement()];
        Assert.That(costs, Is.All.Zero);
    }

    private static void Near(string what, double actual, double expected) =>
        Closeness.Near(what, actual, expected, 1e-12 * expected);
}
