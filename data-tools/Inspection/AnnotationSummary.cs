namespace AmcEngine.DataTools;

/// <summary>What an annotation file holds; made by <see cref="DataInspector"/>.</summary>
public sealed record AnnotationSummary
{
    /// <summary>Entries that can be used.</summary>
    public required int Entries { get; init; }

    /// <summary>Different pictures.</summary>
    public required int Pictures { get; init; }

    /// <summary>Phrases of all entries.</summary>
    public required int Captions { get; init; }

    /// <summary>Mean number of words of a cleaned phrase.</summary>
    public required double MeanWords { get; init; }

    /// <summary>Boxes of all entries.</summary>
    public required int Boxes { get; init; }

    /// <summary>Whether boxes are shares of the picture's sides rather than pixels.</summary>
    public bool IsNormalised { get; init; }

    /// <summary>Mean box width in pixels, or as a share.</summary>
    public required double MeanBoxWidth { get; init; }

    /// <summary>Mean box height in pixels, or as a share.</summary>
    public required double MeanBoxHeight { get; init; }

    /// <summary>
    /// Mean share of the picture that a region covers, which is how often a random point hits a single one; null where
    /// no picture folder was given.
    /// </summary>
    public double? MeanBoxShare { get; init; }
}
