using System.Text.Json;

namespace AmcEngine.Amc.Configuration;

/// <summary>
/// The sizes of the text encoder from the reference's <c>bert_config</c> (a JSON file in Hugging Face's form). They serve
/// as defaults: a key of the YAML file wins.
/// </summary>
internal static class BertConfigFile
{
    private const string Layers = "num_hidden_layers";
    private const string Fusion = "fusion_layer";

    /// <summary>Adds the file's sizes to <paramref name="values"/> where the configuration is silent.</summary>
    /// <param name="path">The file as the configuration names it.</param>
    /// <param name="configFolder">The configuration's folder, searched second.</param>
    /// <param name="values">The values so far.</param>
    /// <exception cref="ConfigException">The file is missing, not JSON, or a size is not a number.</exception>
    public static void Apply(string path, string configFolder, Dictionary<string, object> values)
    {
        string found = File.Exists(path) ? path : Path.Combine(configFolder, Path.GetFileName(path));
        if (!File.Exists(found))
            throw new ConfigException($"{path}: the file that bert_config names was not found; correct the path or leave bert_config out");
        try
        {
            using JsonDocument document = JsonDocument.Parse(File.ReadAllBytes(found));
            JsonElement root = document.RootElement;
            Take("hidden_size", "text_width");
            Take("num_attention_heads", "text_heads");
            Take("intermediate_size", "text_ffn");
            Take("max_position_embeddings", "max_positions");
            Take("vocab_size", "vocab_size");
            Take(Fusion, "text_layers");
            if (root.TryGetProperty(Layers, out JsonElement all) && root.TryGetProperty(Fusion, out JsonElement text))
                values.TryAdd("fusion_layers", all.GetInt32() - text.GetInt32());
            if (root.TryGetProperty("hidden_dropout_prob", out JsonElement dropout))
                values.TryAdd("dropout", dropout.GetDouble());

            void Take(string field, string key)
            {
                if (root.TryGetProperty(field, out JsonElement value))
                    values.TryAdd(key, value.GetInt32());
            }
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException or FormatException)
        {
            throw new ConfigException($"{found}: not a BERT configuration ({e.Message}); use JSON with hidden_size, num_hidden_layers, fusion_layer and so on", e);
        }
    }
}
