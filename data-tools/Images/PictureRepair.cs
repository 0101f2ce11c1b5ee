using System.Buffers.Binary;
using System.IO.Hashing;

namespace AmcEngine.DataTools;

/// <summary>Makes damaged picture files readable as far as their data goes.</summary>
internal static class PictureRepair
{
    /// <summary>
    /// The bytes of a JPEG that is cut off, with an end mark, as the reference's Pillow adds it; null where the end
    /// mark is there or the bytes are no JPEG.
    /// </summary>
    public static byte[]? CompleteJpeg(ReadOnlySpan<byte> encoded)
    {
        if (!encoded.StartsWith((ReadOnlySpan<byte>)[0xFF, 0xD8, 0xFF]))
            return null;
        if (HasEnd(encoded))
            return null;
        // A cut right behind an FF would make the end mark a stuffed byte.
        var length = encoded[^1] == 0xFF ? encoded.Length - 1 : encoded.Length;
        return [.. encoded[..length], 0xFF, 0xD9];
    }

    /// <summary>
    /// A PNG whose chunks all have the right checksum, so that damage costs no more than the data that is damaged; null
    /// for others.
    /// </summary>
    public static byte[]? WithRightChecksums(ReadOnlySpan<byte> encoded)
    {
        if (!encoded.StartsWith((ReadOnlySpan<byte>)[0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A]))
            return null;
        var repaired = encoded.ToArray();
        foreach ((var start, var length) in PngChunks.In(encoded))
        {
            var checksum = repaired.AsSpan(start + PngChunks.HeaderLength + length, PngChunks.ChecksumLength);
            BinaryPrimitives.WriteUInt32BigEndian(
                checksum, Crc32.HashToUInt32(encoded.Slice(start + 4, length + 4)));
        }
        return repaired;
    }

    // Marks are FF and a number. Segments carry their length, so that a thumbnail's marks are passed over; coded data,
    // which follows a scan's segment, holds FF only before 0 or a restart mark (D0 to D7).
    private static bool HasEnd(ReadOnlySpan<byte> jpeg)
    {
        const int end = 0xD9, scan = 0xDA;
        var at = 2;
        var inData = false;
        while (at + 1 < jpeg.Length)
        {
            int mark = jpeg[at + 1];
            if (jpeg[at] != 0xFF || mark is 0 or 0xFF or (>= 0xD0 and <= 0xD7))
            {
                // Coded data, padding, or damage: look for the next mark.
                at++;
                continue;
            }
            if (mark == end)
                return inData;
            if (at + 3 >= jpeg.Length)
                return false;
            inData |= mark == scan;
            at += 2 + BinaryPrimitives.ReadUInt16BigEndian(jpeg[(at + 2)..]);
        }
        return false;
    }
}
