namespace AmcEngine.DataTools;

/// <summary>A generated picture, a phrase that fits exactly one item of it, and that item's box.</summary>
/// <param name="Picture">The picture.</param>
/// <param name="Phrase">The phrase, not cleaned.</param>
/// <param name="Box">The item's bounding box in pixels.</param>
public sealed record Scene(RgbImage Picture, string Phrase, Box Box)
{
    /// <summary>The phrase in other words, not cleaned.</summary>
    public required string Paraphrase { get; init; }

    /// <summary>The item itself; it is drawn when asked for.</summary>
    public required Func<SceneItem> Item { get; init; }
}
