using System.Numerics;

namespace AmcEngine.Bench.Scaling;

/// <summary>
/// Seconds of collectives among equal ranks, each with a link that carries <c>bandwidth</c> bytes a second in each
/// direction and takes <c>latency</c> seconds a hop (Thakur, Rabenseifner and Gropp 2005; Sanders, Speck and Träff
/// 2009). A rank alone has nothing to do.
/// </summary>
internal static class CollectiveCost
{
    /// <summary>A ring: a reduce-scatter and a gather, n − 1 hops each with an n-th of the bytes.</summary>
    public static double RingAllReduce(int ranks, double bytes, double bandwidth, double latency) =>
        2 * RingGather(ranks, bytes, bandwidth, latency);

    /// <summary>All-gather or reduce-scatter by a ring; <paramref name="bytes"/> are those of all ranks.</summary>
    public static double RingGather(int ranks, double bytes, double bandwidth, double latency) =>
        (ranks - 1) * (latency + bytes / ranks / bandwidth);

    /// <summary>Two binary trees, each with a half of the bytes, up and down: log₂ n hops, pipelined.</summary>
    public static double TreeAllReduce(int ranks, double bytes, double bandwidth, double latency) =>
        ranks == 1 ? 0 : 2 * (Depth(ranks) * latency + bytes / bandwidth);

    /// <summary>⌈log₂ n⌉.</summary>
    public static int Depth(int ranks) => BitOperations.Log2((uint)ranks) + (BitOperations.IsPow2(ranks) ? 0 : 1);
}
