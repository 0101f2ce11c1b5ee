namespace AmcEngine.Amc.Training;

/// <summary>
/// Collects the youngest generation between two steps, where the graph of neither is alive. A collection in the midst of a step
/// would find thousands of nodes alive, and carry them into the older generations, whose collections take longer.
/// </summary>
internal sealed class StepGarbage
{
    /// <summary>
    /// Bytes of objects between two collections: some steps' of a small model, three of a full-size one. Less than the runtime's own
    /// budget with the settings in <c>amc.csproj</c>.
    /// </summary>
    private const long Budget = 16 << 20;

    private long _collectedAt = -1;

    /// <summary>To be called after each step, when its scope has ended.</summary>
    public void AfterStep()
    {
        long now = GC.GetTotalAllocatedBytes();
        if (_collectedAt < 0)
        {
            // What the first step leaves stays for the run: model, data, pools. It becomes old at once.
            GC.Collect();
        }
        else if (now - _collectedAt < Budget)
        {
            return;
        }
        else
        {
            GC.Collect(0, GCCollectionMode.Forced, blocking: true);
        }
        _collectedAt = now;
    }
}
