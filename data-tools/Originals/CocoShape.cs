using System.Text.Json;

namespace AmcEngine.DataTools;

/// <summary>
/// The <c>segmentation</c> of COCO's annotations as a region of the richer annotation format: polygons (the parts of
/// one object, so their union), or run-lengths, compressed or not (crowds, and all of RefCLEF).
/// </summary>
internal static class CocoShape
{
    /// <summary>
    /// JSON of the region; empty where there is no segmentation; null where there is one and it is none.
    /// </summary>
    /// <param name="segmentation">The field's value.</param>
    /// <param name="width">Width of the picture in pixels; null where it is not told.</param>
    /// <param name="height">Height of the picture in pixels; null where it is not told.</param>
    public static byte[]? Region(JsonElement? segmentation, long? width, long? height)
    {
        if (segmentation is not { } value || value.ValueKind is JsonValueKind.Null
            || (value.ValueKind is JsonValueKind.Array && value.GetArrayLength() == 0))
            return [];
        List<Region> parts = [];
        foreach (var part in value.ValueKind == JsonValueKind.Array ? value.EnumerateArray().ToArray() : [value])
        {
            if ((part.ValueKind == JsonValueKind.Array
                ? Outline(part, width, height)
                : Runs(part, width, height)) is not { } region)
                return null;
            parts.Add(region);
        }
        using var stream = new MemoryStream();
        using (var json = new Utf8JsonWriter(stream))
            new RegionWriter(json).Write(parts.Count == 1 ? parts[0] : new Union(parts));
        return stream.ToArray();
    }

    // Numbers are x and y in turn. A line that crosses or touches itself, as some of COCO's do, becomes the mask of its
    // inside.
    private static Region? Outline(JsonElement part, long? width, long? height)
    {
        var numbers = part.EnumerateArray().Select(n => n.AsNumber()).ToArray();
        if (numbers.Length % 2 != 0 || numbers.Contains(null))
            return null;
        List<(double X, double Y)> corners = [];
        for (var i = 0; i < numbers.Length; i += 2)
        {
            var corner = (numbers[i]!.Value, numbers[i + 1]!.Value);
            if (corners.Count == 0 || corners[^1] != corner)
                corners.Add(corner);
        }
        if (corners.Count > 1 && corners[0] == corners[^1])
            corners.RemoveAt(corners.Count - 1);
        if (corners.Count < 3)
            return null;
        Polygon polygon = new(corners);
        if (polygon.IsSimple)
            return polygon.Area > 0 ? polygon : null;
        if (!IsSide(width) || !IsSide(height))
            return null;
        var runs = RunLength.Of(polygon.Rasterize((int)width!, (int)height!));
        return runs.Area > 0 ? runs : null;
    }

    private static RunLength? Runs(JsonElement part, long? width, long? height)
    {
        if (part.Field("size") is not { ValueKind: JsonValueKind.Array } size || size.GetArrayLength() != 2
            || size[0].AsNumber() != height || size[1].AsNumber() != width
            || !IsSide(width) || !IsSide(height))
            return null;
        try
        {
            var runs = part.Field("counts") switch
            {
                { ValueKind: JsonValueKind.String } text =>
                    new RunLength((int)width!, (int)height!, RunLengthText.Decode(text.AsText() ?? "")),
                { ValueKind: JsonValueKind.Array } list =>
                    new RunLength((int)width!, (int)height!, [.. list.EnumerateArray().Select(
                        n => n.ValueKind == JsonValueKind.Number && n.TryGetInt32(out var run) ? run : -1)]),
                _ => null,
            };
            return runs?.Area > 0 ? runs : null;
        }
        catch (DataException)
        {
            return null;
        }
    }

    private static bool IsSide(long? side) => side is > 0 and <= 1 << 15;
}
