using System.IO.Compression;
using System.Runtime.InteropServices;

namespace AmcEngine.Tests.Engine.Serialization;

/// <summary>Puts pickles and storages together into checkpoint files.</summary>
internal static class TorchFiles
{
    private static readonly byte[] Preamble =
    [
        .. new PickleBuilder().Op(0x8a, 10, 0x6c, 0xfc, 0x9c, 0x46, 0xf9, 0x20, 0x6a, 0xa8, 0x50, 0x19).Stop(),
        .. new PickleBuilder().Int(1001).Stop(),
    ];

    public static byte[] Bytes<T>(params T[] values) where T : unmanaged => MemoryMarshal.AsBytes<T>(values).ToArray();

    public static byte[] Zip(byte[] pickle, params (string Key, byte[] Data)[] storages) =>
        Zip(CompressionLevel.NoCompression, null, pickle, storages);

    public static byte[] Zip(
        CompressionLevel level, string? byteOrder, byte[] pickle, params (string Key, byte[] Data)[] storages)
    {
        var memory = new MemoryStream();
        using (var archive = new ZipArchive(memory, ZipArchiveMode.Create, leaveOpen: true))
        {
            Add("archive/data.pkl", pickle);
            foreach (var (key, data) in storages) Add($"archive/data/{key}", data);
            if (byteOrder is not null) Add("archive/byteorder", [.. byteOrder.Select(c => (byte)c)]);

            void Add(string name, byte[] data)
            {
                using var stream = archive.CreateEntry(name, level).Open();
                stream.Write(data);
            }
        }
        return memory.ToArray();
    }

    public static byte[] Legacy(byte[] pickle, bool littleEndian, params (string Key, long Count, byte[] Data)[] storages)
    {
        var file = new List<byte>(Preamble);
        file.AddRange(new PickleBuilder().Dict("little_endian", p => p.Op(littleEndian ? (byte)0x88 : (byte)0x89)).Stop());
        file.AddRange(pickle);
        var keys = new PickleBuilder().Op(']').Op('(');
        foreach (var (key, _, _) in storages) keys.Text(key);
        file.AddRange(keys.Op('e').Stop());
        foreach (var (_, count, data) in storages)
        {
            byte[] length = Bytes(count);
            if (!littleEndian) Array.Reverse(length);
            file.AddRange(length);
            file.AddRange(data);
        }
        return [.. file];
    }
}
