using System.Text;

namespace AmcEngine.Serialization;

/// <summary>
/// Small text files as people's editors leave them: UTF-8, UTF-16 or UTF-32, with a byte-order mark or without.
/// </summary>
public static class TextFile
{
    private const int ChunkBytes = 1 << 16;

    /// <summary>The text of a file, without its byte-order mark.</summary>
    /// <param name="path">The file; a pipe will do.</param>
    /// <param name="limit">Most bytes: what is larger is not the file that was meant, and may have no end.</param>
    /// <exception cref="SerializationException">It is larger.</exception>
    /// <exception cref="IOException">It cannot be read.</exception>
    /// <exception cref="UnauthorizedAccessException">It may not be read, or is a folder.</exception>
    public static string Read(string path, int limit)
    {
        using var stream = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite);
        using var bytes = new MemoryStream();
        var chunk = new byte[ChunkBytes];
        for (int got; (got = stream.Read(chunk)) > 0;)
        {
            bytes.Write(chunk, 0, got);
            if (bytes.Length > limit)
                throw new SerializationException(
                    $"{path}: has more than {limit / 1024} kB, which no file of this kind has; check the path");
        }
        return Decode(bytes.GetBuffer().AsSpan(0, (int)bytes.Length));
    }

    /// <summary>
    /// The text of bytes, without their byte-order mark. Without one, zeros at every second byte are UTF-16.
    /// </summary>
    public static string Decode(ReadOnlySpan<byte> bytes)
    {
        var encoding = bytes switch
        {
            [0xFF, 0xFE, 0, 0, ..] => Encoding.UTF32,
            [0xFF, 0xFE, ..] or [not 0, 0, ..] => Encoding.Unicode,
            [0xFE, 0xFF, ..] or [0, not 0, ..] => Encoding.BigEndianUnicode,
            _ => Encoding.UTF8,
        };
        return encoding.GetString(bytes.StartsWith(encoding.Preamble) ? bytes[encoding.Preamble.Length..] : bytes);
    }
}
