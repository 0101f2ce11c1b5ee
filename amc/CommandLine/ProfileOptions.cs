using CommandLine;
using CommandLine.Text;

namespace AmcEngine.Amc.CommandLine;

/// <summary>Arguments of <c>amcx profile</c>.</summary>
[Verb("profile", HelpText = "Measure training steps: time by kernel and phase, memory, the cost of AMC; "
    + "under mpirun or srun also what ranks exchange, and what of that computing hides.")]
internal sealed class ProfileOptions : CommonOptions, IRankOptions
{
    /// <summary>The configuration.</summary>
    [Option("config", Required = true, MetaValue = "F.yaml", HelpText = "The configuration to measure; "
        + "nothing is written. configs/profile-base.yaml is ALBEF at full size.")]
    public string Config { get; set; } = "";

    /// <summary>Steps to measure.</summary>
    [Option("steps", Default = 5, MetaValue = "N", HelpText = "Steps to take the median of. "
        + "With AMC as many without come in turns; after them up to 5 with every kernel timed.")]
    public int Steps { get; set; } = 5;

    /// <summary>Whether nothing is computed.</summary>
    [Option("dry-run", HelpText = "Compute nothing: print what memory a step takes, what holds it, "
        + "and the operations of its phases.")]
    public bool DryRun { get; set; }

    /// <summary>Ranks that share a step.</summary>
    [Option("ranks", MetaValue = "N",
        HelpText = "With --dry-run: one of N ranks that share each step, with its part of the batch.")]
    public int? Ranks { get; set; }

    /// <summary>Pairs a step.</summary>
    [Option("batch", MetaValue = "B", HelpText = "Pairs a step, in place of the configuration's batch_size.")]
    public int? Batch { get; set; }

    /// <summary>Steps before those that are measured.</summary>
    [Option("warmup", MetaValue = "N", HelpText = "At least so many steps before those, not measured. "
        + "By default at least 2, and until 3 seconds or 40 steps are over.")]
    public int? Warmup { get; set; }

    /// <summary>Whether to write JSON.</summary>
    [Option("json", HelpText = "Write one JSON object. Seconds, calls, flop and bytes are those of one step; "
        + "gflops and gbytes are rates: 10^9 operations and bytes a second.")]
    public bool Json { get; set; }

    /// <summary>Whether to tell shapes apart.</summary>
    [Option("shapes", HelpText = "List matrix products and attention by shape, too; "
        + "each product also as it is when computed again right after itself.")]
    public bool Shapes { get; set; }

    /// <inheritdoc/>
    [Option("watchdog", Default = IRankOptions.DefaultWatchdog, MetaValue = "SECONDS",
        HelpText = IRankOptions.WatchdogHelp)]
    public int Watchdog { get; set; } = IRankOptions.DefaultWatchdog;

    /// <inheritdoc/>
    public int? SignalExitCode => null;

    /// <summary>Settings that win over the file.</summary>
    [Option("set", MetaValue = "key=value", HelpText = "Settings that win over the configuration.")]
    public IEnumerable<string> Set { get; set; } = [];

    /// <summary>Examples of the help page.</summary>
    [Usage(ApplicationAlias = "amcx")]
    public static IEnumerable<Example> Examples =>
    [
        HelpExample.Of("Where the time of the full-size model goes",
            new ProfileOptions { Config = "configs/profile-base.yaml", Steps = 3, Shapes = true }),
        HelpExample.Of("What memory a batch of 16 takes, without taking it",
            new ProfileOptions { Config = "configs/albef-base.yaml", DryRun = true, Batch = 16 }),
        HelpExample.Of("For a program, with a larger batch",
            new ProfileOptions { Config = "configs/scenes.yaml", Steps = 20, Json = true, Set = ["batch_size=64"] }),
    ];
}
