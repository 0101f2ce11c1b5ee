using System.Globalization;
using System.Text.Json;
using System.Text.RegularExpressions;
using AmcEngine.Model;
using AmcEngine.Model.Modules;
using AmcEngine.Model.Text;
using AmcEngine.Model.Tokenization;
using AmcEngine.Serialization;

namespace AmcEngine.Amc.Recordings;

/// <summary>
/// A recorded training step: <c>NAME.json</c> with the configuration, <c>NAME.safetensors</c> and, where present,
/// <c>NAME-f64.safetensors</c> with inputs and results. Nothing about sizes is assumed.
/// </summary>
internal sealed partial class GoldenCase : IDisposable
{
    private const double ImageAmplitude = 20;

    private readonly List<SafetensorsReader> _files = [];
    private readonly string _path;
    private readonly JsonElement _root;

    private GoldenCase(string path, JsonElement root)
    {
        (_path, _root) = (path, root);
        var stem = Path.Combine(Path.GetDirectoryName(Path.GetFullPath(path))!, Path.GetFileNameWithoutExtension(path));
        try
        {
            _files.Add(SafetensorsReader.Open(stem + ".safetensors"));
            if (File.Exists(stem + "-f64.safetensors")) _files.Add(SafetensorsReader.Open(stem + "-f64.safetensors"));
            _ = Section();
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    /// <summary>Which kind of model was recorded.</summary>
    public string Model => _root.TryGetProperty("model", out var name) && name.GetString() is { } kind ? kind : "albef";

    /// <summary>Whether AMC's official code made the recording, which names no model.</summary>
    public bool IsOfficialCode => !_root.TryGetProperty("model", out _);

    public double Alpha => Number("alpha", 0.4);

    /// <summary>All stored tensors of both files.</summary>
    public IEnumerable<TensorData> Tensors => _files.SelectMany(f => f.Tensors);

    public static GoldenCase Open(string path)
    {
        try
        {
            using var document = JsonDocument.Parse(File.ReadAllText(path));
            return new GoldenCase(path, document.RootElement.Clone());
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or JsonException)
        {
            throw new ModelException($"{path}: the golden file cannot be read ({e.Message.ReplaceLineEndings(" ")})");
        }
    }

    /// <summary>Texts of the batch.</summary>
    public TokenBatch Text()
    {
        var ids = Input("input/input_ids");
        int[] values = Ints(ids),
            mask = Find("input/attention_mask") is { } stored ? Ints(stored) : [.. Enumerable.Repeat(1, values.Length)];
        return new TokenBatch(values, mask, (int)ids.Shape[0], (int)ids.Shape[1]);
    }

    /// <summary>The recorded choice of masked tokens; null where the model masks none.</summary>
    public MaskedTokens? Masked() =>
        Find("input/mlm_input_ids") is { } ids ? new MaskedTokens(Ints(ids), Ints(Input("input/mlm_labels"))) : null;

    /// <summary>Normalised images, row-major <c>[B, 3, S, S]</c>: stored ones, or those of the rule.</summary>
    public double[] Image(int batch)
    {
        var side = Size("image_res");
        if (Find("input/image") is { } stored) return stored.ToF64();
        var values = DeterministicWeights.Values("input.image", batch * 3 * side * side);
        return Array.ConvertAll(values, v => (double)(v * (float)ImageAmplitude));
    }

    /// <summary>
    /// Region masks <c>[B, S, S]</c> with their side: stored ones, or the JSON's boxes (x1, y1, x2, y2; x2 and y2
    /// excluded).
    /// </summary>
    public (double[] Values, int Side) Regions(int batch)
    {
        if (Find("input/mask") is { } stored) return (stored.ToF64(), (int)stored.Shape[^1]);
        var side = (int)Number("mask_size", Size("image_res"));
        var mask = new double[batch * side * side];
        var sample = 0;
        foreach (var box in Section().GetProperty("boxes").EnumerateArray())
        {
            int[] c = [.. box.EnumerateArray().Select(v => v.GetInt32())];
            for (var y = c[1]; y < Math.Min(c[3], side); y++)
                mask.AsSpan((sample * side + y) * side + c[0], Math.Min(c[2], side) - c[0]).Fill(1);
            sample++;
        }
        return (mask, side);
    }

    /// <summary>Which samples have a region.</summary>
    public bool[] HasRegion(int batch)
    {
        if (Find("input/gt_mask_indicator") is { } stored) return [.. stored.ToI64().Select(v => v > 0)];
        return Section().TryGetProperty("ind", out var list)
            ? [.. list.EnumerateArray().Select(v => v.GetDouble() > 0)]
            : [.. Enumerable.Repeat(true, batch)];
    }

    public TensorData? Find(string name) => _files.FirstOrDefault(f => f.Contains(name))?[name];

    public void Dispose()
    {
        foreach (var file in _files) file.Dispose();
    }

    /// <summary>
    /// The first layer with cross attention by the names of stored gradients. The configuration's <c>fusion</c> is
    /// that layer too (ALBEF's <c>fusion_layer</c>), and is taken where no gradient is stored: null then.
    /// </summary>
    public int? FirstCrossLayer
    {
        get
        {
            var layers = Tensors.Select(t => CrossLayer().Match(t.Name)).Where(m => m.Success)
                .Select(m => int.Parse(m.Groups[1].ValueSpan, CultureInfo.InvariantCulture)).ToList();
            return layers.Count == 0 ? null : layers.Min();
        }
    }

    /// <summary>A whole number of the configuration.</summary>
    /// <exception cref="ModelException">It is missing.</exception>
    public int Size(string key) => Section().TryGetProperty(key, out var v) && v.TryGetInt32(out var number)
        ? number
        : throw new ModelException($"{_path}: config.{key} is missing or no whole number");

    /// <summary>A number of the configuration or beside it.</summary>
    public double Number(string key, double fallback) => Number(Section(), key) ?? Number(_root, key) ?? fallback;

    private TensorData Input(string name) =>
        Find(name) ?? throw new ModelException($"{_path}: the tensor file beside it lacks {name}");

    private JsonElement Section() => _root.TryGetProperty("config", out var section)
        ? section
        : throw new ModelException($"{_path}: it has no 'config'; give the JSON of a recorded training step");

    private static double? Number(JsonElement section, string key) =>
        section.TryGetProperty(key, out var v) && v.ValueKind == JsonValueKind.Number ? v.GetDouble() : null;

    private static int[] Ints(TensorData data) => Array.ConvertAll(data.ToI64(), v => checked((int)v));

    [GeneratedRegex(@"text_encoder\.(?:bert\.)?encoder\.layer\.(\d+)\.crossattention\.")]
    private static partial Regex CrossLayer();
}
