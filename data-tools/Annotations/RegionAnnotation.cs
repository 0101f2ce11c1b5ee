using System.Globalization;

namespace AmcEngine.DataTools;

/// <summary>
/// One entry of an annotation file (specification 6): a picture, phrases, and the regions each phrase points at.
/// </summary>
/// <param name="Image">Path of the picture below the image root.</param>
/// <param name="Captions">At least one phrase, not cleaned.</param>
/// <param name="Regions">The regions; none where the entry gives no region.</param>
public sealed record RegionAnnotation(string Image, IReadOnlyList<string> Captions, IReadOnlyList<Region> Regions)
{
    /// <summary>Phrases that say the same in other words, not cleaned; none where the entry gives none.</summary>
    public IReadOnlyList<string> Paraphrases { get; init; } = [];

    /// <summary>
    /// A part of the phrases that has synonyms, from which paraphrases are made; null where none is given.
    /// </summary>
    public PhraseExchange? Exchange { get; init; }

    /// <summary>
    /// The number under which REFER's files have the object that the phrase is about (<c>ref_id</c>); null where the
    /// entry gives none.
    /// </summary>
    public string? Reference { get; init; }

    /// <summary>
    /// Whether coordinates are shares of the picture's sides rather than pixels; masks have the picture's pixels
    /// always.
    /// </summary>
    public bool IsNormalised { get; init; }

    /// <summary>The picture's width in pixels where the entry says it.</summary>
    public int? Width { get; init; }

    /// <summary>The picture's height in pixels where the entry says it.</summary>
    public int? Height { get; init; }

    /// <summary>What the data set calls the entry; may be null.</summary>
    public string? Id { get; init; }

    /// <summary>What the data set calls the thing in the picture; may be null.</summary>
    public string? Entity { get; init; }

    /// <summary>The kind of thing; may be null.</summary>
    public string? Category { get; init; }

    /// <summary>The part of the data set that the entry belongs to; may be null.</summary>
    public string? Split { get; init; }

    /// <summary>The file that the entry comes from, if any.</summary>
    public string? File { get; init; }

    /// <summary>Its number in that file, from 0.</summary>
    public int Number { get; init; }

    /// <summary>What messages call the entry.</summary>
    internal string Source => string.Create(CultureInfo.InvariantCulture, $"{File}: entry {Number}");

    /// <summary>The regions in pixels of the picture.</summary>
    /// <param name="width">Width of the picture in pixels.</param>
    /// <param name="height">Height of the picture in pixels.</param>
    public IReadOnlyList<Region> RegionsIn(int width, int height) =>
        IsNormalised ? [.. Regions.Select(r => r.Scale(width, height))] : Regions;
}
