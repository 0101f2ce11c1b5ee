using CommandLine;
using CommandLine.Text;

namespace AmcEngine.Amc.CommandLine;

/// <summary>Arguments of <c>amcx train</c>.</summary>
[Verb("train", HelpText = "Train a model and show what it learned.")]
internal sealed class TrainOptions : CommonOptions, IRankOptions
{
    private const int DefaultCheck = 1000;

    /// <summary>The configuration.</summary>
    [Option("config", MetaValue = "F.yaml",
        HelpText = "The configuration; ready ones are in configs/. A resumed run holds its own.")]
    public string? Config { get; set; }

    /// <summary>Folder for everything the run writes.</summary>
    [Option("output", MetaValue = "DIR", HelpText = "Folder for log, pictures and checkpoints (default: "
        + "the configuration's, else the first of runs/NAME, runs/NAME-2, ... that holds no run).")]
    public string? Output { get; set; }

    /// <summary>Whether a run in the folder is replaced.</summary>
    [Option("overwrite",
        HelpText = "Replace the run that the folder holds; it is set aside until the new one has saved.")]
    public bool Overwrite { get; set; }

    /// <summary>Folder of an interrupted run.</summary>
    [Option("resume", MetaValue = "DIR",
        HelpText = "Go on with the run of this folder, with its own configuration and seed.")]
    public string? Resume { get; set; }

    /// <summary>Settings that win over the file.</summary>
    [Option("set", MetaValue = "key=value", HelpText = "Settings that win over the configuration.")]
    public IEnumerable<string> Set { get; set; } = [];

    /// <summary>Where to stop.</summary>
    [Option("steps", MetaValue = "N", HelpText = "Stop after step N; the learning rate still follows the "
        + "configuration's length, so --resume can go on.")]
    public int? Steps { get; set; }

    /// <summary>Seed.</summary>
    [Option("seed", MetaValue = "N",
        HelpText = "Seed of weights, data order and dropout (default: the configuration's).")]
    public int? Seed { get; set; }

    /// <summary>Whether to search every op's output for NaN.</summary>
    [Option("trace-nan", HelpText = "Search every op's output for NaN and infinities and name the first (slow).")]
    public bool TraceNaN { get; set; }

    /// <summary>Steps between two comparisons of the replicas.</summary>
    [Option("check-replicas", Default = DefaultCheck, MetaValue = "N", HelpText = "Under mpirun or srun: compare the "
        + "weights of all ranks every N steps; 0 never.")]
    public int CheckReplicas { get; set; } = DefaultCheck;

    /// <inheritdoc/>
    [Option("watchdog", Default = IRankOptions.DefaultWatchdog, MetaValue = "SECONDS",
        HelpText = IRankOptions.WatchdogHelp)]
    public int Watchdog { get; set; } = IRankOptions.DefaultWatchdog;

    /// <inheritdoc/>
    [Option("signal-exit-code", MetaValue = "N", HelpText = IRankOptions.SignalHelp)]
    public int? SignalExitCode { get; set; }

    /// <summary>Examples of the help page.</summary>
    [Usage(ApplicationAlias = "amcx")]
    public static IEnumerable<Example> Examples =>
    [
        HelpExample.Of("Train on generated scenes", new TrainOptions { Config = "configs/scenes.yaml" }),
        HelpExample.Of("Go on after an interruption", new TrainOptions { Resume = "runs/scenes" }),
        HelpExample.Of("Change settings",
            new TrainOptions { Config = "configs/scenes.yaml", Set = ["optimizer.lr=1e-4", "batch_size=16"] }),
    ];
}
