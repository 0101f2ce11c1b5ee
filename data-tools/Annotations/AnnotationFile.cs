using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using AmcEngine.Files;

namespace AmcEngine.DataTools;

/// <summary>
/// Annotation files in the reference's format (specification 6): a JSON list of
/// <c>{"image": path, "caption": phrase or list of phrases, "bbox": [[x1, y1, x2, y2], …]}</c>, and perhaps
/// <c>"paraphrases": [phrase, …]</c>; in place of bbox perhaps <c>"regions": [region, …]</c> of any kind, and
/// <c>width</c>, <c>height</c>, <c>id</c>, <c>entity</c>, <c>category</c>, <c>split</c>; and what ALBEF's and SelfEQ's
/// files have: <c>text</c> or <c>phrase_chunks</c> for caption, <c>ref_id</c>, <c>relation</c>. Other fields are
/// ignored.
/// </summary>
public static class AnnotationFile
{
    private static readonly JsonWriterOptions WriterOptions =
        new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>Reads a file whose bad entries, if any, keep within the bounds.</summary>
    /// <param name="path">The file.</param>
    /// <param name="format">What the numbers of a box mean.</param>
    /// <returns>At least one annotation, in the file's order.</returns>
    /// <exception cref="DataException">The file is unusable, or too many entries are bad.</exception>
    public static IReadOnlyList<RegionAnnotation> Load(string path, BoxFormat format = BoxFormat.Auto)
    {
        var census = new AnnotationCensus();
        var annotations = Load(path, format, census);
        census.Finish();
        return annotations;
    }

    /// <summary>Refuses a file that is not there, before anything is done for its sake.</summary>
    /// <exception cref="DataException">It is missing.</exception>
    public static void Require(string path)
    {
        if (!File.Exists(path))
            throw Missing(path, new FileNotFoundException(null, path));
    }

    private static DataException Missing(string path, Exception inner) =>
        new($"{path}: annotation file not found; check train_file or test_file.", inner);

    /// <summary>
    /// Reads a file, one entry at a time, so that large files need little memory beyond the result. A list may end in a
    /// comma, a file may hold an entry a line without a list, and start with a byte-order mark (UTF-8 or UTF-16).
    /// </summary>
    /// <param name="path">The file.</param>
    /// <param name="format">What the numbers of a box mean.</param>
    /// <param name="census">
    /// Counts entries, and what is wrong with bad ones; its bounds are checked by the caller.
    /// </param>
    /// <returns>At least one annotation, in the file's order.</returns>
    /// <exception cref="DataException">
    /// The file is missing, no list of JSON objects, cut off or empty, or no entry can be used.
    /// </exception>
    public static IReadOnlyList<RegionAnnotation> Load(string path, BoxFormat format, AnnotationCensus census)
    {
        ArgumentNullException.ThrowIfNull(census);
        List<RegionAnnotation> annotations = [];
        var count = 0;
        var entries = new AnnotationEntry(path, format, census);
        try
        {
            using var stream = OpenAsUtf8(path);
            foreach (var entry in new JsonListReader(stream, path).Entries())
            {
                count++;
                census.Entries++;
                if (entry.Damage is { } damage)
                {
                    census.Add(AnnotationFault.NotJson, damage);
                    census.Lose(all: true, 0, 0);
                }
                else if (entries.Parse(entry.Value, entry.Number) is { } annotation)
                    annotations.Add(annotation);
            }
        }
        catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException)
        {
            throw Missing(path, e);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new DataException($"{path}: annotation file cannot be read ({e.Message}).", e);
        }
        if (format is BoxFormat.Auto)
            annotations = BoxUnits.Settle(annotations, path, census);
        else if (format is BoxFormat.Normalised)
            annotations = annotations.ConvertAll(a => a with { IsNormalised = true });
        census.WithoutBox += annotations.Count(a => a.Regions.Count == 0);
        if (count == 0)
            throw new DataException($"{path}: the list of annotations is empty; add at least one entry.");
        if (annotations.Count > 0)
            return annotations;
        var what = census.First is { } first && first.StartsWith(path, StringComparison.Ordinal) ? first : $"{path}:";
        throw new DataException($"{what} None of the file's {count} entries can be used; "
            + $"the file must hold a JSON list of {{\"image\", \"caption\", \"bbox\"}}.");
    }

    /// <summary>Writes a file, one entry a line, by way of a temporary file in the same folder.</summary>
    /// <param name="path">The file; its folder exists.</param>
    /// <param name="annotations">
    /// The entries; a single phrase is written as a string, several as a list, boxes alone as in the reference's
    /// format.
    /// </param>
    /// <exception cref="FileWriteException">The file cannot be written.</exception>
    public static void Save(string path, IEnumerable<RegionAnnotation> annotations)
    {
        ArgumentNullException.ThrowIfNull(annotations);
        DurableFile.Write(path, stream =>
        {
            var separator = "[\n";
            foreach (var annotation in annotations)
            {
                stream.Write(Encoding.UTF8.GetBytes(separator));
                WriteEntry(stream, annotation);
                separator = ",\n";
            }
            stream.Write(separator[0] == '[' ? "[]\n"u8 : "\n]\n"u8);
        });
    }

    // Windows programs write UTF-16, with a mark that says in which order its bytes come.
    internal static Stream OpenAsUtf8(string path)
    {
        var stream = new FileStream(
            path, FileMode.Open, FileAccess.Read, FileShare.Read, 1, FileOptions.SequentialScan);
        Span<byte> mark = stackalloc byte[2];
        var read = stream.ReadAtLeast(mark, mark.Length, throwOnEndOfStream: false);
        var encoding = read < 2 ? null : (mark[0], mark[1]) switch
        {
            (0xFF, 0xFE) => Encoding.Unicode,
            (0xFE, 0xFF) => Encoding.BigEndianUnicode,
            _ => null,
        };
        if (encoding is not null)
            return Encoding.CreateTranscodingStream(stream, encoding, Encoding.UTF8);
        stream.Position = 0;
        return stream;
    }

    private static void WriteEntry(Stream stream, RegionAnnotation annotation)
    {
        using var json = new Utf8JsonWriter(stream, WriterOptions);
        json.WriteStartObject();
        json.WriteString("image", annotation.Image);
        json.WritePropertyName("caption");
        if (annotation.Captions.Count == 1)
            json.WriteStringValue(annotation.Captions[0]);
        else
            WriteList(json, annotation.Captions, json.WriteStringValue);
        if (annotation.Paraphrases.Count > 0)
        {
            json.WritePropertyName("paraphrases");
            WriteList(json, annotation.Paraphrases, json.WriteStringValue);
        }
        WriteSide(json, "width", annotation.Width);
        WriteSide(json, "height", annotation.Height);
        var writer = new RegionWriter(json);
        if (annotation.Regions.All(RegionWriter.IsPlain))
        {
            json.WritePropertyName("bbox");
            WriteList(json, annotation.Regions, region => writer.WriteCorners((Box)region));
        }
        else
        {
            json.WritePropertyName("regions");
            WriteList(json, annotation.Regions, writer.Write);
        }
        WriteText(json, "id", annotation.Id);
        WriteText(json, "entity", annotation.Entity);
        WriteText(json, "category", annotation.Category);
        WriteText(json, "split", annotation.Split);
        json.WriteEndObject();
    }

    private static void WriteSide(Utf8JsonWriter json, string name, int? value)
    {
        if (value is { } side)
            json.WriteNumber(name, side);
    }

    private static void WriteText(Utf8JsonWriter json, string name, string? value)
    {
        if (value is not null)
            json.WriteString(name, value);
    }

    private static void WriteList<T>(Utf8JsonWriter json, IReadOnlyList<T> items, Action<T> write)
    {
        json.WriteStartArray();
        foreach (var item in items)
            write(item);
        json.WriteEndArray();
    }
}
