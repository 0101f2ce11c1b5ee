using CommandLine;
using CommandLine.Text;

namespace AmcEngine.Amc.CommandLine;

/// <summary>Arguments of <c>amcx convert</c>.</summary>
[Verb("convert", HelpText = "Turn checkpoints into one another: safetensors, sharded safetensors, PyTorch.")]
internal sealed class ConvertOptions : CommonOptions
{
    /// <summary>The checkpoint to read.</summary>
    [Value(0, Required = true, MetaName = "IN",
        HelpText = "A PyTorch checkpoint, a safetensors file, an index of several or its folder, or a run's folder.")]
    public string Input { get; set; } = "";

    /// <summary>The file to write.</summary>
    [Value(1, Required = true, MetaName = "OUT",
        HelpText = "What to write: FILE.safetensors, or FILE.pth for PyTorch; with --shard-size a folder will do.")]
    public string Output { get; set; } = "";

    /// <summary>Which of a file's sets of weights.</summary>
    [Option("key", MetaValue = "NAME",
        HelpText = "The key under which the checkpoint holds the weights (default: model, state_dict and the like).")]
    public string? Key { get; set; }

    /// <summary>The element type to write.</summary>
    [Option("dtype", MetaValue = "TYPE",
        HelpText = "Write floating weights as f32, f16 or bf16, rounded to nearest (default: as they are).")]
    public string? DType { get; set; }

    /// <summary>How large a file may become.</summary>
    [Option("shard-size", MetaValue = "SIZE",
        HelpText = "Write several safetensors files of at most SIZE (500MB, 2GB) and model.safetensors.index.json.")]
    public string? ShardSize { get; set; }

    /// <summary>The key around the weights of a PyTorch checkpoint.</summary>
    [Option("wrap", MetaValue = "NAME",
        HelpText = "The key under which a .pth holds the weights, or none (default: model, as the reference loads).")]
    public string? Wrap { get; set; }

    /// <summary>Examples of the help page.</summary>
    [Usage(ApplicationAlias = "amcx")]
    public static IEnumerable<Example> Examples =>
    [
        HelpExample.Of("Convert a published checkpoint",
            new ConvertOptions { Input = "ALBEF.pth", Output = "ALBEF.safetensors" }),
        HelpExample.Of("Hand a run's weights to PyTorch",
            new ConvertOptions { Input = "runs/scenes", Output = "model.pth" }),
        HelpExample.Of("Shard a checkpoint in half precision",
            new ConvertOptions { Input = "ALBEF.pth", Output = "albef", DType = "f16", ShardSize = "500MB" }),
    ];
}
