namespace AmcEngine.Tests.Engine;

/// <summary>
/// Growth of the managed heap by repeated work, as the smallest of several windows: what leaks does so in each; what
/// else lives in the process (the test runner) grows once in a while.
/// </summary>
internal static class HeapGrowth
{
    /// <summary>Bytes by which the heap grows at least when <paramref name="work"/> is done once more.</summary>
    public static long Least(int windows, Action work) => Enumerable.Range(0, windows).Min(_ =>
    {
        var before = GC.GetTotalMemory(forceFullCollection: true);
        work();
        return GC.GetTotalMemory(forceFullCollection: true) - before;
    });
}
