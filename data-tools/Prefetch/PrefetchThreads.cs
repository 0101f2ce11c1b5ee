namespace AmcEngine.DataTools;

/// <summary>How many threads prepare data where nobody says.</summary>
public static class PrefetchThreads
{
    // More of them find no more work: a step's pictures are read in less time than it computes.
    private const int Most = 8;

    /// <summary>One a processor, at most eight.</summary>
    public static int Auto { get; } = Math.Min(Environment.ProcessorCount, Most);
}
