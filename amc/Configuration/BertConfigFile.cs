using System.Globalization;
using System.Text.Json;
using AmcEngine.Serialization;

namespace AmcEngine.Amc.Configuration;

/// <summary>
/// The text encoder's settings from the reference's <c>bert_config</c> (a JSON file in Hugging Face's form). Sizes and
/// dropout serve as defaults: a key of the YAML file wins. What the encoder here does in one way only must be asked for
/// in that way.
/// </summary>
internal sealed class BertConfigFile
{
    private const string Layers = "num_hidden_layers";
    private const string Fusion = "fusion_layer";
    private const string AttentionDropout = "attention_probs_dropout_prob";
    private const double Deviation = 0.02;
    private const double Epsilon = 1e-12;

    private readonly string _path;
    private readonly JsonElement _root;
    private readonly Dictionary<string, object> _values;

    private BertConfigFile(string path, JsonElement root, Dictionary<string, object> values) =>
        (_path, _root, _values) = (path, root, values);

    /// <summary>Adds the file's settings to <paramref name="values"/> where the configuration is silent.</summary>
    /// <param name="path">The file as the configuration names it.</param>
    /// <param name="configFolder">The configuration's folder, searched second.</param>
    /// <param name="values">The values so far.</param>
    /// <param name="notes">Gets a line for each setting of the file that has no effect.</param>
    /// <exception cref="ConfigException">
    /// The file is missing, not JSON, or holds a value that is wrong or not supported.
    /// </exception>
    public static void Apply(
        string path, string configFolder, Dictionary<string, object> values, ICollection<string> notes)
    {
        var found = File.Exists(path) ? path : Path.Combine(configFolder, Path.GetFileName(path));
        if (!File.Exists(found))
            throw new ConfigException($"{path}: the file that bert_config names was not found, nor {found}; "
                + "correct the path or leave bert_config out");
        try
        {
            using var document = JsonDocument.Parse(TextFile.Read(found, YamlConfigReader.MaxBytes));
            if (document.RootElement.ValueKind != JsonValueKind.Object)
                throw new FormatException("its top level is not an object");
            var file = new BertConfigFile(found, document.RootElement, values);
            file.TakeSettings();
            file.RequireSupported();
            file.Note(notes);
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException or FormatException)
        {
            throw new ConfigException($"{found}: not a BERT configuration ({e.Message}); use JSON with hidden_size, "
                + "num_hidden_layers, fusion_layer and so on", e);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new ConfigException($"{found}: the file that bert_config names cannot be read ({e.Message}); "
                + "check it, or leave bert_config out", e);
        }
    }

    private void TakeSettings()
    {
        // "dropout" of the YAML file is that of the attention weights too, where it does not say otherwise.
        var ownDropout = _values.ContainsKey("dropout");
        foreach ((var field, var key) in new[]
        {
            ("hidden_size", "text_width"), ("num_attention_heads", "text_heads"), ("intermediate_size", "text_ffn"),
            ("max_position_embeddings", "max_positions"), ("vocab_size", "vocab_size"), (Fusion, "text_layers"),
            ("hidden_dropout_prob", "dropout"), (AttentionDropout, "attention_dropout"),
        })
        {
            if (_root.TryGetProperty(field, out var value) && !(field == AttentionDropout && ownDropout))
                Take(key, field, value.GetRawText());
        }
        if (_root.TryGetProperty(Layers, out var all) && _root.TryGetProperty(Fusion, out var text))
            Take("fusion_layers", $"{Layers} less {Fusion}",
                (all.GetInt32() - (long)text.GetInt32()).ToString(System.Globalization.CultureInfo.InvariantCulture));
    }

    private void Take(string name, string field, string text)
    {
        var key = ConfigSchema.Find(name)!;
        var value = ScalarParser.Parse(key, text, quoted: false)
            ?? throw new ConfigException($"{_path}: {field}: expected {key.Expected}, found {MessageText.Quote(text)}");
        _values.TryAdd(name, value);
    }

    private void RequireSupported()
    {
        RequireText("hidden_act", "gelu", "the exact GELU");
        RequireText("position_embedding_type", "absolute", "absolute positions");
        RequireNumber("layer_norm_eps", Epsilon, "this constant");
        RequireNumber("type_vocab_size", 2, "two token types");
        var width = (int)(_values.GetValueOrDefault("vision_width") ?? ConfigSchema.Find("vision_width")!.Default!);
        RequireNumber("encoder_width", width, "the width of the picture's tokens, vision_width");
    }

    private void RequireText(string field, string expected, string what)
    {
        if (_root.TryGetProperty(field, out var value) && value.GetString() is { } found && found != expected)
            throw new ConfigException($"{_path}: {field}: only {expected} ({what}) is supported, "
                + $"found {MessageText.Quote(found)}; a model trained with another cannot be used here");
    }

    private void RequireNumber(string field, double expected, string what)
    {
        if (_root.TryGetProperty(field, out var value) && value.GetDouble() is var found && found != expected)
            throw new ConfigException(
                FormattableString.Invariant($"{_path}: {field}: must be {expected} ({what}), found {found}"));
    }

    private void Note(ICollection<string> notes)
    {
        if (_root.TryGetProperty("initializer_range", out var range) && range.GetDouble() != Deviation)
            notes.Add(string.Create(CultureInfo.InvariantCulture, $"initializer_range of {_path} has no effect here: "
                + $"new weights have a deviation of {Deviation}, those of a checkpoint are taken as they are"));
        if (_root.TryGetProperty("pad_token_id", out var pad) && pad.GetInt32() != 0)
            notes.Add($"pad_token_id of {_path} has no effect here: the id is that of [PAD] in the vocabulary");
    }
}
