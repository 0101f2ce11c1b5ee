using System.Buffers.Binary;

namespace AmcEngine.DataTools;

/// <summary>Finds the chunks of a PNG file: length (4 bytes), name (4), data, checksum (4).</summary>
internal static class PngChunks
{
    /// <summary>Bytes before a chunk's data.</summary>
    public const int HeaderLength = 8;

    /// <summary>Bytes after a chunk's data.</summary>
    public const int ChecksumLength = 4;

    private const int SignatureLength = 8;

    /// <summary>Where each complete chunk starts, and how long its data is; stops where the file ends.</summary>
    public static List<(int Start, int Length)> In(ReadOnlySpan<byte> png)
    {
        List<(int, int)> chunks = [];
        var start = SignatureLength;
        while (start + HeaderLength <= png.Length)
        {
            var length = BinaryPrimitives.ReadUInt32BigEndian(png[start..]);
            if (length > png.Length - start - HeaderLength - ChecksumLength)
                break;
            chunks.Add((start, (int)length));
            start += HeaderLength + (int)length + ChecksumLength;
        }
        return chunks;
    }
}
