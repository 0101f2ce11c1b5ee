using System.Text.Json;

namespace AmcEngine.Serialization;

/// <summary>One tensor as the header describes it; offsets count from the first byte after the header.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Type">Its element type.</param>
/// <param name="Shape">Its extents.</param>
/// <param name="Begin">Its first byte.</param>
/// <param name="End">The byte behind its last.</param>
internal sealed record SafetensorsEntry(string Name, SafetensorsType Type, long[] Shape, long Begin, long End);

/// <summary>An element type of the format; <paramref name="Type"/> is null for those that are not read.</summary>
internal sealed record SafetensorsType(string Name, TensorDataType? Type, int Size);

/// <summary>The parsed JSON header of a safetensors file, and the checks that the format demands of it.</summary>
internal sealed class SafetensorsHeader
{
    internal const string MetadataKey = "__metadata__";
    private const string Remedy = "the file breaks the safetensors format: write it again";

    private readonly string _path;

    private SafetensorsHeader(string path) => _path = path;

    public List<SafetensorsEntry> Entries { get; } = [];

    public Dictionary<string, string> Metadata { get; } = new(StringComparer.Ordinal);

    public static SafetensorsHeader Parse(string path, ReadOnlySpan<byte> json)
    {
        // The format wants '{' as the very first byte, so that no file can be valid as two formats at once.
        if (json.IsEmpty || json[0] != (byte)'{')
            throw SerializationException.In(path, null, "the header does not begin with '{'", Remedy);
        var header = new SafetensorsHeader(path);
        try
        {
            var reader = new Utf8JsonReader(json);
            header.ReadRoot(ref reader);
            reader.Read(); // anything but trailing white space throws here
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            throw SerializationException.In(path, null, "the header is not valid JSON of the expected form", Remedy, e);
        }
        return header;
    }

    /// <summary>
    /// Holds that the tensors' ranges tile the data exactly: each in place, no overlap, no hole, nothing left.
    /// </summary>
    public void CheckLayout(string path, long dataLength)
    {
        foreach (var entry in Entries) CheckRange(path, entry, dataLength);
        long expected = 0;
        SafetensorsEntry? before = null;
        foreach (var entry in Entries.OrderBy(e => e.Begin).ThenBy(e => e.End))
        {
            if (entry.Begin < expected) throw SerializationException.In(
                path, entry.Name,
                $"overlaps {SerializationException.Quote(before!.Name)} at byte {entry.Begin}", Remedy);
            if (entry.Begin > expected) throw SerializationException.In(
                path, entry.Name,
                $"leaves a hole from byte {expected} to {entry.Begin}, which the format forbids", Remedy);
            (expected, before) = (entry.End, entry);
        }
        if (expected != dataLength) throw SerializationException.In(
            path, null, $"{dataLength - expected} bytes at the end of the file belong to no tensor", Remedy);
    }

    private static void CheckRange(string path, SafetensorsEntry entry, long dataLength)
    {
        if (entry.Begin > entry.End) throw SerializationException.In(
            path, entry.Name, $"its data begins at {entry.Begin} but ends at {entry.End}", Remedy);
        if (entry.End > dataLength) throw SerializationException.In(
            path, entry.Name, $"its data ends at byte {entry.End} of {dataLength}",
            "the file is cut off: fetch it again");
        foreach (var extent in entry.Shape)
            if (extent < 0)
                throw SerializationException.In(path, entry.Name, $"has the negative extent {extent}", Remedy);
        if (TensorData.ElementCount(entry.Shape) is not { } count || count > long.MaxValue / entry.Type.Size)
            throw SerializationException.In(path, entry.Name, "the product of its shape overflows", Remedy);
        var needed = count * entry.Type.Size;
        if (needed != entry.End - entry.Begin) throw SerializationException.In(
            path, entry.Name,
            $"{entry.Type.Name} [{string.Join(",", entry.Shape)}] needs {needed} bytes but has "
                + $"{entry.End - entry.Begin}", Remedy);
    }

    private void ReadRoot(ref Utf8JsonReader reader)
    {
        var seen = new HashSet<string>(StringComparer.Ordinal);
        reader.Read();
        while (NextProperty(ref reader) is { } name)
        {
            if (!seen.Add(name)) throw SerializationException.In(
                _path, null, $"the header holds the key {SerializationException.Quote(name)} twice", Remedy);
            if (name == MetadataKey) ReadMetadata(ref reader);
            else Entries.Add(ReadEntry(ref reader, name));
        }
    }

    private void ReadMetadata(ref Utf8JsonReader reader)
    {
        Expect(reader.TokenType == JsonTokenType.StartObject, MetadataKey, "must be an object");
        while (NextProperty(ref reader) is { } key)
        {
            Expect(reader.TokenType == JsonTokenType.String, MetadataKey, "may hold strings only");
            Expect(Metadata.TryAdd(key, reader.GetString()!), MetadataKey, "holds a key twice");
        }
    }

    private SafetensorsEntry ReadEntry(ref Utf8JsonReader reader, string name)
    {
        SafetensorsType? type = null;
        List<long>? shape = null, offsets = null;
        Expect(reader.TokenType == JsonTokenType.StartObject, name, "must be described by an object");
        while (NextProperty(ref reader) is { } field)
        {
            if (field == "dtype")
            {
                Expect(type is null, name, "has two fields 'dtype'");
                Expect(reader.TokenType == JsonTokenType.String, name, "its dtype must be a string");
                type = ParseType(name, reader.GetString()!);
            }
            else if (field == "shape")
            {
                Expect(shape is null, name, "has two fields 'shape'");
                shape = ReadNumbers(ref reader, name, field);
            }
            else if (field == "data_offsets")
            {
                Expect(offsets is null, name, "has two fields 'data_offsets'");
                offsets = ReadNumbers(ref reader, name, field);
                Expect(offsets.Count == 2, name, $"has {offsets.Count} data_offsets instead of two");
                Expect(offsets[0] >= 0 && offsets[1] >= 0, name, "has a negative data offset");
            }
            else reader.Skip(); // the reference reader ignores further fields too
        }
        if (type is null || shape is null || offsets is null)
            throw SerializationException.In(_path, name, "lacks its dtype, shape or data_offsets", Remedy);
        return new SafetensorsEntry(name, type, [.. shape], offsets[0], offsets[1]);
    }

    private List<long> ReadNumbers(ref Utf8JsonReader reader, string name, string field)
    {
        var numbers = new List<long>();
        Expect(reader.TokenType == JsonTokenType.StartArray, name, $"its {field} must be a list");
        while (reader.Read() && reader.TokenType != JsonTokenType.EndArray)
        {
            var whole = reader.TokenType == JsonTokenType.Number && reader.TryGetInt64(out var _);
            Expect(whole, name, $"its {field} must hold whole numbers below 2^63");
            numbers.Add(reader.GetInt64());
        }
        return numbers;
    }

    /// <summary>
    /// The types of the format: those that are read by the names of <see cref="TensorDataType"/>, and the others.
    /// </summary>
    private SafetensorsType ParseType(string tensor, string dtype) => dtype switch
    {
        "F32" => Read(TensorDataType.F32),
        "F64" => Read(TensorDataType.F64),
        "F16" => Read(TensorDataType.F16),
        "BF16" => Read(TensorDataType.BF16),
        "I64" => Read(TensorDataType.I64),
        "I32" => Read(TensorDataType.I32),
        "I16" => Read(TensorDataType.I16),
        "I8" => Read(TensorDataType.I8),
        "U8" => Read(TensorDataType.U8),
        "BOOL" => Read(TensorDataType.Bool),
        "C64" or "U64" => new SafetensorsType(dtype, null, 8),
        "U32" => new SafetensorsType(dtype, null, 4),
        "U16" => new SafetensorsType(dtype, null, 2),
        "F8_E4M3" or "F8_E5M2" or "F8_E8M0" => new SafetensorsType(dtype, null, 1),
        _ => throw SerializationException.In(
            _path, tensor, $"has the dtype {SerializationException.Quote(dtype)}, which is not supported",
            "use one of F32, F64, F16, BF16, I64, I32, I16, I8, U8, BOOL"),
    };

    private static SafetensorsType Read(TensorDataType type) => new(type.ToString(), type, type.Size());

    /// <summary>Moves to the next property's value and returns its name; <c>null</c> at the object's end.</summary>
    private static string? NextProperty(ref Utf8JsonReader reader)
    {
        reader.Read();
        if (reader.TokenType != JsonTokenType.PropertyName) return null;
        var name = reader.GetString()!;
        reader.Read();
        return name;
    }

    private void Expect(bool condition, string tensor, string problem)
    {
        if (!condition) throw SerializationException.In(_path, tensor, problem, Remedy);
    }
}
