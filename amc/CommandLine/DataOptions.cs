using AmcEngine.Amc.Configuration;
using AmcEngine.DataTools;
using CommandLine;
using CommandLine.Text;

namespace AmcEngine.Amc.CommandLine;

/// <summary>Arguments of both commands that export generated scenes.</summary>
internal abstract class ScenesOptions : CommonOptions
{
    /// <summary>The kind of scenes.</summary>
    public abstract string Kind { get; }

    /// <summary>The folder to write.</summary>
    [Option("output", Required = true, MetaValue = "DIR",
        HelpText = "Folder for the pictures and annotations.json; serves as image_root.")]
    public string Output { get; set; } = "";

    /// <summary>How many scenes.</summary>
    [Option("count", Default = 1000, MetaValue = "N", HelpText = "How many scenes.")]
    public int Count { get; set; }

    /// <summary>The seed of the scenes.</summary>
    [Option("seed", Default = 0, MetaValue = "N", HelpText = "Seed of the scenes.")]
    public int Seed { get; set; }

    /// <summary>Which stream of scenes.</summary>
    [Option("split", Default = SceneSplit.Train, MetaValue = "train|test",
        HelpText = "Scenes to train on or to test on; they share none.")]
    public SceneSplit Split { get; set; }

    /// <summary>How pictures are stored.</summary>
    [Option("format", Default = SceneFormat.Png, MetaValue = "png|jpeg", HelpText = "How pictures are stored.")]
    public SceneFormat Format { get; set; }

    /// <summary>How items are annotated beside their boxes.</summary>
    [Option("regions", MetaValue = "box|polygon|mask|points|scribble|mixed",
        HelpText = "Also write annotations.regions.json with regions of this kind.")]
    public SceneRegionKind? Regions { get; set; }

    /// <summary>Side of the pictures.</summary>
    [Option("size", Default = 64, MetaValue = "PIXELS", HelpText = "Side of the pictures.")]
    public int Size { get; set; }
}

/// <summary>Arguments of <c>amcx data scenes</c>.</summary>
[Verb("scenes", HelpText = "Write generated scenes of coloured shapes as pictures and annotations.")]
internal sealed class ShapeScenesOptions : ScenesOptions
{
    /// <inheritdoc/>
    public override string Kind => SceneKinds.Shapes;

    /// <summary>Examples of the help page.</summary>
    [Usage(ApplicationAlias = "amcx data")]
    public static IEnumerable<Example> Examples =>
        [HelpExample.Of("Write 200 test scenes",
            new ShapeScenesOptions { Output = "scenes", Count = 200, Split = SceneSplit.Test, Size = 64 })];
}

/// <summary>Arguments of <c>amcx data fashion-scenes</c>.</summary>
[Verb("fashion-scenes", HelpText = "Write generated scenes of tinted Fashion-MNIST pictures.")]
internal sealed class FashionScenesOptions : ScenesOptions
{
    /// <inheritdoc/>
    public override string Kind => SceneKinds.Fashion;

    /// <summary>The folder of Fashion-MNIST's files.</summary>
    [Option("fashion-folder", MetaValue = "DIR",
        HelpText = "Folder of Fashion-MNIST's four gzip'd files (default: Debian's package dataset-fashion-mnist).")]
    public string? FashionFolder { get; set; }

    /// <summary>Examples of the help page.</summary>
    [Usage(ApplicationAlias = "amcx data")]
    public static IEnumerable<Example> Examples =>
        [HelpExample.Of("Write 200 test scenes",
            new FashionScenesOptions { Output = "fashion", Count = 200, Split = SceneSplit.Test, Size = 64 })];
}

/// <summary>Arguments of <c>amcx data inspect</c>.</summary>
[Verb("inspect", HelpText = "Check an annotation file, list what is wrong with it, and say what it holds.")]
internal sealed class InspectOptions : CommonOptions
{
    /// <summary>The annotation file.</summary>
    [Value(0, Required = true, MetaName = "FILE", HelpText = "The annotation file (JSON).")]
    public string File { get; set; } = "";

    /// <summary>The folder of the pictures.</summary>
    [Option("image-root", MetaValue = "DIR",
        HelpText = "Also read every picture below this folder and check every box against it.")]
    public string? ImageRoot { get; set; }

    /// <summary>The picture to draw.</summary>
    [Option("sheet", MetaValue = "OUT",
        HelpText = "Draw pictures with phrases and regions on a sheet (PNG, JPEG or WebP); needs --image-root.")]
    public string? Sheet { get; set; }

    /// <summary>What the numbers of a box mean.</summary>
    [Option("box-format", Default = ConfigSchema.DefaultBoxFormat, MetaValue = ConfigSchema.BoxFormats,
        HelpText = "What the numbers of a box mean, as box_format of a configuration.")]
    public string BoxFormat { get; set; } = ConfigSchema.DefaultBoxFormat;

    /// <summary>What to do with EXIF orientation.</summary>
    [Option("exif", Default = ExifOrientation.Apply, MetaValue = "apply|ignore",
        HelpText = "What to do with EXIF orientation, as exif of a configuration.")]
    public ExifOrientation Exif { get; set; }

    /// <summary>The share that may be bad.</summary>
    [Option("max-bad-share", Default = BadBounds.DefaultShare, MetaValue = "SHARE",
        HelpText = "Exit 2 where more than ten, and more than this share, of entries or pictures are bad.")]
    public double MaxBadShare { get; set; }

    /// <summary>Examples of the help page.</summary>
    [Usage(ApplicationAlias = "amcx data")]
    public static IEnumerable<Example> Examples =>
    [
        HelpExample.Of("Check annotations and pictures",
            new InspectOptions { File = "scenes/annotations.json", ImageRoot = "scenes" }),
        HelpExample.Of("Look at them",
            new InspectOptions { File = "scenes/annotations.json", ImageRoot = "scenes", Sheet = "sheet.png" }),
    ];
}
