using System.Globalization;
namespace AmcEngine.Amc.Configuration;

/// <summary>What must hold between keys; types and ranges of single keys are checked when they are read.</summary>
internal static class ConfigRules
{
    /// <summary>Checks a configuration.</summary>
    /// <exception cref="ConfigException">Two keys contradict each other.</exception>
    public static void Check(RunConfig config)
    {
        Divides(config, "image_res", "patch_size");
        Divides(config, "vision_width", "vision_heads");
        Divides(config, "text_width", "text_heads");
        if (config.BatchSize < 2)
            throw Wrong(config,
                "batch_size: must be at least 2, because every text is compared with another picture of the batch");
        if (config.Model != "clip" && config.BatchSize > config.Integer("queue_size"))
            throw Wrong(config,
                $"queue_size: must be at least batch_size ({config.BatchSize}), found {config.Integer("queue_size")}");
        if (config.OptionalInteger("micro_batch") is { } micro && micro > config.BatchSize)
            throw Wrong(
                config, $"micro_batch: must be at most batch_size ({config.BatchSize}), found {micro}; leave it out to "
                    + "compute the whole batch at once");
        if (config.OptionalInteger("mask_size") is { } mask && mask != config.ImageSize)
            throw Wrong(config, $"mask_size: must equal image_res ({config.ImageSize}), found {mask}; leave it out");
        if (config.OptionalReal("schedular.lr") is { } lr && lr != config.Real("optimizer.lr"))
            throw Wrong(config, string.Create(CultureInfo.InvariantCulture, $"schedular.lr: is {lr} but optimizer.lr "
                + $"is {config.Real("optimizer.lr")}; give both the same value or leave schedular.lr out"));
        if (config.Integer("max_tokens") > config.Integer("max_positions"))
            throw Wrong(config, $"max_tokens: must be at most max_positions ({config.Integer("max_positions")}), "
                + $"found {config.Integer("max_tokens")}");
        if (config.OptionalInteger("min_tokens") is { } least && least > config.Integer("max_tokens"))
            throw Wrong(
                config, $"min_tokens: must be at most max_tokens ({config.Integer("max_tokens")}), found {least}");
        if (config.AsksFlickr && (config.Texts("phrase_box_file").Count != config.TestFiles.Count
            || config.Texts("sentences_file").Count != config.TestFiles.Count))
            throw Wrong(config, $"image_ids_file: names {config.TestFiles.Count} files, phrase_box_file "
                + $"{config.Texts("phrase_box_file").Count} and sentences_file {config.Texts("sentences_file").Count}; "
                + "give as many of each");
        RequireExplainableLayer(config, "amc.layer");
        RequireExplainableLayer(config, "explain.layer");
        if (config.Model == "clip" && config.OptionalText("explain.mode") == "itm")
            throw Wrong(config, "explain.mode: CLIP has no matching head; use itc, or leave it out");
        foreach (var key in new[] { "text_encoder", "visual_encoder" })
            if (config.Model == "clip" && config.Has(key))
                throw Wrong(config,
                    $"{key}: CLIP's encoders are not BERT and DeiT; start it from a checkpoint, and leave {key} out");
    }

    private static void RequireExplainableLayer(RunConfig config, string key)
    {
        if (config.OptionalInteger(key) is not { } layer)
            return;
        int text = config.Integer("text_layers"), fusion = config.Integer("fusion_layers");
        (var first, var count, var what) = config switch
        {
            _ when config.Model == "clip" || config.OptionalText("explain.mode") == "itc" =>
                (0, config.Integer("vision_depth"), "blocks of the image encoder"),
            { Model: "blip" } => (0, text, "text layers"),
            _ => (text, fusion, "fusion layers"),
        };
        if (layer < first || layer >= first + count)
            throw Wrong(config, $"{key}: must be one of the {what}, {first} to {first + count - 1} (layers count from "
                + $"0), found {layer}");
    }

    /// <summary>An error about this configuration.</summary>
    public static ConfigException Wrong(RunConfig config, string what) => new($"{config.Path}: {what}");

    private static void Divides(RunConfig config, string whole, string part)
    {
        if (config.Integer(whole) % config.Integer(part) != 0)
            throw Wrong(config,
                $"{whole}: must be a multiple of {part} ({config.Integer(part)}), found {config.Integer(whole)}");
    }
}
