using AmcEngine.Amc.Configuration;
using AmcEngine.Amc.Verification;
using AmcEngine.Model.Vision;

namespace AmcEngine.Amc.Models;

/// <summary>Settings that several kinds of models read from the same keys.</summary>
internal static class ModelKeys
{
    /// <summary>The vision transformer of a configuration.</summary>
    public static VisionConfig Vision(RunConfig config) => new()
    {
        ImageRes = config.ImageSize,
        PatchSize = config.Integer("patch_size"),
        Width = config.Integer("vision_width"),
        Depth = config.Integer("vision_depth"),
        Heads = config.Integer("vision_heads"),
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

    /// <summary>Rows of the word embedding: a published model's may have more than a small vocabulary has words.</summary>
    /// <exception cref="ConfigException">The tokenizer has more words than the model.</exception>
    public static int VocabSize(RunConfig config, int words)
    {
        if (config.OptionalInteger("vocab_size") is not { } rows)
            return words;
        return rows >= words ? rows
            : throw ConfigRules.Wrong(config, $"vocab_size: must be at least the tokenizer's {words} words, found {rows}; raise it, in the file that bert_config names if it comes from there");
    }
}
