using AmcEngine.DataTools;
using CommandLine;
using CommandLine.Text;

namespace AmcEngine.Amc.CommandLine;

/// <summary>Arguments of the commands that import a data set.</summary>
internal abstract class ImportOptions : CommonOptions
{
    /// <summary>The data set's name in <see cref="DatasetRegistry"/>: the command's own.</summary>
    public string Kind => ((VerbAttribute)Attribute.GetCustomAttribute(GetType(), typeof(VerbAttribute))!).Name;

    /// <summary>The folder of the originals.</summary>
    [Option("root", Required = true, MetaValue = "DIR", HelpText = "Folder into which the download was unpacked.")]
    public string Root { get; set; } = "";

    /// <summary>The folder to write.</summary>
    [Option("output", Required = true, MetaValue = "DIR", HelpText = "Folder for SPLIT.json (the reference's format), "
        + "SPLIT.regions.json (with outlines and sizes) and summary.json.")]
    public string Output { get; set; } = "";

    /// <summary>The folder of the pictures.</summary>
    [Option("images", MetaValue = "DIR",
        HelpText = "Folder of the pictures (default: the usual folders below --root).")]
    public string? Images { get; set; }

    /// <summary>Whether missing pictures are accepted.</summary>
    [Option("allow-missing",
        HelpText = "Import without the pictures that are missing; missing.txt lists them either way.")]
    public bool AllowMissing { get; set; }

    /// <summary>Whether to replace an import.</summary>
    [Option("overwrite", HelpText = "Replace an import that is in the output folder.")]
    public bool Overwrite { get; set; }

    /// <summary>What the importer is asked.</summary>
    public virtual ImportRequest Request =>
        new(Root, Output) { Images = Images, AllowMissing = AllowMissing, Overwrite = Overwrite };

    /// <summary>The examples of a help page.</summary>
    protected static IEnumerable<Example> Example(string text, ImportOptions sample) => [HelpExample.Of(text, sample)];
}

/// <summary>Arguments of <c>amcx data vg</c>.</summary>
[Verb("vg", HelpText = "Import Visual Genome: region descriptions and attributes.")]
internal sealed class VisualGenomeOptions : ImportOptions
{
    /// <summary>Examples of the help page.</summary>
    [Usage(ApplicationAlias = "amcx data")]
    public static IEnumerable<Example> Examples =>
        Example("Import Visual Genome", new VisualGenomeOptions { Root = "visual-genome", Output = "data/vg" });
}

/// <summary>Arguments of <c>amcx data flickr30k</c>.</summary>
[Verb("flickr30k", HelpText = "Import Flickr30k Entities: phrases with boxes.")]
internal sealed class FlickrOptions : ImportOptions
{
    /// <summary>The folder of info-ground's JSON.</summary>
    [Option("info-ground", MetaValue = "DIR", HelpText = "Read bounding_boxes_SPLIT.json and sentences_SPLIT.json of "
        + "this folder instead of the XML and sentence files.")]
    public string? InfoGround { get; set; }

    /// <inheritdoc/>
    public override ImportRequest Request => base.Request with { InfoGround = InfoGround };

    /// <summary>Examples of the help page.</summary>
    [Usage(ApplicationAlias = "amcx data")]
    public static IEnumerable<Example> Examples => Example("Import Flickr30k Entities",
        new FlickrOptions { Root = "flickr30k_entities", Images = "flickr30k-images", Output = "data/flickr30k" });
}

/// <summary>Arguments of the commands that import a data set of the REFER family.</summary>
internal abstract class ReferOptions : ImportOptions
{
    /// <summary>Whose division into splits.</summary>
    [Option("split-by", MetaValue = "unc|google|umd|berkeley",
        HelpText = "Whose division into splits (default: the usual one).")]
    public string? SplitBy { get; set; }

    /// <inheritdoc/>
    public override ImportRequest Request => base.Request with { SplitBy = SplitBy };
}

/// <summary>Arguments of <c>amcx data refcoco</c>.</summary>
[Verb("refcoco", HelpText = "Import RefCOCO: expressions with boxes and outlines.")]
internal sealed class RefCocoOptions : ReferOptions
{
    /// <summary>Examples of the help page.</summary>
    [Usage(ApplicationAlias = "amcx data")]
    public static IEnumerable<Example> Examples =>
        Example("Import RefCOCO", new RefCocoOptions { Root = "refer/data", Output = "data/refcoco" });
}

/// <summary>Arguments of <c>amcx data refcoco+</c>.</summary>
[Verb("refcoco+", HelpText = "Import RefCOCO+: expressions with boxes and outlines.")]
internal sealed class RefCocoPlusOptions : ReferOptions
{
    /// <summary>Examples of the help page.</summary>
    [Usage(ApplicationAlias = "amcx data")]
    public static IEnumerable<Example> Examples =>
        Example("Import RefCOCO+", new RefCocoPlusOptions { Root = "refer/data", Output = "data/refcoco+" });
}

/// <summary>Arguments of <c>amcx data refcocog</c>.</summary>
[Verb("refcocog", HelpText = "Import RefCOCOg: expressions with boxes and outlines.")]
internal sealed class RefCocoGOptions : ReferOptions
{
    /// <summary>Examples of the help page.</summary>
    [Usage(ApplicationAlias = "amcx data")]
    public static IEnumerable<Example> Examples =>
        Example("Import RefCOCOg", new RefCocoGOptions { Root = "refer/data", Output = "data/refcocog" });
}

/// <summary>Arguments of <c>amcx data refclef</c>.</summary>
[Verb("refclef", HelpText = "Import RefCLEF (ReferIt): expressions with boxes and masks.")]
internal sealed class RefClefOptions : ReferOptions
{
    /// <summary>Examples of the help page.</summary>
    [Usage(ApplicationAlias = "amcx data")]
    public static IEnumerable<Example> Examples =>
        Example("Import RefCLEF", new RefClefOptions { Root = "refer/data", Output = "data/refclef" });
}

/// <summary>Arguments of <c>amcx data coco</c>.</summary>
[Verb("coco", HelpText = "Import COCO: objects by category, and captions.")]
internal sealed class CocoOptions : ImportOptions
{
    /// <summary>Examples of the help page.</summary>
    [Usage(ApplicationAlias = "amcx data")]
    public static IEnumerable<Example> Examples =>
        Example("Import COCO", new CocoOptions { Root = "coco", Output = "data/coco" });
}
