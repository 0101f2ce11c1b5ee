using System.Collections;
using System.Text.Json;
using Parquet;
using Parquet.Serialization;

namespace AmcEngine.DataTools;

/// <summary>
/// Rows of a Parquet file, one row group in memory at a time, as JSON: nested columns are read as one reads other
/// originals.
/// </summary>
internal static class ParquetRows
{
    // Deeper than any published column; a schema may not nest without end.
    private const int MaxDepth = 32;

    /// <summary>
    /// The rows; each is valid until the next. A column of bytes is left out of the JSON and given beside it.
    /// </summary>
    /// <param name="path">The file.</param>
    /// <param name="bytes">Column and field of bytes that are wanted too, such as <c>image</c>, <c>bytes</c>.</param>
    /// <exception cref="DataException">The file is missing, damaged, or not Parquet.</exception>
    public static IEnumerable<(JsonElement Row, byte[]? Bytes)> Read(string path, (string Column, string Field) bytes)
    {
        using var stream = OriginalFile.Open(path);
        var groups = Guard(path, () => GroupCount(stream));
        for (var group = 0; group < groups; group++)
        {
            var rows = Guard(path, () =>
                ParquetSerializer.DeserializeUntypedAsync(stream, null, group).GetAwaiter().GetResult().Data);
            foreach (var row in rows)
            {
                using var document = Guard(path, () => ToJson(row));
                yield return (document.RootElement, Bytes(row, bytes));
            }
        }
    }

    private static int GroupCount(Stream stream)
    {
        var reader = ParquetReader.CreateAsync(stream, null, true).GetAwaiter().GetResult();
        try
        {
            return reader.RowGroupCount;
        }
        finally
        {
            reader.DisposeAsync().AsTask().GetAwaiter().GetResult();
        }
    }

    private static byte[]? Bytes(IDictionary<string, object> row, (string Column, string Field) wanted) =>
        row.TryGetValue(wanted.Column, out var column) && column is IDictionary<string, object> fields
            && fields.TryGetValue(wanted.Field, out var value) ? value as byte[] : null;

    private static JsonDocument ToJson(object row)
    {
        using var stream = new MemoryStream();
        using (var json = new Utf8JsonWriter(stream))
            Write(json, row, 0);
        return JsonDocument.Parse(stream.GetBuffer().AsMemory(0, (int)stream.Length));
    }

    private static void Write(Utf8JsonWriter json, object? value, int depth)
    {
        if (depth > MaxDepth)
            throw new InvalidDataException("columns are nested too deeply");
        switch (value)
        {
            case null or byte[]: json.WriteNullValue(); break;
            case string text: json.WriteStringValue(text); break;
            case bool truth: json.WriteBooleanValue(truth); break;
            case long or int or short or sbyte or byte or uint or ushort:
                json.WriteNumberValue(Convert.ToInt64(value, null)); break;
            case double or float when double.IsFinite(Convert.ToDouble(value, null)):
                json.WriteNumberValue(Convert.ToDouble(value, null)); break;
            case IDictionary<string, object> fields:
                json.WriteStartObject();
                foreach ((var name, var field) in fields)
                {
                    json.WritePropertyName(name);
                    Write(json, field, depth + 1);
                }
                json.WriteEndObject();
                break;
            case IEnumerable items:
                json.WriteStartArray();
                foreach (var item in items)
                    Write(json, item, depth + 1);
                json.WriteEndArray();
                break;
            default: json.WriteNullValue(); break;
        }
    }

    // What a damaged file makes the library throw is not agreed upon.
    private static T Guard<T>(string path, Func<T> read)
    {
        try
        {
            return read();
        }
        catch (Exception e) when (e is not (DataException or OutOfMemoryException))
        {
            throw new DataException(
                $"{path}: not a Parquet file, or cut off or damaged ({e.Message.TrimEnd('.')}); fetch it again.", e);
        }
    }
}
