using AmcEngine.Amc.Maps;
using AmcEngine.DataTools;
using AmcEngine.Serialization;

namespace AmcEngine.Amc.Runs;

/// <summary>
/// Where the model looked before its first step, for the questions that the grid may show. Checkpoints carry it,
/// because the weights that the run started from may be gone when it is resumed.
/// </summary>
internal sealed class FirstMaps
{
    private readonly Dictionary<string, PatchMap> _maps = new(StringComparer.Ordinal);

    /// <summary>Maps by question.</summary>
    /// <param name="test">The test set.</param>
    /// <param name="maps">The map of each question, by its index.</param>
    public FirstMaps(IEvaluationSet test, IReadOnlyDictionary<int, PatchMap> maps)
    {
        foreach ((var index, var map) in maps)
            _maps[Name(test, index)] = map;
    }

    // Under this name the file says which side the square had that the model saw; without it the model saw all.
    private const string CropKey = "centre_crop";

    private FirstMaps(IEnumerable<TensorData> tensors, CentreCrop? crop)
    {
        foreach (var tensor in tensors)
        {
            if (tensor.Shape is [var side, var width] && side == width && side > 0)
                _maps[tensor.Name] = new PatchMap(checked((int)side), tensor.ToF32()) { Crop = crop };
        }
    }

    /// <summary>No map: nothing is known of "before".</summary>
    public static FirstMaps None => new([], null);

    /// <summary>The maps of those questions that have one.</summary>
    /// <param name="test">The test set.</param>
    /// <param name="questions">Indices of questions.</param>
    public Dictionary<int, PatchMap> Of(IEvaluationSet test, IEnumerable<int> questions)
    {
        var found = new Dictionary<int, PatchMap>();
        foreach (var index in questions)
        {
            if (_maps.TryGetValue(Name(test, index), out var map))
                found[index] = map;
        }
        return found;
    }

    /// <summary>Writes the file.</summary>
    /// <exception cref="Files.FileWriteException">It cannot be written.</exception>
    public void Save(string path)
    {
        var side = _maps.Values.Select(m => m.Crop).FirstOrDefault(c => c is not null)?.Side;
        SafetensorsWriter.Write(
            path, _maps.Select(m => TensorData.From(m.Key, [m.Value.Side, m.Value.Side], m.Value.Values)),
            side is null ? null : new Dictionary<string, string> { [CropKey] = $"{side}" });
    }

    /// <summary>Reads the file; null where there is none.</summary>
    /// <exception cref="SerializationException">It is damaged.</exception>
    public static FirstMaps? Load(string path)
    {
        if (!File.Exists(path))
            return null;
        using var reader = SafetensorsReader.Open(path);
        var crop = int.TryParse(reader.Metadata.GetValueOrDefault(CropKey), out var side) && side > 0
            ? new CentreCrop(side)
            : null;
        return new FirstMaps(reader.Tensors, crop);
    }

    // Another test file may have another picture at the place.
    private static string Name(IEvaluationSet test, int index) => $"{index}: {test.PictureOf(index)}";
}
