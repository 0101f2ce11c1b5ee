using System.Text.Json;

namespace AmcEngine.DataTools;

/// <summary>
/// The REFER data sets as Parquet, as the mirror jxu124/refcoco-benchmark on Hugging Face has them: files
/// <c>NAME_SPLITBY_SPLIT-….parquet</c>, a row a picture with the columns <c>image_info</c>, <c>ref_list</c> (of
/// <c>ref_info</c> and <c>ann_info</c>) and <c>image</c>, the picture itself.
/// </summary>
internal static class ReferMirror
{
    /// <summary>A file of the mirror.</summary>
    /// <param name="Path">The file.</param>
    /// <param name="Split">Its split.</param>
    public sealed record File(string Path, string Split);

    /// <summary>A row of the mirror.</summary>
    /// <param name="Picture">The picture.</param>
    /// <param name="Bytes">The picture's file; null where the row has none.</param>
    /// <param name="Objects">Objects with their expressions; null for what is malformed.</param>
    public sealed record Row(
        CocoPicture Picture, byte[]? Bytes, IReadOnlyList<(ReferExpression? Expression, CocoObject? Object)> Objects);

    /// <summary>The files of a data set in a folder and its folders, in the order of their names.</summary>
    /// <param name="root">The folder.</param>
    /// <param name="name">What the mirror calls the data set (<c>refcoco_plus</c>).</param>
    /// <param name="splitBy">Whose division into splits.</param>
    public static IReadOnlyList<File> Find(string root, string name, string splitBy)
    {
        var prefix = $"{name}_{splitBy}_";
        List<File> files = [];
        foreach (var path in Directory.EnumerateFiles(root, "*.parquet", SearchOption.AllDirectories)
            .Order(StringComparer.Ordinal))
        {
            // Hugging Face's own conversion has a folder for each split.
            string[] names = [Path.GetFileNameWithoutExtension(path), Path.GetFileName(Path.GetDirectoryName(path)!)];
            if (names.FirstOrDefault(n => n.StartsWith(prefix, StringComparison.Ordinal)) is { } found
                && found[prefix.Length..].Split('-')[0] is { Length: > 0 } split
                && split.All(char.IsAsciiLetterOrDigit))
                files.Add(new File(path, split));
        }
        return files;
    }

    /// <summary>The rows of a file; rows without a picture's name are left out.</summary>
    /// <exception cref="DataException">The file is damaged, or has other columns.</exception>
    public static IEnumerable<Row> Rows(string path)
    {
        foreach ((var row, var bytes) in ParquetRows.Read(path, ("image", "bytes")))
        {
            if (row.Field("image_info") is not { } info
                || row.Field("ref_list") is not { ValueKind: JsonValueKind.Array } list)
                throw new DataException($"{path}: the columns image_info and ref_list are missing; "
                    + "the mirror jxu124/refcoco-benchmark has them.");
            if (CocoPicture.Of(info) is not { } picture)
                throw new DataException($"{path}: a row's image_info has no id or file_name; "
                    + "the mirror jxu124/refcoco-benchmark has them.");
            yield return new Row(picture.Picture, bytes,
                [.. list.EnumerateArray().Select(r => (Expression(r.Field("ref_info"), picture.Id),
                    r.Field("ann_info") is { } annotation ? CocoObject.Of(annotation) : null))]);
        }
    }

    private static ReferExpression? Expression(JsonElement? info, long picture) =>
        info is { } fields && fields.Whole("ref_id") is { } id && fields.Whole("ann_id") is { } annotation
            ? new ReferExpression(id, annotation, picture, fields.Text("split") ?? "", fields.Whole("category_id"),
                [.. fields.Elements("sentences").Select(
                    s => s.Text("sent") is { } text ? new ReferSentence(s.Whole("sent_id"), text) : null)])
            : null;
}
