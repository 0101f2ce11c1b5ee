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

    /// <summary>An archive as those above 4 GiB look: all sizes and places in zip64 fields.</summary>
    public static byte[] Zip64(params (string Name, byte[] Data)[] entries)
    {
        var file = new MemoryStream();
        var central = new MemoryStream();
        using var to = new BinaryWriter(file);
        using var list = new BinaryWriter(central);
        foreach (var (name, data) in entries)
        {
            byte[] utf8 = System.Text.Encoding.UTF8.GetBytes(name);
            long place = file.Position;
            to.Write([.. Bytes(0x04034b50u), .. new byte[22], .. Bytes((ushort)utf8.Length, (ushort)0), .. utf8, .. data]);
            list.Write([.. Bytes(0x02014b50u), .. new byte[16], .. Bytes(uint.MaxValue, uint.MaxValue)]);
            list.Write([.. Bytes((ushort)utf8.Length, (ushort)28, (ushort)0), .. new byte[8], .. Bytes(uint.MaxValue), .. utf8]);
            list.Write([.. Bytes((ushort)1, (ushort)24), .. Bytes(data.LongLength, data.LongLength, place)]);
        }
        long start = file.Position;
        to.Write(central.ToArray());
        long end = file.Position;
        to.Write([.. Bytes(0x06064b50u), .. new byte[20], .. Bytes((long)entries.Length, entries.Length, central.Length, start)]);
        to.Write([.. Bytes(0x07064b50u, 0u), .. Bytes(end), .. Bytes(1u)]);
        to.Write([.. Bytes(0x06054b50u), .. new byte[4], .. Bytes(ushort.MaxValue, ushort.MaxValue), .. Bytes(uint.MaxValue, uint.MaxValue), 0, 0]);
        return file.ToArray();
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
