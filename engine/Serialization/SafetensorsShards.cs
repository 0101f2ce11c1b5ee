using System.Globalization;
using System.Text.Json;
using AmcEngine.Files;

namespace AmcEngine.Serialization;

/// <summary>
/// Writes a checkpoint as several safetensors files and the index that names them, in Hugging Face's layout:
/// <c>model-00001-of-00003.safetensors</c>, …, <c>model.safetensors.index.json</c>. Tied tensors are stored once, and
/// noted in the metadata of the file that holds them; the index lists what is stored.
/// </summary>
public static class SafetensorsShards
{
    /// <summary>What the index's name ends with, behind that of the whole file.</summary>
    public const string IndexSuffix = ".index.json";

    private static readonly JsonSerializerOptions Indented = new() { WriteIndented = true };

    /// <summary>
    /// Writes shards that each take at most so many bytes of tensors, the order kept; a tensor that is larger has one
    /// of its own. The names appear when everything is written, the index last. Where one file holds all, it is an
    /// ordinary one without an index.
    /// </summary>
    /// <param name="path">The whole file's name, whose folder must exist: <c>model.safetensors</c>.</param>
    /// <param name="tensors">What to write; names must differ.</param>
    /// <param name="shardBytes">Most bytes of tensors in a file.</param>
    /// <returns>The files written, the index last.</returns>
    /// <exception cref="SerializationException">
    /// A name is unusable or double, a source cannot be read, or a whole file of the name is in the way.
    /// </exception>
    /// <exception cref="FileWriteException">A file cannot be written.</exception>
    public static IReadOnlyList<string> Write(string path, IEnumerable<TensorData> tensors, long shardBytes)
    {
        ArgumentNullException.ThrowIfNull(path);
        ArgumentNullException.ThrowIfNull(tensors);
        ArgumentOutOfRangeException.ThrowIfLessThan(shardBytes, 1);
        TensorData[] list = [.. tensors];
        SafetensorsWriter.CheckNames(path, list);
        var (stored, tied) = TiedNames.Split(list);
        var shards = Divide(stored, shardBytes);
        if (shards.Count <= 1)
        {
            SafetensorsWriter.WriteOnce(path, list);
            return [path];
        }
        if (File.Exists(path)) throw SerializationException.In(
            path, null, "is there already, and readers of the folder would take it in place of the shards",
            "delete it or give another name");
        return Write(path, shards, tied);
    }

    private static List<string> Write(string path, List<TensorData[]> shards, List<TiedName> tied)
    {
        var stem = Path.GetFileNameWithoutExtension(path);
        var folder = Path.GetDirectoryName(Path.GetFullPath(path))!;
        var holders = new SortedDictionary<string, string>(StringComparer.Ordinal);
        var ties = tied.ToLookup(t => t.StoredAs, StringComparer.Ordinal);
        List<string> written = [];
        using var files = new StagedFiles();
        for (var i = 0; i < shards.Count; i++)
        {
            var name = string.Create(
                CultureInfo.InvariantCulture, $"{stem}-{i + 1:00000}-of-{shards.Count:00000}.safetensors");
            foreach (var tensor in shards[i]) holders.Add(tensor.Name, name);
            TiedName[] here = [.. shards[i].SelectMany(tensor => ties[tensor.Name])];
            written.Add(Path.Combine(folder, name));
            SafetensorsWriter.StageChecked(files, written[^1], shards[i], TiedNames.ToMetadata(here));
        }
        var index = path + IndexSuffix;
        var content = JsonSerializer.SerializeToUtf8Bytes(
            new { metadata = new { total_size = shards.Sum(s => s.Sum(t => t.ByteLength)) }, weight_map = holders },
            Indented);
        files.Write(index, stream => stream.Write(content));
        // An older index must not name a mixture of old and new files, should this end between two renames.
        files.Publish(ready: () => Remove(index));
        return [.. written, index];
    }

    private static void Remove(string index)
    {
        try
        {
            File.Delete(index);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new FileWriteException(index, e);
        }
    }

    private static List<TensorData[]> Divide(TensorData[] stored, long shardBytes)
    {
        List<TensorData[]> shards = [];
        List<TensorData> current = [];
        long bytes = 0;
        foreach (var tensor in stored)
        {
            if (current.Count > 0 && tensor.ByteLength > shardBytes - bytes)
            {
                shards.Add([.. current]);
                (current, bytes) = ([], 0);
            }
            current.Add(tensor);
            bytes += tensor.ByteLength;
        }
        if (current.Count > 0) shards.Add([.. current]);
        return shards;
    }
}
