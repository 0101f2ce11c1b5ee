namespace AmcEngine.DataTools;

/// <summary>An entry to write: a picture, its phrases, and the regions that they all name.</summary>
/// <param name="Image">Path of the picture below the folder of pictures.</param>
/// <param name="Captions">At least one phrase.</param>
/// <param name="Regions">The regions; may be none.</param>
internal sealed record ImportedEntry(
    string Image, IReadOnlyList<string> Captions, IReadOnlyList<ImportedRegion> Regions)
{
    /// <summary>Width of the picture in pixels; null where the original does not say.</summary>
    public long? Width { get; init; }

    /// <summary>Height of the picture in pixels; null where the original does not say.</summary>
    public long? Height { get; init; }

    /// <summary>What the original calls the phrase.</summary>
    public string? Id { get; init; }

    /// <summary>What the original calls the thing that the phrase names, the same for all phrases about it.</summary>
    public string? Entity { get; init; }

    /// <summary>The kind of thing.</summary>
    public string? Category { get; init; }
}
