using AmcEngine.Bench.Harness;

namespace AmcEngine.Bench.Scaling;

/// <summary>How an all-reduce goes.</summary>
internal enum Algorithm
{
    /// <summary>The fastest of the others for the size.</summary>
    Auto,

    /// <summary>One ring through all GPUs, as many times side by side as a node has ports.</summary>
    Ring,

    /// <summary>A chain in each node, two binary trees between nodes.</summary>
    Tree,

    /// <summary>
    /// Reduce-scatter in each node, all-reduce of the parts between nodes (a ring or trees), gather in each node.
    /// </summary>
    Hierarchical,
}

/// <summary>Seconds of collectives of some of a cluster's GPUs; whole nodes where there are several.</summary>
internal sealed class Network
{
    // Trees keep their links less busy than rings do.
    private const double TreeShare = 0.9;

    private const double Micro = 1e-6;

    private readonly Cluster _cluster;
    private readonly int _local, _nodes;
    private readonly double _nvlink, _port;

    /// <exception cref="ArgumentsException">The last node would not be full.</exception>
    public Network(Cluster cluster, int ranks)
    {
        if (ranks > cluster.GpusPerNode && ranks % cluster.GpusPerNode != 0)
            throw new ArgumentsException($"bench scaling: {ranks} GPUs do not fill nodes of {cluster.GpusPerNode}");
        (_cluster, Ranks, _local) = (cluster, ranks, Math.Min(ranks, cluster.GpusPerNode));
        (_nodes, _nvlink, _port) =
            (ranks / _local, cluster.NvlinkBytes * cluster.NvlinkShare, cluster.NetworkBytes * cluster.NetworkShare);
    }

    /// <summary>How many there are.</summary>
    public int Ranks { get; }

    // What all ports of a node carry, as far as NVLink brings it there.
    private double NodeBandwidth => _nodes == 1 ? _nvlink : _local == 1 ? _port : Math.Min(_nvlink, _local * _port);

    /// <summary>An all-reduce of some bytes.</summary>
    public double AllReduce(double bytes, Algorithm algorithm = Algorithm.Auto)
    {
        if (Ranks == 1) return 0;
        return (_cluster.StartMicroseconds * Micro) + algorithm switch
        {
            Algorithm.Ring => Ring(bytes),
            Algorithm.Tree => Tree(bytes),
            Algorithm.Hierarchical => Hierarchical(bytes),
            _ => Math.Min(Ring(bytes), Math.Min(Tree(bytes), Hierarchical(bytes))),
        };
    }

    /// <summary>An all-gather, or a reduce-scatter: the bytes are those of all ranks together.</summary>
    public double Gather(double bytes)
    {
        if (Ranks == 1) return 0;
        var between = CollectiveCost.RingGather(
            _nodes, bytes / _local, _port, _cluster.NetworkRingMicroseconds * Micro);
        var within =
            CollectiveCost.RingGather(_local, bytes, _nvlink, _cluster.NvlinkRingMicroseconds * Micro);
        return (_cluster.StartMicroseconds * Micro) + between + within;
    }

    /// <summary>An agreement on a few numbers, which all wait for.</summary>
    public double Agreement() => Ranks == 1 ? 0 : Micro * (_cluster.StartMicroseconds
        + 2 * ((_local - 1) * _cluster.NvlinkShortMicroseconds
            + CollectiveCost.Depth(_nodes) * _cluster.NetworkShortMicroseconds));

    private double Ring(double bytes)
    {
        var hops = 2 * Micro * ((Ranks - _nodes) * _cluster.NvlinkRingMicroseconds
            + (_nodes - 1) * _cluster.NetworkRingMicroseconds);
        return hops + 2.0 * (Ranks - 1) / Ranks * bytes / NodeBandwidth;
    }

    private double Tree(double bytes)
    {
        var hops = 2 * Micro * ((_local - 1) * _cluster.NvlinkTreeMicroseconds
            + CollectiveCost.Depth(_nodes) * _cluster.NetworkTreeMicroseconds);
        return hops + 2 * bytes / (TreeShare * NodeBandwidth);
    }

    private double Hierarchical(double bytes)
    {
        var within = CollectiveCost.RingAllReduce(
            _local, bytes, _nvlink, _cluster.NvlinkRingMicroseconds * Micro);
        var part = bytes / _local;
        var ring = CollectiveCost.RingAllReduce(_nodes, part, _port, _cluster.NetworkRingMicroseconds * Micro);
        var tree = CollectiveCost.TreeAllReduce(
            _nodes, part, TreeShare * _port, _cluster.NetworkTreeMicroseconds * Micro);
        return within + Math.Min(ring, tree);
    }
}
