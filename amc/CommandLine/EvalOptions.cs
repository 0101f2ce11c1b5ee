using AmcEngine.Amc.Evaluation.Game;
using CommandLine;
using CommandLine.Text;

namespace AmcEngine.Amc.CommandLine;

/// <summary>Arguments of <c>amcx eval</c>.</summary>
[Verb("eval", HelpText = "Play the pointing game on the test data of a configuration.")]
internal sealed class EvalOptions : MethodOptions, IRankOptions
{
    /// <summary>The configuration whose test data is used.</summary>
    [Option("config", Required = true, MetaValue = "F.yaml", HelpText = "The configuration whose test data is used.")]
    public string Config { get; set; } = "";

    /// <summary>The model; empty where a folder of checkpoints is given.</summary>
    [Option("checkpoint", MetaValue = "C", HelpText = CheckpointHelp)]
    public string Checkpoint { get; set; } = "";

    /// <summary>A run, all of whose checkpoints are evaluated.</summary>
    [Option("checkpoint-dir", MetaValue = "RUN", HelpText = "In place of --checkpoint: a run's folder, "
        + "all of whose checkpoints are evaluated; --json writes a list.")]
    public string? CheckpointDir { get; set; }

    /// <summary>Where to draw the curve of a run's checkpoints.</summary>
    [Option("curve", MetaValue = "OUT.png", HelpText = "With --checkpoint-dir: draw pointing accuracy by step.")]
    public string? Curve { get; set; }

    /// <summary>The protocol; null takes the configuration's.</summary>
    [Option("protocol", MetaValue = "P",
        HelpText = "What counts as a hit: reference, fixed, wwbl, mdetr or torchray (docs/protocols.md).")]
    public string? Protocol { get; set; }

    /// <summary>What is measured beside the pointing game.</summary>
    [Option("metrics", Default = MeasureChoice.Default, MetaValue = "NAME,...",
        HelpText = "What to measure beside hits: energy, iou, auc; and, at many passes of the model each, insertion, "
            + "deletion, road, infidelity; or all, none (docs/metrics.md).")]
    public string Metrics { get; set; } = MeasureChoice.Default;

    /// <summary>A detector's boxes.</summary>
    [Option("boxes", MetaValue = "DETS.json",
        HelpText = "A detector's boxes, {\"picture\": [[x, y, width, height], ...]}: the map chooses among them.")]
    public string? Boxes { get; set; }

    /// <summary>How many questions; null asks all.</summary>
    [Option("count", MetaValue = "N", HelpText = "Ask the first N questions alone.")]
    public int? Count { get; set; }

    /// <summary>A folder of maps.</summary>
    [Option("cache", MetaValue = "DIR",
        HelpText = "Keep maps in a folder, and take from it those of the same weights, picture and phrase.")]
    public string? Cache { get; set; }

    /// <summary>Where to write the result as JSON.</summary>
    [Option("json", MetaValue = "OUT", HelpText = "Write the result as one JSON object.")]
    public string? Json { get; set; }

    /// <summary>Where to write the answers.</summary>
    [Option("samples", MetaValue = "OUT.jsonl", HelpText = "Write one JSON object a line for each sample: phrase, "
        + "image, boxes, point, hit, score (how likely phrase and picture match), flat, split, measures and more.")]
    public string? Samples { get; set; }

    /// <summary>Whether to go on where an evaluation was stopped.</summary>
    [Option("resume", HelpText = "Go on with what --samples holds of a stopped or killed evaluation: "
        + "those questions are not asked again, and the results are those of an uninterrupted one.")]
    public bool Resume { get; set; }

    /// <summary>Where to write a page with results and cases.</summary>
    [Option("report", MetaValue = "OUT.html",
        HelpText = "Write a page for a browser: the numbers, and up to 200 cases to sort, filter and look at.")]
    public string? Report { get; set; }

    /// <summary>Settings that win over the file.</summary>
    [Option("set", MetaValue = "key=value", HelpText = "Settings that win over the configuration.")]
    public IEnumerable<string> Set { get; set; } = [];

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
        HelpExample.Of("Evaluate a trained model",
            new EvalOptions { Config = "configs/scenes.yaml", Checkpoint = "runs/scenes", Json = "result.json" }),
        HelpExample.Of("Explain it by another method",
            new EvalOptions { Config = "configs/scenes.yaml", Checkpoint = "runs/scenes", Method = "relevance" }),
        HelpExample.Of("Go on with an evaluation that was stopped",
            new EvalOptions
            {
                Config = "configs/scenes.yaml",
                Checkpoint = "runs/scenes",
                Samples = "answers.jsonl",
                Resume = true
            }),
        HelpExample.Of("Play by another protocol, with costly metrics on a hundred questions",
            new EvalOptions
            {
                Config = "configs/scenes.yaml",
                Checkpoint = "runs/scenes",
                Protocol = "torchray",
                Metrics = "all",
                Count = 100
            }),
    ];
}
