namespace AmcEngine.Amc.Profiling;

/// <summary>A product's time in a step beside its time right after itself.</summary>
/// <param name="InStep">As the step calls it.</param>
/// <param name="Alone">The same calls, each repeated at once.</param>
internal sealed record ProductPair(KernelUse InStep, KernelUse Alone)
{
    /// <summary>What the calls take more in the step's order; below zero is noise.</summary>
    public double LostSeconds => InStep.Seconds - Alone.Seconds;
}

/// <summary>Pairs the products of a profile.</summary>
internal static class ProfileProducts
{
    /// <summary>
    /// Products that were timed both ways, what loses most first. Where a text's length changes the shapes from step to
    /// step, times alone are scaled to the calls of the step.
    /// </summary>
    public static IReadOnlyList<ProductPair> Pairs(ProfileResult r)
    {
        var inStep = r.Shapes.ToDictionary(s => (s.Name, s.Shape));
        return [.. r.Alone.Where(a => inStep.ContainsKey((a.Name, a.Shape)))
            .Select(a => Pair(inStep[(a.Name, a.Shape)], a)).OrderByDescending(p => p.LostSeconds)];
    }

    private static ProductPair Pair(KernelUse inStep, KernelUse alone)
    {
        var scale = inStep.Calls / alone.Calls;
        return new ProductPair(inStep, alone with
        {
            Calls = inStep.Calls,
            Seconds = alone.Seconds * scale,
            Flop = alone.Flop * scale,
            Bytes = alone.Bytes * scale,
            RoofSeconds = alone.RoofSeconds * scale,
        });
    }
}
