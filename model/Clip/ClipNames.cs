using System.Text.RegularExpressions;
using AmcEngine.Model.Checkpoints;
using AmcEngine.Model.Modules;
using AmcEngine.Serialization;

namespace AmcEngine.Model.Clip;

/// <summary>
/// Names of CLIP's checkpoints: OpenAI's and open_clip's as they are; Hugging Face's are translated, which keep
/// queries, keys and values apart and projections transposed.
/// </summary>
internal sealed partial class ClipNames : CheckpointNames
{
    private const string TextTower = "text_model.";
    private const string VisionTower = "vision_model.";

    // Settings that OpenAI's archives store as tensors.
    private static readonly string[] Stored = ["input_resolution", "context_length", "vocab_size"];

    private static readonly (string From, string To)[] Parts =
    [
        (".layer_norm1.", ".ln_1."), (".layer_norm2.", ".ln_2."), (".self_attn.out_proj.", ".attn.out_proj."),
        (".mlp.fc1.", ".mlp.c_fc."), (".mlp.fc2.", ".mlp.c_proj."),
    ];

    private static readonly Dictionary<string, string> Whole = new(StringComparer.Ordinal)
    {
        ["text_model.embeddings.token_embedding.weight"] = "token_embedding.weight",
        ["text_model.embeddings.position_embedding.weight"] = "positional_embedding",
        ["text_model.final_layer_norm.weight"] = "ln_final.weight",
        ["text_model.final_layer_norm.bias"] = "ln_final.bias",
        ["vision_model.embeddings.class_embedding"] = "visual.class_embedding",
        ["vision_model.embeddings.patch_embedding.weight"] = "visual.conv1.weight",
        ["vision_model.embeddings.position_embedding.weight"] = "visual.positional_embedding",
        ["vision_model.pre_layrnorm.weight"] = "visual.ln_pre.weight",
        ["vision_model.pre_layrnorm.bias"] = "visual.ln_pre.bias",
        ["vision_model.post_layernorm.weight"] = "visual.ln_post.weight",
        ["vision_model.post_layernorm.bias"] = "visual.ln_post.bias",
        ["logit_scale"] = "logit_scale",
    };

    /// <summary>The only instance.</summary>
    public static ClipNames Instance { get; } = new();

    /// <summary>Settings stored beside the weights are no surprise.</summary>
    public override bool IsKnownExtra(string name, bool forTraining) => Array.IndexOf(Stored, name) >= 0;

    /// <inheritdoc/>
    public override IReadOnlyList<TensorData> Translate(IReadOnlyList<TensorData> tensors)
    {
        if (tensors.FirstOrDefault(t => t.Name.Contains("visual.trunk.", StringComparison.Ordinal)) is { } trunk)
            throw new ModelException($"checkpoint: '{trunk.Name}' belongs to a timm image tower (open_clip), "
                + "which this program does not have; use a checkpoint with CLIP's own vision transformer");
        if (!tensors.Any(t => t.Name.Contains(VisionTower, StringComparison.Ordinal))) return tensors;
        var prefix = WrapperPrefix.Find(
            tensors.Select(t => t.Name), name => name.StartsWith(VisionTower, StringComparison.Ordinal));
        return FromHuggingFace([.. tensors.Select(t => t.WithName(WrapperPrefix.Strip(t.Name, prefix)))]);
    }

    private static List<TensorData> FromHuggingFace(IReadOnlyList<TensorData> tensors)
    {
        var byName = tensors.ToDictionary(t => t.Name, StringComparer.Ordinal);
        var translated = new List<TensorData>();
        foreach (var tensor in tensors)
        {
            var name = tensor.Name;
            if (name.EndsWith(".position_ids", StringComparison.Ordinal)) continue;
            if (Packed().Match(name) is { Success: true } match)
            {
                if (match.Groups["which"].ValueSpan is "q") translated.Add(Pack(byName, match));
            }
            else if (name is "visual_projection.weight") translated.Add(Transposed(tensor, "visual.proj"));
            else if (name is "text_projection.weight") translated.Add(Transposed(tensor, "text_projection"));
            else translated.Add(tensor.WithName(Whole.GetValueOrDefault(name) ?? Block(name)));
        }
        return translated;
    }

    private static string Block(string name)
    {
        foreach (var (from, to) in Parts) name = name.Replace(from, to, StringComparison.Ordinal);
        return name.Replace(TextTower + "encoder.layers.", "transformer.resblocks.", StringComparison.Ordinal)
            .Replace(VisionTower + "encoder.layers.", "visual.transformer.resblocks.", StringComparison.Ordinal);
    }

    // Rows of the packed projection are queries, keys, values.
    private static TensorData Pack(Dictionary<string, TensorData> byName, Match query)
    {
        var (stem, kind) = (query.Groups["stem"].Value, query.Groups["kind"].Value);
        TensorData[] parts = [.. "qkv".Select(which => byName.GetValueOrDefault($"{stem}.self_attn.{which}_proj.{kind}")
            ?? throw new ModelException(
                $"checkpoint: lacks {stem}.self_attn.{which}_proj.{kind} beside {query.Value}"))];
        if (parts.Any(p => p.Type != parts[0].Type || !p.Shape.SequenceEqual(parts[0].Shape)))
            throw new ModelException(
                $"checkpoint: queries, keys and values of {stem}.self_attn differ in shape or type");
        return TensorData.Concatenate(Block($"{stem}.") + $"attn.in_proj_{kind}", parts);
    }

    private static TensorData Transposed(TensorData tensor, string name)
    {
        if (tensor.Shape is not [var rows, var columns])
            throw new ModelException($"checkpoint: {tensor.Name} is no matrix");
        var bytes = tensor.Bytes.Span;
        var turned = new byte[bytes.Length];
        var size = (int)(tensor.ByteLength / Math.Max(tensor.Count, 1));
        for (var r = 0; r < rows; r++)
            for (var c = 0; c < columns; c++)
                bytes.Slice((int)(r * columns + c) * size, size).CopyTo(turned.AsSpan((int)(c * rows + r) * size));
        return TensorData.FromBytes(name, tensor.Type, [columns, rows], turned);
    }

    [GeneratedRegex(@"^(?<stem>.*\.layers\.\d+)\.self_attn\.(?<which>[qkv])_proj\.(?<kind>weight|bias)$",
        RegexOptions.ExplicitCapture)]
    private static partial Regex Packed();
}
