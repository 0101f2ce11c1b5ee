using System.Text.Json;

namespace AmcEngine.DataTools;

/// <summary>The pictures of an annotation file and nothing else, one entry at a time: such a list may have millions.</summary>
public static class AnnotationPictures
{
    /// <summary>The path of each entry's picture as the file has it, repeats included; entries without one are passed over.</summary>
    /// <param name="path">The file.</param>
    /// <exception cref="DataException">The file holds no list, or is cut off.</exception>
    public static IEnumerable<string> Of(string path)
    {
        using var stream = AnnotationFile.OpenAsUtf8(path);
        foreach (var entry in new JsonListReader(stream, path).Entries())
        {
            if (entry.Damage is null && entry.Value.ValueKind == JsonValueKind.Object
                && entry.Value.TryGetProperty("image", out var image) && image.ValueKind == JsonValueKind.String)
                yield return image.GetString()!;
        }
    }
}
