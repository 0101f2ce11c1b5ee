using System.Globalization;

namespace AmcEngine.DataTools;

/// <summary>One entry of an annotation file (specification 6): a picture, phrases, and the boxes each phrase points at.</summary>
/// <param name="Image">Path of the picture below the image root.</param>
/// <param name="Captions">At least one phrase, not cleaned.</param>
/// <param name="Boxes">The boxes as corners; none where the entry gives no region.</param>
public sealed record RegionAnnotation(string Image, IReadOnlyList<string> Captions, IReadOnlyList<Box> Boxes)
{
    /// <summary>Phrases that say the same in other words, not cleaned; none where the entry gives none.</summary>
    public IReadOnlyList<string> Paraphrases { get; init; } = [];

    /// <summary>Whether boxes are shares of the picture's sides rather than pixels.</summary>
    public bool IsNormalised { get; init; }

    /// <summary>The file that the entry comes from, if any.</summary>
    public string? File { get; init; }

    /// <summary>Its number in that file, from 0.</summary>
    public int Number { get; init; }

    /// <summary>What messages call the entry.</summary>
    internal string Source => string.Create(CultureInfo.InvariantCulture, $"{File}: entry {Number}");

    /// <summary>The boxes in pixels of the picture.</summary>
    /// <param name="width">Width of the picture in pixels.</param>
    /// <param name="height">Height of the picture in pixels.</param>
    public IReadOnlyList<Box> BoxesIn(int width, int height) => IsNormalised
        ? [.. Boxes.Select(b => new Box(b.X1 * width, b.Y1 * height, b.X2 * width, b.Y2 * height))]
        : Boxes;
}
