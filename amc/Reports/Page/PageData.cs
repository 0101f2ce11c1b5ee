using System.Text.Json.Serialization;

namespace AmcEngine.Amc.Reports.Page;

/// <summary>What a page shows; written into it as JSON, with names in small letters.</summary>
/// <param name="Title">Heading and name of the page.</param>
/// <param name="Runs">What was measured, at least one; the answers of a case have the same order.</param>
internal sealed record PageData(string Title, IReadOnlyList<PageRun> Runs)
{
    /// <summary>What a reader must know before the numbers.</summary>
    public IReadOnlyList<string> Notes { get; init; } = [];

    /// <summary>Numbers by some property of the samples.</summary>
    public IReadOnlyList<PageBreakdown> Breakdowns { get; init; } = [];

    /// <summary>Curves.</summary>
    public IReadOnlyList<PageChart> Charts { get; init; } = [];

    /// <summary>How the cases were chosen, in words.</summary>
    public string? Chosen { get; init; }

    /// <summary>Pictures as data addresses; several cases may share one.</summary>
    public IReadOnlyList<string> Pictures { get; init; } = [];

    /// <summary>The cases.</summary>
    public IReadOnlyList<PageCase> Cases { get; init; } = [];
}

/// <summary>A run, method or protocol.</summary>
/// <param name="Name">What it is called where there are several.</param>
/// <param name="Numbers">Its headline numbers.</param>
/// <param name="Facts">How it was measured.</param>
internal sealed record PageRun(string Name, IReadOnlyList<PageNumber> Numbers, IReadOnlyList<PageFact> Facts);

/// <summary>A number with its name.</summary>
/// <param name="Name">What it is.</param>
/// <param name="Value">The number.</param>
/// <param name="Share">Whether it is a share, shown in per cent.</param>
internal sealed record PageNumber(string Name, double Value, bool Share = true)
{
    /// <summary>Lower end of the 95 % interval.</summary>
    public double? Low { get; init; }

    /// <summary>Its upper end.</summary>
    public double? High { get; init; }
}

/// <summary>A property of a run in words.</summary>
/// <param name="Name">Which.</param>
/// <param name="Text">What it is.</param>
internal sealed record PageFact(string Name, string Text);

/// <summary>A number for each group of the samples.</summary>
/// <param name="Name">What tells the groups apart.</param>
/// <param name="Number">What the number is; a share.</param>
/// <param name="Rows">The groups.</param>
internal sealed record PageBreakdown(string Name, string Number, IReadOnlyList<PageRow> Rows);

/// <summary>A group of samples.</summary>
/// <param name="Group">Its name.</param>
/// <param name="Count">Its samples.</param>
/// <param name="Values">Its number in each run; null where there is none.</param>
internal sealed record PageRow(string Group, int Count, IReadOnlyList<PageNumber?> Values);

/// <summary>Curves in one drawing.</summary>
/// <param name="Title">What they show.</param>
/// <param name="X">What goes to the right.</param>
/// <param name="Share">Whether the values are shares: the axis then goes from 0 to 100 %.</param>
/// <param name="Lines">The curves.</param>
internal sealed record PageChart(string Title, string X, bool Share, IReadOnlyList<PageLine> Lines)
{
    /// <summary>A level to compare with.</summary>
    public PageNumber? Level { get; init; }
}

/// <summary>A curve.</summary>
/// <param name="Name">Its name.</param>
/// <param name="X">Places, ascending.</param>
/// <param name="Y">Values.</param>
internal sealed record PageLine(string Name, IReadOnlyList<double> X, IReadOnlyList<double> Y)
{
    /// <summary>Lower edge of a band around the curve.</summary>
    public IReadOnlyList<double>? Low { get; init; }

    /// <summary>Its upper edge.</summary>
    public IReadOnlyList<double>? High { get; init; }
}

/// <summary>A question with the answers of all runs.</summary>
internal sealed record PageCase
{
    /// <summary>Its number in the test data, from 0.</summary>
    public required int Index { get; init; }

    /// <summary>The phrase.</summary>
    public required string Phrase { get; init; }

    /// <summary>What the picture is called.</summary>
    public required string Image { get; init; }

    /// <summary>Width of the picture in pixels, whatever the size it is shown in.</summary>
    public required int Width { get; init; }

    /// <summary>Its height in pixels.</summary>
    public required int Height { get; init; }

    /// <summary>Its place in <see cref="PageData.Pictures"/>.</summary>
    public required int Picture { get; init; }

    /// <summary>The regions' outlines as SVG paths, in pixels of the picture.</summary>
    public required IReadOnlyList<string> Regions { get; init; }

    /// <summary>The regions' share of the picture.</summary>
    public required double Area { get; init; }

    /// <summary>How well the runs have answered, in no unit: the greater the better.</summary>
    public required double Rank { get; init; }

    /// <summary>Why the case is here.</summary>
    public required CaseGroup Group { get; init; }

    /// <summary>Part of the data, where it is known.</summary>
    public string? Split { get; init; }

    /// <summary>Kind of what the phrase names, where it is known.</summary>
    public string? Category { get; init; }

    /// <summary>What the phrase names, where it is known.</summary>
    public string? Entity { get; init; }

    /// <summary>An answer a run.</summary>
    public required IReadOnlyList<PageAnswer> Answers { get; init; }
}

/// <summary>Where a run looks for the phrase of a case.</summary>
/// <param name="Side">Width and height of the map in patches.</param>
/// <param name="Map">
/// side × side bytes, row by row, 255 being the highest; a flat map is 0. Null where it was not kept.
/// </param>
/// <param name="Point">The pointed pixel; null where the map is flat.</param>
/// <param name="Hit">Whether it is right.</param>
/// <param name="Score">How likely phrase and picture belong together, by the model.</param>
/// <param name="Inside">
/// The share of the map that lies in the regions; null for a flat map and where it is not known.
/// </param>
internal sealed record PageAnswer(int Side, byte[]? Map, int[]? Point, bool Hit, double Score, double? Inside);

/// <summary>Why a case is shown.</summary>
[JsonConverter(typeof(CaseGroupNames))]
internal enum CaseGroup
{
    /// <summary>Among the best answered.</summary>
    Best = 0,

    /// <summary>In the middle.</summary>
    Median = 1,

    /// <summary>Among the worst.</summary>
    Worst = 2,

    /// <summary>Some runs hit, others do not.</summary>
    Differ = 3,

    /// <summary>Evenly spread over all others.</summary>
    Spread = 4,
}

/// <summary>Groups by their names in small letters.</summary>
internal sealed class CaseGroupNames()
    : JsonStringEnumConverter<CaseGroup>(System.Text.Json.JsonNamingPolicy.CamelCase);
