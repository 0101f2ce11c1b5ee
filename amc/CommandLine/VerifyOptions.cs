using CommandLine;
using CommandLine.Text;

namespace AmcEngine.Amc.CommandLine;

/// <summary>Arguments of <c>amcx verify</c>.</summary>
[Verb("verify", HelpText = "Replay recorded numbers of the reference implementation and compare.")]
internal sealed class VerifyOptions : CommonOptions
{
    /// <summary>The golden file.</summary>
    [Option("golden", Required = true, MetaValue = "F.json", HelpText = "The golden file; its tensors lie beside it.")]
    public string Golden { get; set; } = "";

    /// <summary>Element type.</summary>
    [Option("dtype", Default = "f32", MetaValue = "f32|f64", HelpText = "Element type to compute in.")]
    public string DType { get; set; } = "f32";

    /// <summary>Weights other than the golden rule's.</summary>
    [Option("checkpoint", MetaValue = "C",
        HelpText = "Take the weights from this checkpoint instead of the golden rule.")]
    public string? Checkpoint { get; set; }

    /// <summary>Examples of the help page.</summary>
    [Usage(ApplicationAlias = "amcx")]
    public static IEnumerable<Example> Examples =>
        [HelpExample.Of("Compare one training step", new VerifyOptions { Golden = "tests/Golden/albef-tiny.json" })];
}
