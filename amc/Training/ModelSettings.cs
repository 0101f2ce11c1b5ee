using AmcEngine.Amc.Configuration;
using AmcEngine.Model;
using AmcEngine.Model.Tokenization;

namespace AmcEngine.Amc.Training;

/// <summary>The model that a configuration describes.</summary>
internal static class ModelSettings
{
    /// <summary>
    /// The keys that make a run's model what it is: none may be another when its checkpoint is used, also where the shapes
    /// would fit (heads, the explained layer). <c>image_res</c> is not among them, since position embeddings are resized;
    /// nor are those that shape the training alone (<c>queue_size</c>, <c>momentum</c>, <c>temp</c>, <c>dropout</c>, the
    /// masking of words).
    /// </summary>
    private static readonly (string Key, Func<AlbefConfig, int> Value)[] Binding =
    [
        ("patch_size", c => c.PatchSize),
        ("vision_width", c => c.VisionWidth),
        ("vision_depth", c => c.VisionDepth),
        ("vision_heads", c => c.VisionHeads),
        ("text_width", c => c.TextHidden),
        ("text_heads", c => c.TextHeads),
        ("text_ffn", c => c.TextIntermediate),
        ("text_layers", c => c.FusionLayer),
        ("fusion_layers", c => c.TextLayers - c.FusionLayer),
        ("max_positions", c => c.MaxPositions),
        ("vocab_size", c => c.VocabSize),
        ("embed_dim", c => c.EmbedDim),
        ("amc.layer", c => c.AmcLayer),
    ];

    /// <summary>Holds that a configuration describes the model of a run.</summary>
    /// <param name="run">The run's configuration.</param>
    /// <param name="config">The one that was given.</param>
    /// <param name="tokenizer">The run's tokenizer.</param>
    /// <param name="checkpoint">What messages call the run's checkpoint.</param>
    /// <exception cref="ConfigException">It does not; the message names the keys and both values.</exception>
    public static void RequireSame(RunConfig run, RunConfig config, WordPieceTokenizer tokenizer, string checkpoint)
    {
        (AlbefConfig theirs, AlbefConfig ours) = (Create(run, tokenizer), Create(config, tokenizer));
        string[] differing = [.. Binding.Where(b => b.Value(theirs) != b.Value(ours)).Select(b => $"{b.Key} is {b.Value(theirs)} in that run and {b.Value(ours)} here")];
        if (differing.Length > 0)
            throw new ConfigException($"{checkpoint}: {string.Join(", ", differing)}; the keys of a run's model are binding: give its own configuration, and leave them out of --set");
    }

    /// <summary>The model's sizes.</summary>
    /// <exception cref="ModelException">They do not fit together.</exception>
    /// <exception cref="ConfigException">The tokenizer has more words than the model.</exception>
    public static AlbefConfig Create(RunConfig config, WordPieceTokenizer tokenizer)
    {
        int text = config.Integer("text_layers"), fusion = config.Integer("fusion_layers");
        var width = config.Integer("text_width");
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
