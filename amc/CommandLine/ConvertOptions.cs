using CommandLine;
using CommandLine.Text;

namespace AmcEngine.Amc.CommandLine;

/// <summary>Arguments of <c>amcx convert</c>.</summary>
[Verb("convert", HelpText = "Turn a PyTorch checkpoint into a safetensors file.")]
internal sealed class ConvertOptions : CommonOptions
{
    /// <summary>The checkpoint to read.</summary>
    [Value(0, Required = true, MetaName = "IN",
        HelpText = "A PyTorch checkpoint, a safetensors file or a run's folder.")]
    public string Input { get; set; } = "";

    /// <summary>The file to write.</summary>
    [Value(1, Required = true, MetaName = "OUT", HelpText = "The .safetensors file to write.")]
    public string Output { get; set; } = "";

    /// <summary>Which of a file's sets of weights.</summary>
    [Option("key", MetaValue = "NAME",
        HelpText = "The key under which the checkpoint holds the weights (default: model, state_dict and the like).")]
    public string? Key { get; set; }

    /// <summary>Examples of the help page.</summary>
    [Usage(ApplicationAlias = "amcx")]
    public static IEnumerable<Example> Examples =>
        [HelpExample.Of("Convert a published checkpoint",
            new ConvertOptions { Input = "ALBEF.pth", Output = "ALBEF.safetensors" })];
}
