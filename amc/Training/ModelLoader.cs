using AmcEngine.Amc.Configuration;
using AmcEngine.Amc.Models;
using AmcEngine.Backends;
using AmcEngine.Model;
using AmcEngine.Model.Checkpoints;
using AmcEngine.Model.Tokenization;

namespace AmcEngine.Amc.Training;

/// <summary>How a model is loaded to use it.</summary>
/// <param name="Warn">Where warnings go.</param>
/// <param name="Details">Where to say what was loaded, or null.</param>
/// <param name="AllowMissing">Whether weights that explaining needs may be missing; a warning says which.</param>
internal sealed record LoadOptions(Action<string> Warn, TextWriter? Details = null, bool AllowMissing = false);

/// <summary>Loads a model to explain with it, without its momentum copy.</summary>
internal static class ModelLoader
{
    /// <summary>Loads a model. It is whole, unless the options allow otherwise.</summary>
    /// <param name="checkpoint">The weights.</param>
    /// <param name="config">The model's sizes; those of a run's own checkpoint are binding.</param>
    /// <param name="tokenizer">The tokenizer.</param>
    /// <param name="backend">Where to put it.</param>
    /// <param name="options">What is allowed, and where to say it.</param>
    /// <exception cref="ModelException">
    /// The weights do not fit the sizes, are not finite, or some are missing.
    /// </exception>
    /// <exception cref="ConfigException">The sizes are not those of the run that the checkpoint belongs to.</exception>
    public static IVisionLanguageModel Load(
        CheckpointFile checkpoint, RunConfig config, ITokenizer tokenizer, IBackend backend, LoadOptions options)
    {
        if (checkpoint.Config() is { } run)
            ModelRegistry.RequireSame(run, config, tokenizer, checkpoint.Path);
        var model = ModelRegistry.Create(config, tokenizer, backend, forTraining: false, draw: false);
        try
        {
            var report = checkpoint.LoadInto(model);
            options.Details?.WriteLine($"{checkpoint.Path}: {report}");
            WeightRules.WarnOfChoice(checkpoint.Path, report.Key, report.OtherKeys, "--key", options.Warn);
            WeightRules.RequireWhole(report, model, ModelKeys.Grounding(config), checkpoint.Path, options);
            return model;
        }
        catch
        {
            model.Dispose();
            throw;
        }
    }
}
