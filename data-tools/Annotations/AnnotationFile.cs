using System.Text.Encodings.Web;
using System.Text.Json;

namespace AmcEngine.DataTools;

/// <summary>
/// Annotation files in the reference's format (specification 6): a JSON list of
/// <c>{"image": path, "caption": phrase or list of phrases, "bbox": [[x1, y1, x2, y2], …]}</c>. Other fields are ignored.
/// </summary>
public static class AnnotationFile
{
    private static readonly JsonWriterOptions WriterOptions = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>Reads and checks a file, one entry at a time, so that large files need little memory beyond the result.</summary>
    /// <param name="path">The file.</param>
    /// <returns>At least one annotation, in the file's order.</returns>
    /// <exception cref="DataException">
    /// The file is missing, not JSON, or empty; or an entry lacks a field, has an empty phrase, or a box that is not four
    /// finite numbers with x1 &lt; x2 and y1 &lt; y2. The message names the file, the entry and the field.
    /// </exception>
    public static IReadOnlyList<RegionAnnotation> Load(string path)
    {
        var annotations = new List<RegionAnnotation>();
        try
        {
            using var stream = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.Read, 1, FileOptions.SequentialScan);
            foreach (JsonElement entry in new JsonListReader(stream, path).Entries())
                annotations.Add(AnnotationEntry.Parse(entry, path, annotations.Count));
        }
        catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException)
        {
            throw new DataException($"{path}: annotation file not found; check train_file or test_file.", e);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new DataException($"{path}: annotation file cannot be read ({e.Message}).", e);
        }
        if (annotations.Count == 0)
            throw new DataException($"{path}: the list of annotations is empty; add at least one entry.");
        return annotations;
    }

    /// <summary>Writes a file, one entry a line, by way of a temporary file in the same folder.</summary>
    /// <param name="path">The file; its folder exists.</param>
    /// <param name="annotations">The entries; a single phrase is written as a string, several as a list.</param>
    /// <exception cref="DataException">The file cannot be written.</exception>
    public static void Save(string path, IEnumerable<RegionAnnotation> annotations)
    {
        ArgumentNullException.ThrowIfNull(annotations);
        AtomicFile.Write(path, stream =>
        {
            string separator = "[\n";
            foreach (RegionAnnotation annotation in annotations)
            {
                stream.Write(System.Text.Encoding.UTF8.GetBytes(separator));
                WriteEntry(stream, annotation);
                separator = ",\n";
            }
            stream.Write(separator[0] == '[' ? "[]\n"u8 : "\n]\n"u8);
        });
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
        json.WritePropertyName("bbox");
        WriteList(json, annotation.Boxes, box => WriteList(json, [box.X1, box.Y1, box.X2, box.Y2], json.WriteNumberValue));
        json.WriteEndObject();
    }

    private static void WriteList<T>(Utf8JsonWriter json, IReadOnlyList<T> items, Action<T> write)
    {
        json.WriteStartArray();
        foreach (T item in items)
            write(item);
        json.WriteEndArray();
    }
}
