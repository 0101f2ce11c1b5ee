using AmcEngine.Files.Pickle;

namespace AmcEngine.DataTools;

/// <summary>
/// Reads <c>refs(SPLITBY).p</c>, a pickle of Python 2 (protocols 0 to 2): a list of dicts. A pickle that names code is
/// refused.
/// </summary>
internal static class ReferPickle
{
    // 142,000 expressions of a few words (RefCOCO) take some ten million steps.
    private static readonly PickleLimits Limits = new(MaxBytes: 256 << 20, MaxSteps: 50_000_000);

    /// <summary>The objects in the file's order; null for one that is malformed.</summary>
    /// <exception cref="DataException">
    /// The file is missing, damaged, too large, names code, or holds no list.
    /// </exception>
    public static IReadOnlyList<ReferExpression?> Load(string path)
    {
        using var stream = OriginalFile.Open(path);
        var input = new PickleInput(path, new StreamRange(stream, path), Limits,
            (problem, remedy) => new DataException($"{path}: {problem}; {remedy}."));
        return PlainPickle.Read(input) is List<object?> list
            ? list.ConvertAll(Expression)
            : throw new DataException($"{path}: the pickle holds no list of expressions; give refs(…).p as published.");
    }

    private static ReferExpression? Expression(object? value) =>
        value is OrderedDictionary<object, object?> fields && Text(fields, "split") is { Length: > 0 } split
        && Whole(fields, "ref_id") is { } id && Whole(fields, "ann_id") is { } annotation
        && Whole(fields, "image_id") is { } picture
        && fields.GetValueOrDefault("sentences") is IReadOnlyList<object?> sentences
            ? new ReferExpression(
                id, annotation, picture, split, Whole(fields, "category_id"), [.. sentences.Select(Sentence)])
            : null;

    private static ReferSentence? Sentence(object? value) =>
        value is OrderedDictionary<object, object?> fields && Text(fields, "sent") is { } text
            ? new ReferSentence(Whole(fields, "sent_id"), text) : null;

    private static string? Text(OrderedDictionary<object, object?> fields, string name) =>
        fields.GetValueOrDefault(name) as string;

    private static long? Whole(OrderedDictionary<object, object?> fields, string name) =>
        fields.GetValueOrDefault(name) as long?;

    private sealed class StreamRange(FileStream stream, string path) : IByteRange
    {
        public long Length => stream.Length;

        public void Read(long offset, Span<byte> destination)
        {
            try
            {
                stream.Position = offset;
                stream.ReadExactly(destination);
            }
            catch (IOException e)
            {
                throw OriginalFile.Unreadable(path, e);
            }
        }
    }
}
