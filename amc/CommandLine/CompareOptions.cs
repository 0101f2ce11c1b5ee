using CommandLine;
using CommandLine.Text;

namespace AmcEngine.Amc.CommandLine;

/// <summary>Arguments of <c>amcx compare</c>.</summary>
[Verb("compare", HelpText = "Compare training runs (pointing accuracy by step, with the spread over seeds), "
    + "with --methods the explanation methods on one model, or with --samples answers of several checkpoints.")]
internal sealed class CompareOptions : CommonOptions
{
    /// <summary>Groups of runs.</summary>
    [Value(0, MetaName = "NAME=DIR[,DIR...]",
        HelpText = "A name and the folders of its runs (different seeds of one setting).")]
    public IEnumerable<string> Groups { get; set; } = [];

    /// <summary>Where to draw the curves or the grid.</summary>
    [Option("output", MetaValue = "OUT.png",
        HelpText = "Draw the curves; with --methods, a grid of test pictures and their heatmaps.")]
    public string? Output { get; set; }

    /// <summary>Where to write a page.</summary>
    [Option("report", MetaValue = "OUT.html",
        HelpText = "Write a page for a browser: the numbers and curves, and with --config or --methods the cases, "
            + "everyone's maps side by side.")]
    public string? Report { get; set; }

    /// <summary>Whether methods are compared, and not runs.</summary>
    [Option("methods", HelpText = "Play the pointing game with every explanation method that applies to one model.")]
    public bool Methods { get; set; }

    /// <summary>Files of answers that are compared, and not runs.</summary>
    [Option("samples", MetaValue = "A.jsonl B.jsonl",
        HelpText = "Compare answers that eval --samples wrote for the same test data, question by question.")]
    public IEnumerable<string> Samples { get; set; } = [];

    /// <summary>Whether methods are tried on random weights too.</summary>
    [Option("sanity", HelpText = "With --methods: compare each method's maps with those of random weights; "
        + "a method that does not react is named.")]
    public bool Sanity { get; set; }

    /// <summary>The configuration whose test data is used.</summary>
    [Option("config", MetaValue = "F.yaml",
        HelpText = "With --methods or --report: the configuration whose test data is used.")]
    public string? Config { get; set; }

    /// <summary>The model.</summary>
    [Option("checkpoint", MetaValue = "C", HelpText = "With --methods: the model, as eval takes it.")]
    public string? Checkpoint { get; set; }

    /// <summary>Which of a file's sets of weights.</summary>
    [Option("key", MetaValue = "NAME",
        HelpText = "With --methods: the key under which a PyTorch checkpoint holds the weights.")]
    public string? Key { get; set; }

    /// <summary>Whether weights may be missing.</summary>
    [Option("allow-missing",
        HelpText = "With --methods: go on with random numbers where the checkpoint lacks weights, and warn.")]
    public bool AllowMissing { get; set; }

    /// <summary>How many test questions.</summary>
    [Option("count", Default = 100, MetaValue = "N",
        HelpText = "With --methods or --report: how many test questions, the first ones.")]
    public int Count { get; set; } = 100;

    /// <summary>Masks of RISE.</summary>
    [Option("rise-masks", Default = 500, MetaValue = "N",
        HelpText = "With --methods: masks a phrase of rise; the paper takes 4000.")]
    public int RiseMasks { get; set; } = 500;

    /// <summary>Settings that win over the file.</summary>
    [Option("set", MetaValue = "key=value",
        HelpText = "With --methods or --report: settings that win over the configuration.")]
    public IEnumerable<string> Set { get; set; } = [];

    /// <summary>Examples of the help page.</summary>
    [Usage(ApplicationAlias = "amcx")]
    public static IEnumerable<Example> Examples =>
    [
        HelpExample.Of("With and without AMC, two seeds each", new CompareOptions
        {
            Groups = ["amc=runs/amc-1,runs/amc-2", "base=runs/base-1,runs/base-2"],
            Output = "curves.png"
        }),
        HelpExample.Of("Every explanation method on one model", MethodsExample),
        HelpExample.Of(
            "Two checkpoints on the same questions", new CompareOptions { Samples = ["a.jsonl", "b.jsonl"] }),
    ];

    private static CompareOptions MethodsExample =>
        new() { Methods = true, Config = "configs/scenes.yaml", Checkpoint = "runs/scenes", Output = "methods.png" };
}
