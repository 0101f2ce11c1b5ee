using AmcEngine.Amc.Configuration;
using AmcEngine.Amc.Training;
using AmcEngine.Model;
using AmcEngine.Model.Checkpoints;

namespace AmcEngine.Amc.CommandLine;

/// <summary>The weights that a training begins with, where the configuration names a checkpoint.</summary>
internal static class StartWeights
{
    /// <summary>Finds the checkpoint, so that a wrong path is said before data and model cost any time.</summary>
    /// <param name="config">The configuration.</param>
    /// <exception cref="ConfigException">There is no such checkpoint.</exception>
    public static void Require(RunConfig config) => Find(config);

    /// <summary>Loads them, says what was loaded and warns of what was not.</summary>
    /// <param name="config">The configuration.</param>
    /// <param name="model">The model with fresh weights.</param>
    /// <param name="context">Where to warn.</param>
    /// <param name="details">Where to say what was loaded.</param>
    /// <exception cref="ModelException">The checkpoint does not fit the model, or is not finite.</exception>
    public static void Load(
        RunConfig config, IVisionLanguageModel model, CommandContext context, Action<string> details)
    {
        if (Find(config) is not { } checkpoint)
            return;
        var start = config.OptionalText("checkpoint")!;
        var report = checkpoint.LoadInto(model);
        details($"{start}: {report}");
        WeightRules.WarnOfChoice(start, report.Key, report.OtherKeys, "checkpoint_key", context.Warn);
        WeightRules.WarnOfPart(report, model, start, context.Warn);
    }

    private static CheckpointFile? Find(RunConfig config) =>
        config.OptionalText("checkpoint") is { } start
            ? CheckpointFile.Find(start, config.OptionalText("checkpoint_key"))
            : null;
}
