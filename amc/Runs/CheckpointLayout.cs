using AmcEngine.Amc.Configuration;
using AmcEngine.Serialization;

namespace AmcEngine.Amc.Runs;

/// <summary>Names of what a run's folder and a checkpoint's folder hold.</summary>
internal static class CheckpointLayout
{
    /// <summary>The folder of checkpoints, in a run's folder.</summary>
    public const string Checkpoints = "checkpoints";

    /// <summary>Test scenes before and after training, in a run's folder.</summary>
    public const string Grid = "grid.png";

    /// <summary>Losses and accuracy by step, in a run's folder.</summary>
    public const string Curves = "curves.png";

    /// <summary>The page with results and cases, in a run's folder.</summary>
    public const string Report = "report.html";

    /// <summary>The weights, in a checkpoint's folder.</summary>
    public const string Model = "model.safetensors";

    /// <summary>The index of the weights, where they are in several files.</summary>
    public const string ModelIndex = Model + SafetensorsShards.IndexSuffix;

    /// <summary>The optimizer's moments, in a checkpoint's folder.</summary>
    public const string Moments = "optimizer.safetensors";

    /// <summary>What stands before a parameter's name where its first moment is stored.</summary>
    public const string FirstMoment = "exp_avg.";

    /// <summary>The same for the second moment.</summary>
    public const string SecondMoment = "exp_avg_sq.";

    /// <summary>Step, seed and configuration.</summary>
    public const string State = "state.json";

    /// <summary>Heatmaps from before the first step.</summary>
    public const string FirstMaps = "before.safetensors";

    /// <summary>The newest checkpoint of a run.</summary>
    public static string Last(string run) => Path.Combine(run, Checkpoints, "last");

    /// <summary>The checkpoint before the newest.</summary>
    public static string LastGood(string run) => Path.Combine(run, Checkpoints, "last-good");

    /// <summary>Whether the folder is a checkpoint, not a run.</summary>
    public static bool IsCheckpoint(string folder) => File.Exists(Path.Combine(folder, State));

    /// <summary>
    /// The weights in a folder: one file, or the index of several. Where there is neither, the file's name.
    /// </summary>
    public static string WeightsIn(string folder)
    {
        string whole = Path.Combine(folder, Model), index = Path.Combine(folder, ModelIndex);
        return !File.Exists(whole) && File.Exists(index) ? index : whole;
    }

    /// <summary>Whether a file is a checkpoint's weights, by its name.</summary>
    public static bool IsWeights(string path) => Path.GetFileName(path) is Model or ModelIndex;

    /// <summary>
    /// The checkpoint's folder, given that folder itself or a run's; a folder of weights without a run will do.
    /// </summary>
    /// <exception cref="ConfigException">There is none.</exception>
    public static string Find(string folder)
    {
        string[] candidates = [folder, Last(folder), LastGood(folder)];
        if (candidates.FirstOrDefault(IsCheckpoint) is { } found)
            return found;
        if (File.Exists(WeightsIn(folder)))
            return folder;
        throw new ConfigException(Directory.Exists(folder)
            ? $"{folder}: holds no checkpoint (neither checkpoints/last/{State} nor {ModelIndex}); "
                + "give the folder of a run that has saved one, or that of a sharded checkpoint"
            : $"{folder}: checkpoint not found; check the path");
    }
}
