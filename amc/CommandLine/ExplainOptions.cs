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

    /// <summary>The phrases.</summary>
    [Option("text", Required = true, MetaValue = "\"phrase\"",
        HelpText = "What to look for; several phrases are asked together and drawn in one grid.")]
    public IEnumerable<string> Text { get; set; } = [];

    /// <summary>The picture to write.</summary>
    [Option("output", Required = true, MetaValue = "OUT.png",
        HelpText = "The picture to write: .png, .jpg, .jpeg or .webp.")]
    public string Output { get; set; } = "";

    /// <summary>Whether each word has a map.</summary>
    [Option("words", HelpText = "Also draw a map for each word (image-text matching, --method gradcam).")]
    public bool Words { get; set; }

    /// <summary>Layers that have a map.</summary>
    [Option("layers", MetaValue = "N,...|all",
        HelpText = "Also draw the phrase by other layers, which have cross attention (--method gradcam).")]
    public string? Layers { get; set; }

    /// <summary>The colours.</summary>
    [Option("colormap", Default = "jet", MetaValue = "NAME",
        HelpText = "Colours of the map: jet, viridis, inferno, magma or gray.")]
    public string Colormap { get; set; } = "jet";

    /// <summary>How much of the picture is hidden where a map is highest.</summary>
    [Option("opacity", Default = 1.0, MetaValue = "0..1",
        HelpText = "How much of the picture the map hides where it is highest.")]
    public double Opacity { get; set; } = 1;

    /// <summary>Where to write the maps as arrays.</summary>
    [Option("npy", MetaValue = "OUT", HelpText = "Write the maps of patches for NumPy: OUT.npz holds them by name "
        + "(phrase0, phrase0_word1, phrase0_layer8), any other name one array.")]
    public string? Npy { get; set; }

    /// <summary>Where to write numbers.</summary>
    [Option("json", MetaValue = "OUT", HelpText = "Write score, pointed pixel and statistics of each map as JSON.")]
    public string? Json { get; set; }

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
            Text = ["red circle"],
            Output = "heatmap.png"
        }),
        HelpExample.Of("Explain two phrases, their words and every layer", new ExplainOptions
        {
            Checkpoint = "runs/scenes",
            Image = "scene.png",
            Text = ["red circle", "blue ring"],
            Output = "grid.png",
            Words = true,
            Layers = "all",
        }),
        HelpExample.Of("Explain it by another method", new ExplainOptions
        {
            Checkpoint = "runs/scenes",
            Image = "scene.png",
            Text = ["red circle"],
            Output = "heatmap.png",
            Method = "rise",
        }),
    ];
}
