using System.IO.Compression;
using System.Runtime.InteropServices;
using AmcEngine.Serialization;

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

    /// <summary>A checkpoint of a model as <c>torch.save</c> writes it.</summary>
    /// <param name="tensors">Its state dict.</param>
    /// <param name="key">The key under which it lies; null for the top.</param>
    /// <param name="prefix">What a wrapper put before the names.</param>
    /// <param name="beside">Writes further keys and values of the top.</param>
    public static byte[] Model(
        IReadOnlyList<TensorData> tensors, string? key, string prefix = "", Action<PickleBuilder>? beside = null) =>
        Models(beside, (key, prefix, tensors));

    /// <summary>A checkpoint of several sets of weights.</summary>
    public static byte[] Models(
        Action<PickleBuilder>? beside, params (string? Key, string Prefix, IReadOnlyList<TensorData> Tensors)[] sets)
    {
        var pickle = new PickleBuilder().Op('}').Op('(');
        var storages = new List<(string Key, byte[] Data)>();
        foreach (var (key, prefix, tensors) in sets)
        {
            if (key is not null) pickle.Text(key).Op('}').Op('(');
            foreach (var tensor in tensors)
            {
                var storage = $"{storages.Count}";
                storages.Add((storage, tensor.Bytes.ToArray()));
                long[] shape = [.. tensor.Shape], strides = new long[shape.Length];
                for (int axis = shape.Length - 1, step = 1; axis >= 0; step *= (int)shape[axis--]) strides[axis] = step;
                var type = tensor.Type == TensorDataType.I64 ? "LongStorage" : "FloatStorage";
                pickle.Text(prefix + tensor.Name).Tensor(storage, tensor.Count, shape, strides, type: type);
            }
            if (key is not null) pickle.Op('u');
        }
        beside?.Invoke(pickle);
        return Zip(pickle.Op('u').Stop(), [.. storages]);
    }

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
            var utf8 = System.Text.Encoding.UTF8.GetBytes(name);
            var place = file.Position;
            to.Write(
                [.. Bytes(0x04034b50u), .. new byte[22], .. Bytes((ushort)utf8.Length, (ushort)0), .. utf8, .. data]);
            list.Write([.. Bytes(0x02014b50u), .. new byte[16], .. Bytes(uint.MaxValue, uint.MaxValue)]);
            list.Write([.. Bytes((ushort)utf8.Length, (ushort)28, (ushort)0), .. new byte[8],
                .. Bytes(uint.MaxValue), .. utf8]);
            list.Write([.. Bytes((ushort)1, (ushort)24), .. Bytes(data.LongLength, data.LongLength, place)]);
        }
        var start = file.Position;
        to.Write(central.ToArray());
        var end = file.Position;
        to.Write([.. Bytes(0x06064b50u), .. new byte[20],
            .. Bytes((long)entries.Length, entries.Length, central.Length, start)]);
        to.Write([.. Bytes(0x07064b50u, 0u), .. Bytes(end), .. Bytes(1u)]);
        to.Write([.. Bytes(0x06054b50u), .. new byte[4], .. Bytes(ushort.MaxValue, ushort.MaxValue),
            .. Bytes(uint.MaxValue, uint.MaxValue), 0, 0]);
        return file.ToArray();
    }

    public static byte[] Legacy(
        byte[] pickle, bool littleEndian, params (string Key, long Count, byte[] Data)[] storages)
    {
        var file = new List<byte>(Preamble);
        file.AddRange(
            new PickleBuilder().Dict("little_endian", p => p.Op(littleEndian ? (byte)0x88 : (byte)0x89)).Stop());
        file.AddRange(pickle);
        var keys = new PickleBuilder().Op(']').Op('(');
        foreach (var (key, _, _) in storages) keys.Text(key);
        file.AddRange(keys.Op('e').Stop());
        foreach (var (_, count, data) in storages)
        {
            var length = Bytes(count);
            if (!littleEndian) Array.Reverse(length);
            file.AddRange(length);
            file.AddRange(data);
        }
        return [.. file];
    }
}
