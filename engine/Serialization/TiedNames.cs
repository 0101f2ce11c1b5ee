using System.Text.Json;

namespace AmcEngine.Serialization;

/// <summary>A second name of stored values.</summary>
/// <param name="Name">The name.</param>
/// <param name="StoredAs">The name under which the values are stored.</param>
/// <param name="Position">
/// Its place among all names in their order; null where the file does not say, and it comes last.
/// </param>
internal readonly record struct TiedName(string Name, string StoredAs, long? Position);

/// <summary>
/// Tied weights in safetensors, which know no second name of a tensor: the values are stored once, under the first
/// name, and the file's metadata says <c>second name → first name</c>, as the safetensors library's <c>save_model</c>
/// notes names it dropped. What order the names had is a further entry, so that a file can be turned back.
/// </summary>
internal static class TiedNames
{
    private const string PositionsKey = "tied_positions";
    private const string FormatKey = "format";

    /// <summary>What a file is told about its maker's tensors; Hugging Face's loaders ask for it.</summary>
    public static readonly IReadOnlyDictionary<string, string> Format =
        new Dictionary<string, string> { [FormatKey] = "pt" };

    /// <summary>Parts names whose values are to be stored from second names of them.</summary>
    /// <param name="tensors">All, in their order.</param>
    public static (TensorData[] Stored, List<TiedName> Tied) Split(IReadOnlyList<TensorData> tensors)
    {
        var first = new Dictionary<TensorData, string>(new SamePlace());
        var stored = new List<TensorData>(tensors.Count);
        var tied = new List<TiedName>();
        for (var i = 0; i < tensors.Count; i++)
        {
            var tensor = tensors[i];
            if (first.TryGetValue(tensor, out var name) && tensor.Name is not (PositionsKey or FormatKey))
                tied.Add(new TiedName(tensor.Name, name, i));
            else
            {
                stored.Add(tensor);
                first.TryAdd(tensor, tensor.Name);
            }
        }
        return ([.. stored], tied);
    }

    /// <summary>The metadata that says which names are tied.</summary>
    public static Dictionary<string, string> ToMetadata(IReadOnlyCollection<TiedName> tied)
    {
        var metadata = new Dictionary<string, string>(Format);
        foreach (var (name, storedAs, _) in tied) metadata.Add(name, storedAs);
        if (tied.Count > 0)
            metadata.Add(PositionsKey, JsonSerializer.Serialize(tied.ToDictionary(t => t.Name, t => t.Position)));
        return metadata;
    }

    /// <summary>
    /// The second names that a file's metadata notes; entries that say something else are passed over.
    /// </summary>
    /// <param name="metadata">The metadata.</param>
    /// <param name="isStored">Whether the file stores a tensor of a name.</param>
    public static List<TiedName> FromMetadata(IReadOnlyDictionary<string, string> metadata, Func<string, bool> isStored)
    {
        var positions = Positions(metadata);
        return
        [
            .. from entry in metadata
               where entry.Key != FormatKey && !isStored(entry.Key) && isStored(entry.Value)
               let position = positions.TryGetValue(entry.Key, out var at) ? (long?)at : null
               select new TiedName(entry.Key, entry.Value, position),
        ];
    }

    /// <summary>All tensors in their first order.</summary>
    /// <param name="stored">Those that are stored.</param>
    /// <param name="tied">Further names.</param>
    /// <param name="find">The stored tensor of a name.</param>
    public static List<TensorData> Join(
        IReadOnlyList<TensorData> stored, IReadOnlyList<TiedName> tied, Func<string, TensorData> find)
    {
        if (tied.Count == 0) return [.. stored];
        var all = new List<TensorData>(stored.Count + tied.Count);
        var next = 0;
        foreach (var entry in tied.OrderBy(t => t.Position ?? long.MaxValue))
        {
            while (next < stored.Count && all.Count < (entry.Position ?? long.MaxValue)) all.Add(stored[next++]);
            all.Add(find(entry.StoredAs).WithName(entry.Name));
        }
        all.AddRange(stored.Skip(next));
        return all;
    }

    // Whoever rewrites a file may have spoilt the entry; the names are right without it.
    private static Dictionary<string, long> Positions(IReadOnlyDictionary<string, string> metadata)
    {
        if (!metadata.TryGetValue(PositionsKey, out var text)) return [];
        try
        {
            return JsonSerializer.Deserialize<Dictionary<string, long>>(text) ?? [];
        }
        catch (JsonException)
        {
            return [];
        }
    }

    private sealed class SamePlace : IEqualityComparer<TensorData>
    {
        public bool Equals(TensorData? x, TensorData? y) => x!.IsTiedTo(y!);

        public int GetHashCode(TensorData tensor) => tensor.PlaceHash;
    }
}
