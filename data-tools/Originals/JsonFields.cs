using System.Globalization;
using System.Text.Json;

namespace AmcEngine.DataTools;

/// <summary>Fields of JSON objects that may be anything: what is not as it should be is null.</summary>
internal static class JsonFields
{
    /// <summary>
    /// A field of any kind; null too where another field's name is half of a surrogate pair, which ends the search.
    /// </summary>
    public static JsonElement? Field(this JsonElement element, string name)
    {
        try
        {
            return element.ValueKind == JsonValueKind.Object && element.TryGetProperty(name, out var value)
                ? value
                : null;
        }
        catch (InvalidOperationException)
        {
            return null;
        }
    }

    /// <summary>A finite number.</summary>
    public static double? Number(this JsonElement element, string name) => element.Field(name)?.AsNumber();

    /// <summary>A finite number.</summary>
    public static double? AsNumber(this JsonElement value) =>
        value.ValueKind == JsonValueKind.Number && value.TryGetDouble(out var number) && double.IsFinite(number)
            ? number : null;

    /// <summary>A whole number; an id may also be written as text.</summary>
    public static long? Whole(this JsonElement element, string name) => element.Field(name) switch
    {
        { ValueKind: JsonValueKind.Number } number when number.TryGetInt64(out var whole) => whole,
        { ValueKind: JsonValueKind.Number } number when number.AsNumber() is { } real && real == Math.Floor(real)
            && Math.Abs(real) < 1L << 53 => (long)real,
        { ValueKind: JsonValueKind.String } text when long.TryParse(
            text.AsText(), NumberStyles.None, CultureInfo.InvariantCulture, out var whole) => whole,
        _ => null,
    };

    /// <summary>A text.</summary>
    public static string? Text(this JsonElement element, string name) => element.Field(name)?.AsText();

    /// <summary>A text; null too where it holds broken UTF-8 or half of a surrogate pair.</summary>
    public static string? AsText(this JsonElement value)
    {
        try
        {
            return value.ValueKind == JsonValueKind.String ? value.GetString() : null;
        }
        catch (InvalidOperationException)
        {
            return null;
        }
    }

    /// <summary>The elements of a list; none where it is no list.</summary>
    public static IEnumerable<JsonElement> Elements(this JsonElement element, string name) =>
        element.Field(name) is { ValueKind: JsonValueKind.Array } list ? list.EnumerateArray() : [];

    /// <summary>A list of four numbers, as x, y, width and height.</summary>
    public static Box? SizeBox(this JsonElement element, string name)
    {
        if (element.Field(name) is not { ValueKind: JsonValueKind.Array } list || list.GetArrayLength() != 4)
            return null;
        return list[0].AsNumber() is { } x && list[1].AsNumber() is { } y && list[2].AsNumber() is { } width
            && list[3].AsNumber() is { } height
            ? new Box(x, y, x + width, y + height)
            : null;
    }
}
