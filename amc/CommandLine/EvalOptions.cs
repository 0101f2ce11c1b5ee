using CommandLine;
using CommandLine.Text;

namespace AmcEngine.Amc.CommandLine;

/// <summary>Arguments of <c>amcx eval</c>.</summary>
[Verb("eval", HelpText = "Play the pointing game on the test data of a configuration.")]
internal sealed class EvalOptions : MethodOptions
{
    /// <summary>The configuration whose test data is used.</summary>
    [Option("config", Required = true, MetaValue = "F.yaml", HelpText = "The configuration whose test data is used.")]
    public string Config { get; set; } = "";

    /// <summary>Where to write the result as JSON.</summary>
    [Option("json", MetaValue = "OUT", HelpText = "Write the result as one JSON object.")]
    public string? Json { get; set; }

    /// <summary>Where to write the answers.</summary>
    [Option("samples", MetaValue = "OUT.jsonl", HelpText = "Write one JSON object a line for each sample: phrase, image, boxes, point, hit, score (how likely phrase and picture match), flat.")]
    public string? Samples { get; set; }

    /// <summary>Where to write a page with results and cases.</summary>
    [Option("report", MetaValue = "OUT.html",
        HelpText = "Write a page for a browser: the numbers, and up to 200 cases to sort, filter and look at.")]
    public string? Report { get; set; }

    /// <summary>Settings that win over the file.</summary>
    [Option("set", MetaValue = "key=value", HelpText = "Settings that win over the configuration.")]
    public IEnumerable<string> Set { get; set; } = [];

    /// <summary>Examples of the help page.</summary>
    [Usage(ApplicationAlias = "amcx")]
    public static IEnumerable<Example> Examples =>
    [
        HelpExample.Of("Evaluate a trained model", new EvalOptions { Config = "configs/scenes.yaml", Checkpoint = "runs/scenes", Json = "result.json" }),
        HelpExample.Of("Explain it by another method",
            new EvalOptions { Config = "configs/scenes.yaml", Checkpoint = "runs/scenes", Method = "relevance" }),
    ];
}
