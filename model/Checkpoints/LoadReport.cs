namespace AmcEngine.Model.Checkpoints;

/// <summary>What became of the tensors of a checkpoint.</summary>
/// <param name="Loaded">State-dict names that got their values.</param>
/// <param name="Missing">State-dict names that the checkpoint lacks; they kept their values.</param>
/// <param name="Unexpected">Names in the checkpoint that the model does not know.</param>
/// <param name="Reshaped">Position embeddings that were resized to another grid.</param>
public sealed record LoadReport(
    IReadOnlyList<string> Loaded, IReadOnlyList<string> Missing, IReadOnlyList<string> Unexpected, IReadOnlyList<string> Reshaped)
{
    private const int Shown = 3;

    /// <summary>One line: counts, and up to three names of what did not go the ordinary way.</summary>
    public override string ToString() =>
        $"{Loaded.Count} tensors loaded{Part(Missing, "missing")}{Part(Unexpected, "unexpected")}{Part(Reshaped, "resized")}";

    private static string Part(IReadOnlyList<string> names, string what) => names.Count == 0
        ? ""
        : $", {names.Count} {what} ({string.Join(", ", names.Take(Shown))}{(names.Count > Shown ? ", …" : "")})";
}
