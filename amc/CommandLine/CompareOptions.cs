using CommandLine;
using CommandLine.Text;

namespace AmcEngine.Amc.CommandLine;

/// <summary>Arguments of <c>amcx compare</c>.</summary>
[Verb("compare", HelpText = "Compare training runs: pointing accuracy by step, with the spread over seeds, as a table and curves.")]
internal sealed class CompareOptions : CommonOptions
{
    /// <summary>Groups of runs.</summary>
    [Value(0, MetaName = "NAME=DIR[,DIR...]", Min = 1, HelpText = "A name and the folders of its runs (different seeds of one setting).")]
    public IEnumerable<string> Groups { get; set; } = [];

    /// <summary>Where to draw the curves.</summary>
    [Option("output", MetaValue = "OUT.png", HelpText = "Draw the curves.")]
    public string? Output { get; set; }

    /// <summary>Examples of the help page.</summary>
    [Usage(ApplicationAlias = "amcx")]
    public static IEnumerable<Example> Examples =>
    [
        HelpExample.Of("With and without AMC, two seeds each", new CompareOptions { Groups = ["amc=runs/amc-1,runs/amc-2", "base=runs/base-1,runs/base-2"], Output = "curves.png" }),
    ];
}
