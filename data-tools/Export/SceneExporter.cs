using System.Globalization;
using AmcEngine.Files;

namespace AmcEngine.DataTools;

/// <summary>
/// Writes generated scenes as pictures and an annotation file in the reference's format (specification 6).
/// </summary>
public static class SceneExporter
{
    /// <summary>Name of the annotation file in the output folder.</summary>
    public const string AnnotationFileName = "annotations.json";

    /// <summary>Name of the file with regions of another kind.</summary>
    public const string RegionFileName = "annotations.regions.json";

    private const string Masks = "masks";

    /// <summary>
    /// Exports scenes 0 … count − 1 of a stream; <paramref name="outputDir"/> then serves as image_root.
    /// </summary>
    /// <param name="scenes">The renderer.</param>
    /// <param name="outputDir">Folder to write into; made if missing.</param>
    /// <param name="count">How many scenes.</param>
    /// <param name="seed">Seed of the stream.</param>
    /// <param name="split">Which stream.</param>
    /// <param name="format">How pictures are stored.</param>
    /// <param name="regions">
    /// How items are annotated in <see cref="RegionFileName"/>, which is written beside the boxes; masks are pictures
    /// of their own. Null writes boxes alone.
    /// </param>
    /// <returns>Path of the annotation file.</returns>
    /// <exception cref="DataException">The renderer's files are missing.</exception>
    /// <exception cref="FileWriteException">The folder cannot be written.</exception>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="count"/> is not positive.</exception>
    public static string Export(
        ISceneSource scenes, string outputDir, int count, ulong seed, SceneSplit split, SceneFormat format,
        SceneRegionKind? regions = null)
    {
        ArgumentNullException.ThrowIfNull(scenes);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(count);
        var images = CreateFolder(Path.Combine(outputDir, "images"), outputDir);
        if (regions is SceneRegionKind.Mask or SceneRegionKind.Mixed)
            CreateFolder(Path.Combine(outputDir, Masks), outputDir);
        List<RegionAnnotation> annotations = new(count), marked = [];
        for (var i = 0; i < count; i++)
        {
            var scene = scenes.Render(seed, split, i);
            var name = format == SceneFormat.Png ? $"{i:D6}.png" : $"{i:D6}.jpg";
            if (format == SceneFormat.Png)
                scene.Picture.SavePng(Path.Combine(images, name));
            else
                scene.Picture.SaveJpeg(Path.Combine(images, name));
            // Forward slashes on every system: the file is the same everywhere.
            annotations.Add(new RegionAnnotation($"images/{name}", [scene.Phrase], [scene.Box]));
            if (regions is { } kind)
            {
                var region = SceneRegions.Of(scene, kind, 1, seed, split, i)[0];
                marked.Add(Marked(annotations[i], scene, region, i, outputDir));
            }
        }
        // Last, so that an annotation file never names pictures that are not there.
        var path = Path.Combine(outputDir, AnnotationFileName);
        AnnotationFile.Save(path, annotations);
        if (regions is not null)
            AnnotationFile.Save(Path.Combine(outputDir, RegionFileName), marked);
        return path;
    }

    private static RegionAnnotation Marked(
        RegionAnnotation annotation, Scene scene, Region region, int number, string outputDir)
    {
        if (region is MaskPicture mask)
        {
            var name = $"{Masks}/{number:D6}.png";
            MaskFile.Save(Path.Combine(outputDir, name), mask);
            region = new MaskPicture(name);
        }
        return annotation with
        {
            Regions = [region],
            Width = scene.Picture.Width,
            Height = scene.Picture.Height,
            Id = number.ToString(CultureInfo.InvariantCulture),
        };
    }

    private static string CreateFolder(string folder, string outputDir)
    {
        try
        {
            Directory.CreateDirectory(folder);
            return folder;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new FileWriteException(outputDir, e);
        }
    }
}
