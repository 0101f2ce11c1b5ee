namespace AmcEngine.Collectives;

/// <summary>Ranks that tell one another what they do, so that those that wait can say whom they wait for.</summary>
public interface IRollCall
{
    /// <summary>
    /// Lets the others know what this rank does. From any thread; to be called every half second or so.
    /// </summary>
    /// <param name="doing">What it does, as in "step 17".</param>
    /// <param name="waits">Whether it waits for the others in that.</param>
    void Tell(string doing, bool waits);

    /// <summary>
    /// The ranks that do not wait for others, as this one does, and what each was last known to do. From any thread
    /// but those that wait.
    /// </summary>
    /// <param name="patience">How long to ask at most.</param>
    /// <returns>One for each rank, as in "rank 1 (step 17, 9 s ago)"; empty where nobody knows.</returns>
    IReadOnlyList<string> Missing(TimeSpan patience);
}
