using System.Buffers.Binary;
using System.Numerics;
using System.Runtime.InteropServices;

namespace AmcEngine.DataTools;

/// <summary>
/// A file of <see cref="PictureCache"/>: eight bytes of format, five numbers (the picture's own width and height, width
/// and height of the view, the checksum), then the view's pixels. The checksum is CRC-32C over the key, the four sizes
/// and the pixels, so that an entry under another's name is damaged, too.
/// </summary>
internal static class CachedPicture
{
    private const int HeaderLength = 28;

    private static ReadOnlySpan<byte> Format => "AMCPIC1\n"u8;

    /// <summary>Bytes of the file of a view.</summary>
    public static long Length(RgbImage view) => HeaderLength + view.Pixels.Length;

    /// <summary>Writes a view.</summary>
    public static void Write(Stream stream, ReadOnlySpan<byte> key, PictureViews picture)
    {
        var view = picture.Images[0];
        Span<byte> header = stackalloc byte[HeaderLength];
        Format.CopyTo(header);
        var sizes = header[8..24];
        BinaryPrimitives.WriteInt32LittleEndian(sizes, picture.Width);
        BinaryPrimitives.WriteInt32LittleEndian(sizes[4..], picture.Height);
        BinaryPrimitives.WriteInt32LittleEndian(sizes[8..], view.Width);
        BinaryPrimitives.WriteInt32LittleEndian(sizes[12..], view.Height);
        BinaryPrimitives.WriteUInt32LittleEndian(header[24..], Checksum(key, sizes, view.Pixels));
        stream.Write(header);
        stream.Write(view.Pixels);
    }

    /// <summary>Reads a view; null where the file is not whole.</summary>
    /// <exception cref="IOException">It cannot be read.</exception>
    public static PictureViews? Read(FileStream stream, ReadOnlySpan<byte> key)
    {
        Span<byte> header = stackalloc byte[HeaderLength];
        if (stream.ReadAtLeast(header, HeaderLength, throwOnEndOfStream: false) < HeaderLength
            || !header.StartsWith(Format))
            return null;
        var sizes = header[8..24];
        int width = BinaryPrimitives.ReadInt32LittleEndian(sizes),
            height = BinaryPrimitives.ReadInt32LittleEndian(sizes[4..]),
            viewWidth = BinaryPrimitives.ReadInt32LittleEndian(sizes[8..]),
            viewHeight = BinaryPrimitives.ReadInt32LittleEndian(sizes[12..]);
        var length = stream.Length - HeaderLength;
        if (width < 1 || height < 1 || viewWidth < 1 || viewHeight < 1 || length > Array.MaxLength
            || (Int128)viewWidth * viewHeight * RgbImage.Channels != length)
            return null;
        var pixels = GC.AllocateUninitializedArray<byte>((int)length);
        if (stream.ReadAtLeast(pixels, pixels.Length, throwOnEndOfStream: false) < pixels.Length
            || Checksum(key, sizes, pixels) != BinaryPrimitives.ReadUInt32LittleEndian(header[24..]))
            return null;
        return new PictureViews(width, height, [new RgbImage(viewWidth, viewHeight, pixels)]);
    }

    private static uint Checksum(ReadOnlySpan<byte> key, ReadOnlySpan<byte> sizes, ReadOnlySpan<byte> pixels) =>
        ~Add(Add(Add(uint.MaxValue, key), sizes), pixels);

    private static uint Add(uint checksum, ReadOnlySpan<byte> bytes)
    {
        var words = MemoryMarshal.Cast<byte, ulong>(bytes);
        foreach (var word in words)
            checksum = BitOperations.Crc32C(checksum, word);
        foreach (var value in bytes[(words.Length * sizeof(ulong))..])
            checksum = BitOperations.Crc32C(checksum, value);
        return checksum;
    }
}
