using System.Globalization;
using AmcEngine.Amc.Configuration;
using AmcEngine.Amc.Data;
using AmcEngine.Amc.Reports;
using AmcEngine.DataTools;

namespace AmcEngine.Amc.CommandLine;

/// <summary>The commands of <c>amcx data</c>.</summary>
internal static class DataCommandRunner
{
    /// <summary>Writes generated scenes.</summary>
    /// <exception cref="ConfigException">A number is out of range.</exception>
    public static int Export(ScenesOptions options, CommandContext context)
    {
        if (options.Count < 1)
            throw new ConfigException($"--count {options.Count}: must be at least 1");
        if (options.Seed < 0)
            throw new ConfigException($"--seed {options.Seed}: must be 0 or more");
        var folder = (options as FashionScenesOptions)?.FashionFolder;
        var scenes = SceneSources.Create(options.Kind, options.Size, folder, "--size");
        var (count, seed) = (options.Count, (ulong)options.Seed);
        var path = SceneExporter.Export(
            scenes, options.Output, count, seed, options.Split, options.Format, options.Regions);
        context.Out.WriteLine($"{options.Count} scenes written; annotations: {path}");
        if (options.Regions is { } kind)
        {
            var file = Path.Combine(options.Output, SceneExporter.RegionFileName);
            context.Out.WriteLine($"regions ({kind.ToString().ToLowerInvariant()}): {file}");
        }
        return ErrorReporter.Success;
    }

    /// <summary>Says what an annotation file holds, and all that is wrong with it.</summary>
    /// <exception cref="ConfigException">An argument is wrong.</exception>
    /// <exception cref="DataException">
    /// The file is unusable, or training would refuse it for its share of bad entries or pictures.
    /// </exception>
    public static int Inspect(InspectOptions options, CommandContext context)
    {
        ConfigKey format = ConfigSchema.Find("box_format")!, share = ConfigSchema.Find("max_bad_share")!;
        if (!format.Choices.Contains(options.BoxFormat))
            throw new ConfigException($"--box-format {options.BoxFormat}: use {format.Expected}");
        if (!(options.MaxBadShare >= share.Minimum && options.MaxBadShare <= share.Maximum))
            throw new ConfigException(
                FormattableString.Invariant($"--max-bad-share {options.MaxBadShare}: must be {share.Expected}"));
        CheckSheet(options);
        PictureOptions pictures = new() { Boxes = PictureSettings.Format(options.BoxFormat), Exif = options.Exif };
        var found = DataInspector.Inspect(options.File, options.ImageRoot, pictures);
        foreach (var line in found.Annotations.Lines().Concat(found.PictureProblems))
            context.Out.WriteLine(line);
        Show(found, context.Out);
        if (options.Sheet is { } sheet)
        {
            AnnotationSheet.Save(sheet, options.File, options.ImageRoot!, pictures);
            context.Out.WriteLine($"sheet      {sheet}");
        }
        Refuse(options, found);
        return ErrorReporter.Success;
    }

    // Before anything is read.
    private static void CheckSheet(InspectOptions options)
    {
        if (options.Sheet is not { } sheet)
            return;
        if (options.ImageRoot is null)
            throw new ConfigException("--sheet: needs --image-root, the folder that picture paths start from");
        OutputFiles.RequirePictureName("--sheet", sheet);
    }

    private static void Show(Inspection found, TextWriter output)
    {
        var summary = found.Summary;
        output.WriteLine($"entries    {summary.Entries}");
        output.WriteLine($"pictures   {summary.Pictures}");
        output.WriteLine(
            FormattableString.Invariant($"phrases    {summary.Captions}, {summary.MeanWords:0.0} words each"));
        ShowRegions(found, output);
        if (found.Annotations.WithoutBox > 0)
            output.WriteLine($"no box     {found.Annotations.WithoutBox} entries: "
                + "they train the losses that need none, and ask no question");
        var allGood = found.Pictures is { HasBad: false } && !found.Annotations.HasBad;
        if (summary.MeanBoxShare is { } share)
        {
            var (name, what) = HasOthers(found) ? ("share    ", "regions") : ("box share", "boxes");
            var verdict = allGood ? $"; all pictures can be read and all {what} fit" : "";
            output.WriteLine(
                FormattableString.Invariant($"{name}  {100 * share:0.0} % of the picture on average{verdict}"));
        }
        if (found.Pictures is { HasBad: true } pictures)
            output.WriteLine($"damaged    {pictures.Summary}");
    }

    private static bool HasOthers(Inspection found) => found.Kinds.Any(k => k.Kind != "box");

    // Boxes by their sides; where there are other kinds, all of them by number and area.
    private static void ShowRegions(Inspection found, TextWriter output)
    {
        var summary = found.Summary;
        var (width, height) = (summary.MeanBoxWidth, summary.MeanBoxHeight);
        if (summary.Boxes > 0 || !HasOthers(found))
        {
            var sides = summary.IsNormalised
                ? FormattableString.Invariant($"{width:0.00} × {height:0.00} of the picture on average (normalised)")
                : FormattableString.Invariant($"{width:0} × {height:0} pixels on average");
            output.WriteLine($"boxes      {summary.Boxes}, {sides}");
        }
        foreach (var kind in HasOthers(found) ? found.Kinds : [])
        {
            var share = kind.MeanShare is { } mean
                ? FormattableString.Invariant($", {100 * mean:0.0} % of the picture on average") : "";
            output.WriteLine($"regions    {kind.Count} {kind.Kind}{share}");
        }
    }

    private static void Refuse(InspectOptions options, Inspection found)
    {
        if (BadBounds.Exceeds(found.Annotations.BadEntries, found.Annotations.Entries, options.MaxBadShare))
            throw new DataException($"{options.File}: {found.Annotations.BadEntries} of {found.Annotations.Entries} "
                + "entries are bad, more than training accepts; correct them, or raise max_bad_share.");
        if (found.Pictures is { } pictures && BadBounds.Exceeds(
            pictures.Undecodable, pictures.Pictures, options.MaxBadShare))
            throw new DataException($"{options.ImageRoot}: {pictures.Undecodable} of {pictures.Pictures} pictures "
                + "cannot be decoded, more than training accepts; repair them, or raise max_bad_share.");
    }
}
