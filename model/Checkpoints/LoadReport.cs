using AmcEngine.Model.Modules;
using AmcEngine.Serialization;

namespace AmcEngine.Model.Checkpoints;

/// <summary>What became of the tensors of a checkpoint.</summary>
/// <param name="Loaded">State-dict names that got their values.</param>
/// <param name="Missing">
/// State-dict names that the checkpoint lacks; they kept their values, or will have those of a fresh model.
/// </param>
/// <param name="Unexpected">Names in the checkpoint that the model does not know.</param>
/// <param name="Reshaped">Position embeddings that were resized to another grid.</param>
public sealed record LoadReport(
    IReadOnlyList<string> Loaded, IReadOnlyList<string> Missing, IReadOnlyList<string> Unexpected,
    IReadOnlyList<string> Reshaped)
{
    private const int Shown = 3;

    /// <summary>What a wrapper had put before the names, as in <c>module.</c>; empty where nothing.</summary>
    public string Prefix { get; init; } = "";

    /// <summary>How the model's checkpoints name their entries.</summary>
    public CheckpointNames Names { get; init; } = CheckpointNames.Plain;

    /// <summary>Entries that are no plain tensors.</summary>
    public IReadOnlyList<SkippedEntry> Skipped { get; init; } = [];

    /// <summary>
    /// Unexpected names that only a layer's number sets apart from the model's: the checkpoint is of a deeper model, or
    /// of one that begins to fuse elsewhere.
    /// </summary>
    public IReadOnlyList<string> OtherLayers { get; init; } = [];

    /// <summary>The key under which a checkpoint of several held the weights; null where they lay at its top.</summary>
    public string? Key { get; init; }

    /// <summary>Keys under which it held others.</summary>
    public IReadOnlyList<string> OtherKeys { get; init; } = [];

    /// <summary>
    /// Which of some weights the checkpoint lacks: up to three names with what lies there instead; null where it has
    /// all.
    /// </summary>
    /// <param name="used">The weights.</param>
    public string? Lacks(IEnumerable<Parameter> used)
    {
        HashSet<string> missing = [.. Missing];
        Parameter[] all = [.. used], lacking = [.. all.Where(p => missing.Contains(p.Name))];
        if (lacking.Length == 0) return null;
        // The report's entries have the file's names, which may lack "bert." or have a prefix.
        var skipped = Skipped.ToLookup(
            s => Names.Canonical(WrapperPrefix.Strip(s.Name, Prefix)), s => s.What, StringComparer.Ordinal);
        var names = string.Join(", ", lacking.Take(Shown).Select(p =>
            skipped[Names.Canonical(p.Name)].FirstOrDefault() is { } what ? $"{what} in place of {p.Name}" : p.Name));
        return $"{lacking.Length} of {all.Length} weights ({names}{(lacking.Length > Shown ? ", …" : "")})";
    }

    /// <summary>One line: counts, and up to three names of what did not go the ordinary way.</summary>
    public override string ToString() =>
        $"{Loaded.Count} tensors loaded{Where}{Part(Missing, "missing")}{Part(Unexpected, "unexpected")}"
            + $"{Part(Reshaped, "resized")}"
            + Part([.. Skipped.Select(s => $"{s.Name}: {s.What}")], "skipped");

    private string Where =>
        (Key is null ? "" : $" from '{Key}'")
            + (OtherKeys.Count == 0 ? "" : $" (not from {string.Join(", ", OtherKeys.Select(k => $"'{k}'"))})")
        + (Prefix.Length == 0 ? "" : $", '{Prefix}' taken off their names");

    private static string Part(IReadOnlyList<string> names, string what) => names.Count == 0
        ? ""
        : $", {names.Count} {what} ({string.Join(", ", names.Take(Shown))}{(names.Count > Shown ? ", …" : "")})";
}
