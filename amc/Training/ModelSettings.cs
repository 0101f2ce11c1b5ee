using AmcEngine.Amc.Configuration;
using AmcEngine.Model;
using AmcEngine.Model.Tokenization;

namespace AmcEngine.Amc.Training;

/// <summary>The model that a configuration describes.</summary>
internal static class ModelSettings
{
    /// <summary>The model's sizes.</summary>
    /// <exception cref="ModelException">They do not fit together.</exception>
    /// <exception cref="ConfigException">The tokenizer has more words than the model.</exception>
    public static AlbefConfig Create(RunConfig config, WordPieceTokenizer tokenizer)
    {
        int text = config.Integer("text_layers"), fusion = config.Integer("fusion_layers");
        int width = config.Integer("text_width");
        var settings = new AlbefConfig
        {
            ImageRes = config.ImageSize,
            PatchSize = config.Integer("patch_size"),
            VisionWidth = config.Integer("vision_width"),
            VisionDepth = config.Integer("vision_depth"),
            VisionHeads = config.Integer("vision_heads"),
            TextHidden = width,
            TextHeads = config.Integer("text_heads"),
            TextIntermediate = config.OptionalInteger("text_ffn") ?? 4 * width,
            MaxPositions = config.Integer("max_positions"),
            TextLayers = text + fusion,
            FusionLayer = text,
            // The third of six in the published model, the first of two in a small one.
            AmcLayer = config.OptionalInteger("amc.layer") ?? text + (fusion - 1) / 2,
            EmbedDim = config.Integer("embed_dim"),
            QueueSize = config.Integer("queue_size"),
            Momentum = config.Real("momentum"),
            Temperature = config.Real("temp"),
            HiddenDropout = config.Real("dropout"),
            AttentionDropout = config.OptionalReal("attention_dropout") ?? config.Real("dropout"),
            MlmProbability = config.Real("mlm_probability"),
            MlmDistillAxis = config.Text("mlm_distill_axis") == "vocab" ? MlmDistillAxis.Vocab : MlmDistillAxis.Sequence,
        };
        settings = settings.WithTokenizer(tokenizer);
        // A published model's embedding may have more rows than a small vocabulary has words.
        if (config.OptionalInteger("vocab_size") is { } words)
        {
            if (words < tokenizer.VocabSize)
                throw ConfigRules.Wrong(config, $"vocab_size: must be at least the tokenizer's {tokenizer.VocabSize} words, found {words}; raise it, in the file that bert_config names if it comes from there");
            settings = settings with { VocabSize = words };
        }
        return settings.Validate();
    }
}
