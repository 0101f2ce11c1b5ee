namespace AmcEngine.Amc.Training;

/// <summary>When the runtime's garbage is collected.</summary>
internal static class GarbageCollection
{
    /// <summary>
    /// Collects the youngest generation while no graph is alive. Left alone, the collector interrupts a step when its nodes are
    /// reachable: they are promoted, die soon after, and wait for a collection of the older generation; and because so many
    /// survive, it allows itself fewer bytes until the next one. Here next to nothing survives, and it takes about 0.1 ms.
    /// </summary>
    public static void BetweenSteps() => GC.Collect(0, GCCollectionMode.Forced, blocking: true);
}
