using System.Text.Json;

namespace AmcEngine.Serialization;

/// <summary>
/// Reads safetensors files that an index names (Hugging Face's <c>*.safetensors.index.json</c>) as one: every name of
/// the index in the file that the index says, and none in two.
/// </summary>
internal sealed class ShardedReader : IDisposable
{
    private const string WeightMap = "weight_map";
    private const string FetchIndex = "fetch the index and its files again, from one place";

    private readonly List<SafetensorsReader> _shards = [];

    private ShardedReader()
    {
    }

    /// <summary>All tensors: file by file in the order of their names, tied ones where they once stood.</summary>
    public IReadOnlyList<TensorData> Tensors { get; private set; } = [];

    /// <summary>Tensors of element types that are not read.</summary>
    public IReadOnlyList<SkippedEntry> Skipped => [.. _shards.SelectMany(s => s.Skipped)];

    /// <summary>Opens the files of an index and checks them against it.</summary>
    /// <exception cref="SerializationException">
    /// The index or a file cannot be read, a file is missing or lacks a tensor, or a tensor is in two files.
    /// </exception>
    public static ShardedReader Open(string path)
    {
        var holders = ReadIndex(path);
        var reader = new ShardedReader();
        try
        {
            reader.OpenShards(path, holders);
            return reader;
        }
        catch
        {
            reader.Dispose();
            throw;
        }
    }

    /// <summary>The files that an index names, in the order of their names.</summary>
    /// <exception cref="SerializationException">The index cannot be read.</exception>
    public static string[] FilesOf(string path)
    {
        var folder = Path.GetDirectoryName(Path.GetFullPath(path))!;
        var names = ReadIndex(path).Values.Distinct().Order(StringComparer.Ordinal);
        return [.. names.Select(n => Path.Combine(folder, n))];
    }

    /// <summary>Closes the files.</summary>
    public void Dispose()
    {
        foreach (var shard in _shards) shard.Dispose();
    }

    private void OpenShards(string path, Dictionary<string, string> holders)
    {
        var folder = Path.GetDirectoryName(Path.GetFullPath(path))!;
        var found = new Dictionary<string, (TensorData? Tensor, string File)>(StringComparer.Ordinal);
        foreach (var name in holders.Values.Distinct().Order(StringComparer.Ordinal))
        {
            var file = Path.Combine(folder, name);
            if (!File.Exists(file)) throw SerializationException.In(
                path, null, $"names the file {SerializationException.Quote(name)}, which is not beside it",
                "fetch that file too, or use a complete checkpoint");
            var shard = SafetensorsReader.Open(file);
            _shards.Add(shard);
            foreach (var tensor in shard.Tensors) Add(path, found, tensor.Name, tensor, name);
            foreach (var skipped in shard.Skipped) Add(path, found, skipped.Name, null, name);
        }
        foreach (var (tensor, file) in holders)
            if (!found.TryGetValue(tensor, out var place) || place.File != file)
                throw SerializationException.In(
                    path, tensor, $"should be in {SerializationException.Quote(file)}, which lacks it", FetchIndex);
        Tensors = TiedNames.Join(
            [.. _shards.SelectMany(s => s.Stored)], [.. _shards.SelectMany(s => s.Tied)], name => found[name].Tensor!);
    }

    private static void Add(
        string path, Dictionary<string, (TensorData? Tensor, string File)> found, string name, TensorData? tensor,
        string file)
    {
        if (!found.TryAdd(name, (tensor, file))) throw SerializationException.In(
            path, name, $"is in two files, {SerializationException.Quote(found[name].File)} and "
                + SerializationException.Quote(file), FetchIndex);
    }

    private static Dictionary<string, string> ReadIndex(string path)
    {
        var file = FileSource.Open(path, out var handle);
        using (handle)
        {
            if (file.Length > SafetensorsReader.MaxHeaderBytes) throw SerializationException.In(
                path, null, $"has {file.Length} bytes, more than an index may have", "check the path");
            try
            {
                using var json = JsonDocument.Parse(file.ReadArray(0, (int)file.Length));
                if (json.RootElement.ValueKind == JsonValueKind.Object
                    && json.RootElement.TryGetProperty(WeightMap, out var map) && map.ValueKind == JsonValueKind.Object)
                    return ReadMap(path, map);
            }
            catch (JsonException e)
            {
                throw SerializationException.In(path, null, "is no valid JSON", FetchIndex, e);
            }
        }
        throw SerializationException.In(
            path, null, $"holds no object {WeightMap}", "give the index of a safetensors checkpoint");
    }

    private static Dictionary<string, string> ReadMap(string path, JsonElement map)
    {
        var holders = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var entry in map.EnumerateObject())
        {
            if (entry.Value.ValueKind != JsonValueKind.String || entry.Value.GetString() is not { Length: > 0 } file)
                throw SerializationException.In(path, entry.Name, "is not given the name of a file", FetchIndex);
            // An index may come from anywhere: it must not lead to files elsewhere.
            if (file.AsSpan().ContainsAny('/', '\\', '\0') || file is "." or "..") throw SerializationException.In(
                path, entry.Name, $"is said to be in {SerializationException.Quote(file)}, which is no plain file name",
                "put all files beside the index");
            if (!holders.TryAdd(entry.Name, file)) throw SerializationException.In(
                path, entry.Name, $"is in two files, {SerializationException.Quote(holders[entry.Name])} and "
                    + SerializationException.Quote(file), FetchIndex);
        }
        if (holders.Count == 0) throw SerializationException.In(
            path, null, $"names no tensor in {WeightMap}", "give the index of a safetensors checkpoint");
        return holders;
    }
}
