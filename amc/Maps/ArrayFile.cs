using System.Buffers.Binary;
using System.IO.Compression;
using System.Text;

namespace AmcEngine.Amc.Maps;

/// <summary>
/// Maps as NumPy reads them: <c>.npy</c>, format version 1.0, little-endian f32 in C order, and <c>.npz</c>, an archive
/// of such files by name.
/// </summary>
internal static class ArrayFile
{
    // Data begins at a multiple of this.
    private const int Alignment = 64;
    private const int HeadBytes = 10;

    /// <summary>One array <c>[n, n]</c> of a map, or <c>[maps, n, n]</c> of several.</summary>
    /// <param name="stream">Where to write.</param>
    /// <param name="maps">At least one map; all of one size.</param>
    public static void WriteArray(Stream stream, IReadOnlyList<PatchMap> maps)
    {
        var side = maps[0].Side;
        var shape = maps.Count == 1 ? $"({side}, {side})" : $"({maps.Count}, {side}, {side})";
        var header = $"{{'descr': '<f4', 'fortran_order': False, 'shape': {shape}, }}";
        var padding = Alignment - (HeadBytes + header.Length + 1) % Alignment;
        header = header + new string(' ', padding % Alignment) + "\n";
        stream.Write([0x93, .. "NUMPY"u8, 1, 0, (byte)header.Length, (byte)(header.Length >> 8)]);
        stream.Write(Encoding.ASCII.GetBytes(header));
        foreach (var map in maps)
        {
            var bytes = new byte[map.Values.Length * sizeof(float)];
            for (var i = 0; i < map.Values.Length; i++)
                BinaryPrimitives.WriteSingleLittleEndian(bytes.AsSpan(i * sizeof(float)), map.Values[i]);
            stream.Write(bytes);
        }
    }

    /// <summary>An archive with an array <c>[n, n]</c> a map.</summary>
    /// <param name="stream">Where to write.</param>
    /// <param name="maps">Maps by name.</param>
    public static void WriteArchive(Stream stream, IEnumerable<(string Name, PatchMap Map)> maps)
    {
        using var archive = new ZipArchive(stream, ZipArchiveMode.Create, leaveOpen: true);
        foreach ((var name, var map) in maps)
        {
            var entry = archive.CreateEntry(name + ".npy", CompressionLevel.NoCompression);
            // The same maps give the same bytes.
            entry.LastWriteTime = new DateTimeOffset(1980, 1, 1, 0, 0, 0, TimeSpan.Zero);
            using var file = entry.Open();
            WriteArray(file, [map]);
        }
    }
}
