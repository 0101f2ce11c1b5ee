using AmcEngine.Amc.Configuration;
using AmcEngine.Amc.Recordings;
using AmcEngine.DataTools;
using AmcEngine.Model;
using AmcEngine.Model.Contrastive;
using AmcEngine.Model.Text;
using AmcEngine.Model.Tokenization;
using AmcEngine.Model.Vision;

namespace AmcEngine.Amc.Models;

/// <summary>Settings that several kinds of models read from the same keys.</summary>
internal static class ModelKeys
{
    private static readonly string[] SpecialTokens = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"];

    /// <summary>The vision transformer of a configuration.</summary>
    public static VisionConfig Vision(RunConfig config) => new()
    {
        ImageRes = config.ImageSize,
        PatchSize = config.Integer("patch_size"),
        Width = config.Integer("vision_width"),
        Depth = config.Integer("vision_depth"),
        Heads = config.Integer("vision_heads"),
    };

    /// <summary>
    /// What the other texts about a picture are to it; null where the configuration leaves that to the kind of model.
    /// </summary>
    public static SamePicture? SamePicture(RunConfig config) => config.OptionalText("same_picture") switch
    {
        null => null,
        "positive" => AmcEngine.Model.Contrastive.SamePicture.Positive,
        _ => AmcEngine.Model.Contrastive.SamePicture.Negative,
    };

    /// <summary>The keys of a vision transformer that are binding for a run.</summary>
    public static IReadOnlyList<(string Key, int Value)> Binding(VisionConfig vision) =>
    [
        ("patch_size", vision.PatchSize), ("vision_width", vision.Width), ("vision_depth", vision.Depth),
        ("vision_heads", vision.Heads),
    ];

    /// <summary>
    /// What all BERT encoders of a configuration have in common; layers and special ids are the model's own.
    /// </summary>
    /// <param name="config">The configuration.</param>
    /// <param name="words">Words of the tokenizer.</param>
    /// <exception cref="ConfigException">The tokenizer has more words than the model.</exception>
    public static TextConfig Bert(RunConfig config, int words)
    {
        var width = config.Integer("text_width");
        return new TextConfig
        {
            Hidden = width,
            Heads = config.Integer("text_heads"),
            Intermediate = config.OptionalInteger("text_ffn") ?? 4 * width,
            MaxPositions = config.Integer("max_positions"),
            VocabSize = VocabSize(config, words),
            HiddenDropout = config.Real("dropout"),
            AttentionDropout = config.OptionalReal("attention_dropout") ?? config.Real("dropout"),
        };
    }

    /// <summary>
    /// The BERT encoder of a recording, without dropout; layers with cross attention and special ids are the model's
    /// own.
    /// </summary>
    public static TextConfig Bert(GoldenCase golden) => new()
    {
        Hidden = golden.Size("hidden"),
        Heads = golden.Size("heads"),
        Intermediate = golden.Size("inter"),
        Layers = golden.Size("layers"),
        VocabSize = golden.Size("vocab"),
        MaxPositions = golden.Size("maxpos"),
        HiddenDropout = 0,
        AttentionDropout = 0,
    };

    /// <summary>Word pieces: of the configured file, of generated scenes, or of bert-base-uncased.</summary>
    /// <exception cref="Serialization.SerializationException">The configured file cannot be used.</exception>
    public static WordPieceTokenizer WordPieces(RunConfig config)
    {
        if (config.OptionalText("vocab_file") is { } path)
            return WordPieceTokenizer.FromVocabFile(path);
        return config.IsGenerated
            ? WordPieceTokenizer.FromVocab([.. SpecialTokens, .. SceneWords(config)])
            : WordPieceTokenizer.BertBaseUncased;
    }

    /// <summary>The words of generated scenes, with those of paraphrases where such are trained.</summary>
    public static IReadOnlyList<string> SceneWords(RunConfig config) => config.Truth("add_selfeq")
        ? [.. SceneVocabulary.Words(config.Dataset), .. SceneVocabulary.ParaphraseWords(config.Dataset)]
        : SceneVocabulary.Words(config.Dataset);

    /// <summary>A tokenizer as the kind of model needs it; a checkpoint may bring another.</summary>
    /// <exception cref="ConfigException">It is one of another kind.</exception>
    public static T Require<T>(ITokenizer tokenizer, string model) where T : class, ITokenizer => tokenizer as T
        ?? throw new ConfigException($"model: {model} does not go with the checkpoint's vocabulary, "
            + "which is that of another kind of model; name the checkpoint's own configuration");

    /// <summary>Which map explains the model.</summary>
    public static GroundingSettings Grounding(RunConfig config) => new(
        Mode(config),
        config.OptionalInteger("explain.layer"),
        config.OptionalText("explain.tokens") is { } tokens ? tokens == "words" : null);

    /// <summary>Whose score explains the model.</summary>
    public static GroundingMode Mode(RunConfig config) => config.OptionalText("explain.mode") switch
    {
        "itm" => GroundingMode.Itm,
        "itc" => GroundingMode.Itc,
        _ => GroundingMode.Default,
    };

    /// <summary>The vision transformer of a recording.</summary>
    public static VisionConfig Vision(GoldenCase golden) => new()
    {
        ImageRes = golden.Size("image_res"),
        PatchSize = golden.Size("patch"),
        Width = golden.Size("vwidth"),
        Depth = golden.Size("vdepth"),
        Heads = golden.Size("vheads"),
        MlpRatio = golden.Number("mlp_ratio", 4),
    };

    /// <summary>
    /// Rows of the word embedding: a published model's may have more than a small vocabulary has words.
    /// </summary>
    /// <exception cref="ConfigException">The tokenizer has more words than the model.</exception>
    public static int VocabSize(RunConfig config, int words)
    {
        if (config.OptionalInteger("vocab_size") is not { } rows)
            return words;
        return rows >= words ? rows
            : throw ConfigRules.Wrong(config, $"vocab_size: must be at least the tokenizer's {words} words, "
                + $"found {rows}; raise it, in the file that bert_config names if it comes from there");
    }
}
