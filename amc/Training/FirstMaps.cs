using AmcEngine.Amc.Evaluation;
using AmcEngine.DataTools;
using AmcEngine.Serialization;

namespace AmcEngine.Amc.Training;

/// <summary>
/// Where the model looked before its first step, for the pictures of the grid. Checkpoints carry it, because the weights
/// that the run started from may be gone when it is resumed.
/// </summary>
internal sealed class FirstMaps
{
    private readonly Dictionary<string, Heatmap> _maps = new(StringComparer.Ordinal);

    /// <summary>Maps by the scenes they belong to.</summary>
    public FirstMaps(IReadOnlyList<EvaluationSample> scenes, IReadOnlyList<Heatmap> maps)
    {
        for (int i = 0; i < scenes.Count; i++)
            _maps[Name(scenes, i)] = maps[i];
    }

    private FirstMaps(IEnumerable<TensorData> tensors)
    {
        foreach (TensorData tensor in tensors)
        {
            if (tensor.Shape is [var height, var width])
                _maps[tensor.Name] = new Heatmap(checked((int)width), checked((int)height), tensor.ToF32());
        }
    }

    /// <summary>The map of a scene, or null where the scene was not among those.</summary>
    public Heatmap? Of(IReadOnlyList<EvaluationSample> scenes, int index) =>
        _maps.TryGetValue(Name(scenes, index), out Heatmap? map) && (map.Width, map.Height) == (scenes[index].Picture.Width, scenes[index].Picture.Height) ? map : null;

    /// <summary>Writes the file.</summary>
    /// <exception cref="SerializationException">It cannot be written.</exception>
    public void Save(string path) => SafetensorsWriter.Write(path, _maps.Select(m => TensorData.From(m.Key, [m.Value.Height, m.Value.Width], m.Value.Values)));

    /// <summary>Reads the file; null where there is none.</summary>
    /// <exception cref="SerializationException">It is damaged.</exception>
    public static FirstMaps? Load(string path)
    {
        if (!File.Exists(path))
            return null;
        using SafetensorsReader reader = SafetensorsReader.Open(path);
        return new FirstMaps(reader.Tensors);
    }

    private static string Name(IReadOnlyList<EvaluationSample> scenes, int index) => $"{index}: {scenes[index].Caption}";
}
