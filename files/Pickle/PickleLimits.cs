namespace AmcEngine.Files.Pickle;

/// <summary>What a pickle may cost: time and memory are bounded by these, whatever the file says.</summary>
/// <param name="MaxBytes">Bytes that are read at most.</param>
/// <param name="MaxSteps">Operations that are carried out at most.</param>
public sealed record PickleLimits(long MaxBytes, int MaxSteps);
