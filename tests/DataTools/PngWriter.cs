using System.Buffers.Binary;
using System.IO.Compression;
using AmcEngine.DataTools;

namespace AmcEngine.Tests.DataTools;

/// <summary>
/// Writes PNG files chunk by chunk, interlaced ones and ones with EXIF data too, which Skia does not write.
/// </summary>
internal static class PngWriter
{
    // Start and step of the seven passes of Adam7.
    private static readonly (int X, int Y, int StepX, int StepY)[] Adam7 =
        [(0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2)];

    public static byte[] Write(RgbImage picture, bool interlaced = false, byte[]? exif = null)
    {
        var header = new byte[13];
        BinaryPrimitives.WriteInt32BigEndian(header, picture.Width);
        BinaryPrimitives.WriteInt32BigEndian(header.AsSpan(4), picture.Height);
        (header[8], header[9], header[12]) = (8, 2, (byte)(interlaced ? 1 : 0));
        using var file = new MemoryStream();
        file.Write([0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A]);
        Chunk(file, "IHDR"u8, header);
        if (exif is not null)
            Chunk(file, "eXIf"u8, exif);
        Chunk(file, "IDAT"u8, Compress(picture, interlaced ? Adam7 : [(0, 0, 1, 1)]));
        Chunk(file, "IEND"u8, []);
        return file.ToArray();
    }

    private static byte[] Compress(RgbImage picture, (int X, int Y, int StepX, int StepY)[] passes)
    {
        using var packed = new MemoryStream();
        // Stored, not compressed: a cut then costs pixels in the order in which they lie.
        using (var zlib = new ZLibStream(packed, CompressionLevel.NoCompression, leaveOpen: true))
        {
            foreach ((var x0, var y0, var stepX, var stepY) in passes)
            {
                for (var y = y0; y < picture.Height; y += stepY)
                {
                    zlib.WriteByte(0);
                    for (var x = x0; x < picture.Width; x += stepX)
                        zlib.Write(picture.Pixels, (y * picture.Width + x) * 3, 3);
                }
            }
        }
        return packed.ToArray();
    }

    private static void Chunk(Stream file, ReadOnlySpan<byte> name, ReadOnlySpan<byte> data)
    {
        byte[] body = [.. name, .. data], number = new byte[4];
        BinaryPrimitives.WriteInt32BigEndian(number, data.Length);
        file.Write(number);
        file.Write(body);
        BinaryPrimitives.WriteUInt32BigEndian(number, Crc(body));
        file.Write(number);
    }

    // Bit by bit, as the PNG specification defines it.
    private static uint Crc(byte[] bytes)
    {
        var crc = uint.MaxValue;
        foreach (var value in bytes)
        {
            crc ^= value;
            for (var bit = 0; bit < 8; bit++)
                crc = (crc & 1) == 0 ? crc >> 1 : (crc >> 1) ^ 0xEDB88320;
        }
        return ~crc;
    }
}
