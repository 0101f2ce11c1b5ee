using System.Text.Json;

namespace AmcEngine.DataTools;

/// <summary>
/// The <c>segmentation</c> of COCO's annotations as a region of the richer annotation format: polygons (the parts of one object, so
/// their union), or run-lengths, compressed or not (crowds, and all of RefCLEF).
/// </summary>
internal static class CocoShape
{
    /// <summary>JSON of the region; empty where there is no segmentation; null where there is one and it is none.</summary>
    /// <param name="segmentation">The field's value.</param>
    public static byte[]? Region(JsonElement? segmentation)
    {
        if (segmentation is not { } value || value.ValueKind is JsonValueKind.Null || (value.ValueKind is JsonValueKind.Array && value.GetArrayLength() == 0))
            return [];
        JsonElement[] parts = value.ValueKind == JsonValueKind.Array ? [.. value.EnumerateArray()] : [value];
        using var stream = new MemoryStream();
        using (var json = new Utf8JsonWriter(stream))
        {
            if (parts.Length > 1)
            {
                json.WriteStartObject();
                json.WriteStartArray("union");
            }
            foreach (var part in parts)
            {
                var isWritten = part.ValueKind == JsonValueKind.Array ? WritePolygon(json, part) : WriteRunLength(json, part);
                if (!isWritten)
                    return null;
            }
            if (parts.Length > 1)
            {
                json.WriteEndArray();
                json.WriteEndObject();
            }
        }
        return stream.ToArray();
    }

    // x and y in turn.
    private static bool WritePolygon(Utf8JsonWriter json, JsonElement part)
    {
        var numbers = part.EnumerateArray().Select(n => n.AsNumber()).ToArray();
        if (numbers.Length < 6 || numbers.Length % 2 != 0 || numbers.Contains(null))
            return false;
        json.WriteStartObject();
        json.WriteStartArray("polygon");
        for (var i = 0; i < numbers.Length; i += 2)
        {
            json.WriteStartArray();
            json.WriteNumberValue(numbers[i]!.Value);
            json.WriteNumberValue(numbers[i + 1]!.Value);
            json.WriteEndArray();
        }
        json.WriteEndArray();
        json.WriteEndObject();
        return true;
    }

    private static bool WriteRunLength(Utf8JsonWriter json, JsonElement part)
    {
        if (part.Field("counts") is not { ValueKind: JsonValueKind.Array or JsonValueKind.String } counts
            || part.Field("size") is not { ValueKind: JsonValueKind.Array } size || size.GetArrayLength() != 2)
            return false;
        json.WriteStartObject();
        json.WriteStartObject("rle");
        json.WritePropertyName("size");
        size.WriteTo(json);
        json.WritePropertyName("counts");
        counts.WriteTo(json);
        json.WriteEndObject();
        json.WriteEndObject();
        return true;
    }
}
