using System.Globalization;
using System.Text.Json;

namespace AmcEngine.DataTools;

/// <summary>
/// Turns JSON into regions (specification 6), and says what is wrong with those that are none.
/// </summary>
/// <param name="format">What the numbers of a box, and coordinates at all, mean.</param>
/// <param name="wrong">Told of each problem, with the field that has it.</param>
internal sealed class RegionReader(BoxFormat format, Action<AnnotationFault, string> wrong)
{
    private const int SnippetLength = 40;

    // Whether a line meets itself is asked of every pair of its edges.
    private const int MostCorners = 10_000;

    private static readonly string[] Kinds = ["box", "polygon", "rle", "mask", "scribble", "points", "union", "choice"];

    /// <summary>The items of a list that are regions, and how many are not.</summary>
    /// <param name="list">The JSON; one region without a list around it is taken as well.</param>
    /// <param name="field">What messages call it.</param>
    public (List<Region> Good, int Bad) ParseList(JsonElement list, string field)
    {
        if (list.ValueKind == JsonValueKind.Object)
            list = JsonSerializer.SerializeToElement(new[] { list });
        if (list.ValueKind != JsonValueKind.Array)
        {
            wrong(AnnotationFault.BadRegion, $"{field}: must be a list of regions, found {Kind(list)}");
            return ([], 1);
        }
        List<Region> good = [];
        var count = 0;
        foreach (var item in list.EnumerateArray())
        {
            if (Parse(item, string.Create(CultureInfo.InvariantCulture, $"{field}[{count++}]")) is { } region)
                good.Add(region);
        }
        return (good, count - good.Count);
    }

    /// <summary>A box of four numbers; null where it is none.</summary>
    public Box? ParseBox(JsonElement item, string field)
    {
        if (item.ValueKind != JsonValueKind.Array || item.GetArrayLength() != 4)
        {
            wrong(AnnotationFault.BadBox, $"{field}: must be four numbers [x1, y1, x2, y2]");
            return null;
        }
        var v = new double[4];
        for (var i = 0; i < v.Length; i++)
        {
            // A number too large for a double reads as infinity.
            if (!IsFinite(item[i], out v[i]))
            {
                var found = $"{Kind(item[i])} {Snippet(item[i].GetRawText())}";
                wrong(AnnotationFault.BadBox, $"{field}: must be four finite numbers, found {found}");
                return null;
            }
        }
        if (format == BoxFormat.Size)
            (v[2], v[3]) = (v[0] + v[2], v[1] + v[3]);
        Box box = new(v[0], v[1], v[2], v[3]);
        if (box.Area > 0)
            return InPlace(box, field) ? box : null;
        const string remedy =
            "boxes are [x1, y1, x2, y2] with x1 < x2 and y1 < y2 (box_format: xywh takes x, y, width, height)";
        wrong(AnnotationFault.FlatBox, $"{field}: {box} has no area; {remedy}");
        return null;
    }

    /// <summary>What messages call a JSON value.</summary>
    public static string Kind(JsonElement value) => value.ValueKind switch
    {
        JsonValueKind.Object => "an object",
        JsonValueKind.Array => "a list",
        JsonValueKind.String => "a string",
        JsonValueKind.Number => "a number",
        JsonValueKind.Null => "null",
        _ => "a truth value",
    };

    private Region? Parse(JsonElement item, string field)
    {
        if (item.ValueKind != JsonValueKind.Object)
            return Bad(field, $"must be an object with one of {string.Join(", ", Kinds)}, found {Kind(item)}");
        string[] kinds = [.. Kinds.Where(k => item.TryGetProperty(k, out _))];
        if (kinds.Length != 1)
        {
            var found = kinds.Length == 0 ? "none" : string.Join(" and ", kinds);
            return Bad(field, $"must have one of {string.Join(", ", Kinds)}, has {found}");
        }
        double weight = 1;
        if (item.TryGetProperty("weight", out var given) && !(IsFinite(given, out weight) && weight is > 0 and <= 1))
        {
            var found = Snippet(given.GetRawText());
            return Bad($"{field}.weight", $"must be a number above 0 and at most 1, found {found}");
        }
        var (kind, value, name) = (kinds[0], item.GetProperty(kinds[0]), $"{field}.{kinds[0]}");
        try
        {
            Region? region = kind switch
            {
                "box" => ParseBox(value, name),
                "polygon" => ParsePolygon(value, name),
                "rle" => ParseRuns(value, name),
                "mask" => ParseMask(value, name),
                "scribble" => ParseScribble(item, value, field, name),
                "points" => ParsePoints(item, value, field, name),
                _ => ParseParts(kind, value, name),
            };
            return region is null ? null : region with { Weight = weight };
        }
        catch (DataException e)
        {
            return Bad(name, e.Message);
        }
    }

    private Polygon? ParsePolygon(JsonElement value, string field)
    {
        if (ParsePositions(value, field) is not { } given)
            return null;
        // A corner may be given twice, and the first again as the last.
        List<(double X, double Y)> corners = [.. given.Where((p, i) => i == 0 || p != given[i - 1])];
        if (corners.Count > 1 && corners[0] == corners[^1])
            corners.RemoveAt(corners.Count - 1);
        if (corners.Count < 3)
            return Bad<Polygon>(field, $"has {corners.Count} different points; a polygon needs three");
        if (corners.Count > MostCorners)
            return Bad<Polygon>(field, $"has {corners.Count} points; give at most {MostCorners}, or a mask");
        Polygon polygon = new(corners);
        if (!polygon.IsSimple)
            return Bad<Polygon>(field, $"{polygon} crosses or touches itself; give the parts as a union, or a mask");
        return InPlace(polygon, field) ? polygon : null;
    }

    private RunLength? ParseRuns(JsonElement value, string field)
    {
        if (value.ValueKind != JsonValueKind.Object
            || !value.TryGetProperty("size", out var size) || !value.TryGetProperty("counts", out var counts)
            || size.ValueKind != JsonValueKind.Array || size.GetArrayLength() != 2
            || !IsWhole(size[0], out var height) || !IsWhole(size[1], out var width)
            || counts.ValueKind is not (JsonValueKind.String or JsonValueKind.Array))
            return Bad<RunLength>(field, "must be {\"size\": [height, width], \"counts\": text or list of numbers}");
        if (counts.ValueKind == JsonValueKind.String)
            return new RunLength(width, height, RunLengthText.Decode(counts.GetString()!));
        var runs = new int[counts.GetArrayLength()];
        for (var i = 0; i < runs.Length; i++)
        {
            if (!IsWhole(counts[i], out runs[i]))
                return Bad<RunLength>(field, $"counts must be whole numbers, found {Snippet(counts[i].GetRawText())}");
        }
        return new RunLength(width, height, runs);
    }

    private MaskPicture? ParseMask(JsonElement value, string field)
    {
        var path = value.ValueKind == JsonValueKind.String ? value.GetString() : null;
        return !string.IsNullOrWhiteSpace(path) && !path.Contains('\0', StringComparison.Ordinal)
            ? new MaskPicture(path)
            : Bad<MaskPicture>(field, "must be the mask's path below image_root");
    }

    private Scribble? ParseScribble(JsonElement item, JsonElement value, string field, string name)
    {
        if (ParsePositions(value, name) is not { } points || ParseLength(item, "width", field) is not { } width)
            return null;
        Scribble scribble = new(points, width);
        return InPlace(scribble, name) ? scribble : null;
    }

    private Points? ParsePoints(JsonElement item, JsonElement value, string field, string name)
    {
        if (ParsePositions(value, name) is not { } centers || ParseLength(item, "radius", field) is not { } radius)
            return null;
        Points points = new(centers, radius);
        return InPlace(points, name) ? points : null;
    }

    private CompoundRegion? ParseParts(string kind, JsonElement value, string field)
    {
        if (value.ValueKind != JsonValueKind.Array || value.GetArrayLength() == 0)
            return Bad<CompoundRegion>(field, "must be a list of regions, at least one");
        var (parts, bad) = ParseList(value, field);
        return bad > 0 ? null : kind == "union" ? new Union(parts) : new Choice(parts);
    }

    // Pairs of finite numbers, at least one.
    private List<(double X, double Y)>? ParsePositions(JsonElement value, string field)
    {
        List<(double X, double Y)> positions = [];
        if (value.ValueKind == JsonValueKind.Array)
        {
            foreach (var pair in value.EnumerateArray())
            {
                if (pair.ValueKind != JsonValueKind.Array || pair.GetArrayLength() != 2
                    || !IsFinite(pair[0], out var x) || !IsFinite(pair[1], out var y))
                {
                    Bad(field, $"must be a list of points [x, y], found {Snippet(pair.GetRawText())}");
                    return null;
                }
                positions.Add((x, y));
            }
        }
        if (positions.Count > 0)
            return positions;
        Bad(field, "must be a list of points [x, y], at least one");
        return null;
    }

    private double? ParseLength(JsonElement item, string name, string field)
    {
        if (item.TryGetProperty(name, out var value) && IsFinite(value, out var length) && length > 0)
            return length;
        Bad($"{field}.{name}", "must be a number above 0");
        return null;
    }

    // What lies left of or above the picture is wrong whatever its size.
    private bool InPlace(Region region, string field)
    {
        var bounds = region.Bounds;
        (AnnotationFault Fault, string Text)? problem = bounds switch
        {
            _ when bounds.X2 <= 0 || bounds.Y2 <= 0 => (AnnotationFault.BoxOutside,
                "lies outside the picture; coordinates count from its top left corner"),
            _ when format == BoxFormat.Normalised && !BoxUnits.CanBeNormalised(region.Coordinates!) => (
                AnnotationFault.OtherUnit,
                "is not normalised; box_format: normalised takes shares of the picture, 0 to 1"),
            _ => null,
        };
        if (problem is not { } p)
            return true;
        wrong(p.Fault, $"{field}: {region} {p.Text}");
        return false;
    }

    private Region? Bad(string field, string text) => Bad<Region>(field, text);

    private T? Bad<T>(string field, string text) where T : class
    {
        wrong(AnnotationFault.BadRegion, $"{field}: {text}");
        return null;
    }

    private static bool IsFinite(JsonElement value, out double number)
    {
        number = 0;
        return value.ValueKind == JsonValueKind.Number && value.TryGetDouble(out number) && double.IsFinite(number);
    }

    private static bool IsWhole(JsonElement value, out int number)
    {
        number = 0;
        return value.ValueKind == JsonValueKind.Number && value.TryGetInt32(out number);
    }

    private static string Snippet(string text)
    {
        var line = text.ReplaceLineEndings(" ");
        return line.Length <= SnippetLength ? line : line[..SnippetLength] + "…";
    }
}
