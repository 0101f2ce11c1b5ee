using System.Globalization;
using System.Text.Json;
using System.Text.RegularExpressions;
using AmcEngine.Model;
using AmcEngine.Model.Modules;
using AmcEngine.Model.Pretraining;
using AmcEngine.Model.Tokenization;
using AmcEngine.Serialization;

namespace AmcEngine.Amc.Verification;

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
            Config = ReadConfig();
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    public AlbefConfig Config { get; }

    public double Alpha => Number(_root, "alpha", 0.4);

    /// <summary>All stored tensors of both files.</summary>
    public IEnumerable<TensorData> Tensors => _files.SelectMany(f => f.Tensors);

    public bool Contains(string name) => _files.Any(f => f.Contains(name));

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
        return new TokenBatch(Ints(ids), Ints(Input("input/attention_mask")), (int)ids.Shape[0], (int)ids.Shape[1]);
    }

    /// <summary>The recorded choice of masked tokens.</summary>
    public MaskedTokens Masked() => new(Ints(Input("input/mlm_input_ids")), Ints(Input("input/mlm_labels")));

    /// <summary>Normalised images, row-major <c>[B, 3, S, S]</c>: stored ones, or those of the rule.</summary>
    public double[] Image(int batch)
    {
        if (Find("input/image") is { } stored) return stored.ToF64();
        var values = DeterministicWeights.Values("input.image", batch * 3 * Config.ImageRes * Config.ImageRes);
        return Array.ConvertAll(values, v => (double)(v * (float)ImageAmplitude));
    }

    /// <summary>Region masks <c>[B, S, S]</c> with their side: stored ones, or the JSON's boxes (x1, y1, x2, y2; x2 and y2 excluded).</summary>
    public (double[] Values, int Side) Regions(int batch)
    {
        if (Find("input/mask") is { } stored) return (stored.ToF64(), (int)stored.Shape[^1]);
        var side = (int)Number(Section(), "mask_size", Config.ImageRes);
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

    private AlbefConfig ReadConfig()
    {
        var c = Section();
        return new AlbefConfig
        {
            ImageRes = Size(c, "image_res"),
            PatchSize = Size(c, "patch"),
            VisionWidth = Size(c, "vwidth"),
            VisionDepth = Size(c, "vdepth"),
            VisionHeads = Size(c, "vheads"),
            VisionMlpRatio = Number(c, "mlp_ratio", 4),
            TextHidden = Size(c, "hidden"),
            TextHeads = Size(c, "heads"),
            TextIntermediate = Size(c, "inter"),
            TextLayers = Size(c, "layers"),
            FusionLayer = FirstFusionLayer() ?? Size(c, "fusion"),
            VocabSize = Size(c, "vocab"),
            MaxPositions = Size(c, "maxpos"),
            EmbedDim = Size(c, "embed"),
            QueueSize = Size(c, "queue"),
            AmcLayer = Size(c, "amc_layer"),
            PadId = Size(c, "pad"),
            ClsId = Size(c, "cls"),
            MaskId = Size(c, "mask_id"),
            Temperature = Number(_root, "temp", 0.07),
            Momentum = Number(_root, "momentum", 0.995),
            HiddenDropout = 0,
            AttentionDropout = 0,
            MlmDistillAxis = MlmDistillAxis.Sequence,
        }.Validate();
    }

    /// <summary>
    /// The first layer with cross attention by the names of stored gradients. The configuration's <c>fusion</c> is
    /// that layer too (ALBEF's <c>fusion_layer</c>), and is taken where no gradient is stored.
    /// </summary>
    private int? FirstFusionLayer()
    {
        var layers = Tensors.Select(t => CrossLayer().Match(t.Name)).Where(m => m.Success)
            .Select(m => int.Parse(m.Groups[1].ValueSpan, CultureInfo.InvariantCulture)).ToList();
        return layers.Count == 0 ? null : layers.Min();
    }

    private TensorData Input(string name) => Find(name) ?? throw new ModelException($"{_path}: the tensor file beside it lacks {name}");

    private JsonElement Section() => _root.TryGetProperty("config", out var section)
        ? section
        : throw new ModelException($"{_path}: it has no 'config'; give the JSON of a recorded training step");

    private int Size(JsonElement section, string key) => section.TryGetProperty(key, out var v) && v.TryGetInt32(out var number)
        ? number
        : throw new ModelException($"{_path}: config.{key} is missing or no whole number");

    private static double Number(JsonElement section, string key, double fallback) =>
        section.TryGetProperty(key, out var v) && v.ValueKind == JsonValueKind.Number ? v.GetDouble() : fallback;

    private static int[] Ints(TensorData data) => Array.ConvertAll(data.ToI64(), v => checked((int)v));

    [GeneratedRegex(@"text_encoder\.(?:bert\.)?encoder\.layer\.(\d+)\.crossattention\.")]
    private static partial Regex CrossLayer();
}
