using AmcEngine.Amc.Training;
using CommandLine;

namespace AmcEngine.Amc.CommandLine;

/// <summary>Options of the commands that use a trained model.</summary>
internal abstract class ModelOptions : CommonOptions
{
    /// <summary>What --checkpoint takes.</summary>
    protected const string CheckpointHelp =
        "A run's folder, a checkpoint folder, or a file: safetensors or a PyTorch checkpoint, whatever its name.";

    /// <summary>Which of a file's sets of weights.</summary>
    [Option("key", MetaValue = "NAME", HelpText = "The key under which a PyTorch checkpoint holds the weights "
        + "(default: model, state_dict and the like).")]
    public string? Key { get; set; }

    /// <summary>Whether weights may be missing.</summary>
    [Option("allow-missing", HelpText = "Go on with random numbers where the checkpoint lacks weights, and warn.")]
    public bool AllowMissing { get; set; }

    /// <summary>How to load the model.</summary>
    public LoadOptions Loading(CommandContext context) => new(context.Warn, Verbose ? context.Out : null, AllowMissing);
}
