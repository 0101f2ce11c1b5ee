namespace AmcEngine.Files.Pickle;

/// <summary>A function that a pickle may call: one of ours, never one of Python's.</summary>
/// <param name="arguments">What the pickle passes.</param>
public delegate object? PickleFunction(object?[] arguments);
