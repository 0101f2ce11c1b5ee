using AmcEngine.Amc.Configuration;
using AmcEngine.Amc.Runs;
using AmcEngine.Amc.Training;
using AmcEngine.Model;
using AmcEngine.Model.Checkpoints;

namespace AmcEngine.Amc.CommandLine;

/// <summary>
/// The weights that a training begins with, where the configuration names any: encoders first, then a checkpoint, which
/// wins over them.
/// </summary>
internal static class StartWeights
{
    private static readonly EncoderFile[] Encoders =
    [
        new("text_encoder", PretrainedEncoder.Bert, ["model.safetensors", "pytorch_model.bin"],
            "https://huggingface.co/google-bert/bert-base-uncased"),
        new("visual_encoder", PretrainedEncoder.VisionTransformer, ["model.safetensors", "pytorch_model.bin"],
            "https://dl.fbaipublicfiles.com/deit/deit_base_patch16_224-b5f2ef4d.pth"),
    ];

    /// <summary>Whether the configuration names weights to begin with.</summary>
    public static bool AreNamed(RunConfig config) =>
        config.OptionalText("checkpoint") is not null || Encoders.Any(e => config.OptionalText(e.Key) is not null);

    /// <summary>Finds the files, so that a wrong path is said before data and model cost any time.</summary>
    /// <param name="config">The configuration.</param>
    /// <exception cref="ConfigException">One of them is not there.</exception>
    public static void Require(RunConfig config)
    {
        Find(config);
        foreach (var encoder in Encoders)
            encoder.Find(config);
    }

    /// <summary>Loads them, says what was loaded and warns of what was not.</summary>
    /// <param name="config">The configuration.</param>
    /// <param name="model">The model with fresh weights.</param>
    /// <param name="context">Where to warn.</param>
    /// <param name="details">Where to say what was loaded.</param>
    /// <exception cref="ModelException">The weights do not fit the model, or are not finite.</exception>
    public static void Load(
        RunConfig config, IVisionLanguageModel model, CommandContext context, Action<string> details)
    {
        HashSet<string> given = new(StringComparer.Ordinal);
        foreach (var encoder in Encoders)
            if (encoder.Find(config) is { } path)
                given.UnionWith(Load(encoder, path, model, context, details).Loaded);
        if (Find(config) is not { } checkpoint)
            return;
        var start = config.OptionalText("checkpoint")!;
        var report = checkpoint.LoadInto(model);
        model.ForgetPictures();
        details($"{start}: {report}");
        WeightRules.WarnOfChoice(start, report.Key, report.OtherKeys, "checkpoint_key", context.Warn);
        WeightRules.WarnOfPart(report, model.Trainable.Where(p => !given.Contains(p.Name)), start, context.Warn);
    }

    private static LoadReport Load(EncoderFile encoder, string path, IVisionLanguageModel model,
        CommandContext context, Action<string> details)
    {
        var file = CheckpointFile.Find(path);
        var report = file.Read(f => encoder.Weights.Load(model, f.Tensors, f.Skipped) with { Key = f.Key });
        details($"{encoder.Key}: {path}: {report}");
        // BERT has no cross attention: that it starts fresh is how it is meant.
        WeightRules.WarnOfPart(report, model.Trainable.Where(
            p => p.Name.StartsWith(encoder.Weights.Part, StringComparison.Ordinal)
                && !p.Name.Contains("crossattention", StringComparison.Ordinal)), path, context.Warn);
        return report;
    }

    private static CheckpointFile? Find(RunConfig config) =>
        config.OptionalText("checkpoint") is { } start
            ? CheckpointFile.Find(start, config.OptionalText("checkpoint_key"))
            : null;

    /// <summary>A key that names the weights of an encoder.</summary>
    /// <param name="Key">The key.</param>
    /// <param name="Weights">What is loaded into which part of the model.</param>
    /// <param name="Names">What the file is called where the key names its folder.</param>
    /// <param name="Home">Where it is to be had.</param>
    private sealed record EncoderFile(string Key, PretrainedEncoder Weights, string[] Names, string Home)
    {
        /// <summary>The file; null where the configuration names none.</summary>
        /// <exception cref="ConfigException">It is not there.</exception>
        public string? Find(RunConfig config)
        {
            if (config.OptionalText(Key) is not { Length: > 0 } named)
                return null;
            if (File.Exists(named))
                return named;
            var inFolder = Names.Append(CheckpointLayout.ModelIndex).Select(name => Path.Combine(named, name));
            return inFolder.FirstOrDefault(File.Exists)
                ?? throw ConfigRules.Wrong(config, Directory.Exists(named)
                    ? $"{Key}: the folder {named} holds neither {string.Join(" nor ", Names)}; get one from {Home}"
                    : $"{Key}: {named} is not there, and nothing is downloaded; get the file from {Home}");
        }
    }
}
