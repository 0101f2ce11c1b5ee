using CommandLine;
using CommandLine.Text;

namespace AmcEngine.Amc.CommandLine;

/// <summary>Arguments of <c>amcx explain</c>.</summary>
[Verb("explain", HelpText = "Draw where the model looks in a picture for a phrase.")]
internal sealed class ExplainOptions : MethodOptions
{
    /// <summary>The model.</summary>
    [Option("checkpoint", Required = true, MetaValue = "C", HelpText = CheckpointHelp)]
    public string Checkpoint { get; set; } = "";

    /// <summary>The picture.</summary>
    [Option("image", Required = true, MetaValue = "I", HelpText = "The picture: PNG, JPEG, WebP, GIF or BMP.")]
    public string Image { get; set; } = "";

    /// <summary>The phrase.</summary>
    [Option("text", Required = true, MetaValue = "\"phrase\"", HelpText = "What to look for.")]
    public string Text { get; set; } = "";

    /// <summary>The picture to write.</summary>
    [Option("output", Required = true, MetaValue = "OUT.png",
        HelpText = "The picture to write: .png, .jpg, .jpeg or .webp.")]
    public string Output { get; set; } = "";

    /// <summary>The configuration of a checkpoint that does not carry one.</summary>
    [Option("config", MetaValue = "F.yaml",
        HelpText = "The model's configuration; only for a file that has none beside it.")]
    public string? Config { get; set; }

    /// <summary>Examples of the help page.</summary>
    [Usage(ApplicationAlias = "amcx")]
    public static IEnumerable<Example> Examples =>
    [
        HelpExample.Of("Explain a phrase", new ExplainOptions
        {
            Checkpoint = "runs/scenes",
            Image = "scene.png",
            Text = "red circle",
            Output = "heatmap.png"
        }),
        HelpExample.Of("Explain it by another method", new ExplainOptions
        {
            Checkpoint = "runs/scenes",
            Image = "scene.png",
            Text = "red circle",
            Output = "heatmap.png",
            Method = "rise",
        }),
    ];
}
