using System.Buffers.Binary;
using System.IO.Compression;
using System.Text;

namespace AmcEngine.Serialization;

/// <summary>One file of a zip archive; <paramref name="Header"/> is where its local header lies.</summary>
internal sealed record ZipEntry(string Name, int Method, long PackedLength, long Length, long Header);

/// <summary>
/// The directory of a zip archive (also zip64, which checkpoints above 4 GiB need). The platform's own reader hides
/// where an entry's bytes lie; knowing it lets stored tensors be read in place, in any order and from many threads.
/// Checksums are not looked at: PyTorch can be told not to write them, and lazy reading rarely sees a whole entry.
/// </summary>
internal sealed class ZipDirectory
{
    private const string Remedy = "the file is cut off or damaged: fetch it again";
    private const int EndLength = 22;
    private const int CentralLength = 46;
    private const int LocalLength = 30;

    /// <summary>Deflate cannot shrink by more than this, so a larger claim is a lie.</summary>
    private const long MaxDeflateRatio = 1032;

    private readonly FileSource _file;
    private readonly Dictionary<string, ZipEntry> _entries = new(StringComparer.Ordinal);

    private ZipDirectory(FileSource file) => _file = file;

    public IEnumerable<ZipEntry> Entries => _entries.Values;

    public static ZipDirectory Read(FileSource file)
    {
        var directory = new ZipDirectory(file);
        var (start, length) = directory.FindCentral();
        if (start < 0 || length < 0 || length > file.Length || start > file.Length - length || length > Array.MaxLength)
            throw directory.Broken("the list of entries does not lie within the file");
        directory.ReadCentral(file.ReadArray(start, (int)length));
        return directory;
    }

    public ZipEntry? Find(string name) => _entries.GetValueOrDefault(name);

    /// <summary>
    /// The content of an entry: in place where it is stored, inflated on first use where it is deflated.
    /// </summary>
    public TensorSource Open(ZipEntry entry)
    {
        if (entry.Header > _file.Length - LocalLength) throw Broken($"entry {Quote(entry)} lies beyond the end");
        var local = _file.ReadArray(entry.Header, LocalLength);
        if (U32(local, 0) != 0x04034b50) throw Broken($"entry {Quote(entry)} has no header of its own");
        var start = entry.Header + LocalLength + U16(local, 26) + U16(local, 28);
        if (start > _file.Length - entry.PackedLength) throw Broken($"entry {Quote(entry)} ends beyond the file");
        var packed = _file.Slice(start, entry.PackedLength);
        if (entry.Method == 0)
        {
            if (entry.Length != entry.PackedLength) throw Broken($"entry {Quote(entry)} has two lengths");
            return packed;
        }
        if (entry.Length / MaxDeflateRatio > entry.PackedLength || entry.Length > Array.MaxLength)
            throw Broken($"entry {Quote(entry)} claims to inflate to {entry.Length} bytes");
        return new LazySource(entry.Length, () => Inflate(entry, packed));
    }

    private byte[] Inflate(ZipEntry entry, TensorSource packed)
    {
        var result = GC.AllocateUninitializedArray<byte>((int)entry.Length);
        try
        {
            using var stream = new DeflateStream(
                new MemoryStream(packed.ReadArray(0, (int)Math.Min(packed.Length, Array.MaxLength))),
                CompressionMode.Decompress);
            stream.ReadExactly(result);
            if (stream.ReadByte() >= 0) throw Broken($"entry {Quote(entry)} is longer than it says");
        }
        catch (Exception e) when (e is InvalidDataException or EndOfStreamException)
        {
            throw Broken($"entry {Quote(entry)} cannot be inflated", e);
        }
        return result;
    }

    /// <summary>
    /// Finds the end record, which may be followed by a comment, and what it says of the central directory.
    /// </summary>
    private (long Start, long Length) FindCentral()
    {
        var tailLength = (int)Math.Min(_file.Length, EndLength + ushort.MaxValue);
        var tail = _file.ReadArray(_file.Length - tailLength, tailLength);
        var end = -1;
        for (var at = tailLength - EndLength; at >= 0 && end < 0; at--)
            if (U32(tail, at) == 0x06054b50 && at + EndLength + U16(tail, at + 20) == tailLength) end = at;
        if (end < 0) throw Broken("the zip archive has no end record");
        long start = U32(tail, end + 16), length = U32(tail, end + 12);
        var endPosition = _file.Length - tailLength + end;
        const int locatorLength = 20, end64Length = 56;
        var zip64 = start == uint.MaxValue || length == uint.MaxValue || U16(tail, end + 10) == ushort.MaxValue;
        if (!zip64 || endPosition < locatorLength) return (start, length);

        var locator = _file.ReadArray(endPosition - locatorLength, locatorLength);
        if (U32(locator, 0) != 0x07064b50) return (start, length);
        var end64 = I64(locator, 8);
        if (end64 < 0 || end64 > _file.Length - end64Length) throw Broken("its zip64 end record lies outside");
        var record = _file.ReadArray(end64, end64Length);
        if (U32(record, 0) != 0x06064b50) throw Broken("its zip64 end record is missing");
        return (I64(record, 48), I64(record, 40));
    }

    private void ReadCentral(byte[] central)
    {
        for (var at = 0; at < central.Length;)
        {
            if (at > central.Length - CentralLength || U32(central, at) != 0x02014b50)
                throw Broken("the list of entries is damaged");
            int nameLength = U16(central, at + 28), extraLength = U16(central, at + 30);
            var next = at + CentralLength + nameLength + extraLength + U16(central, at + 32);
            if (next > central.Length) throw Broken("the list of entries is damaged");
            var name = Encoding.UTF8.GetString(central, at + CentralLength, nameLength);
            var extra = central.AsSpan(at + CentralLength + nameLength, extraLength);
            var entry = Widen(
                new ZipEntry(name, U16(central, at + 10), U32(central, at + 20), U32(central, at + 24),
                    U32(central, at + 42)), extra);
            Check(entry, U16(central, at + 8));
            at = next;
        }
    }

    private void Check(ZipEntry entry, int flags)
    {
        if ((flags & 1) != 0) throw Broken($"entry {Quote(entry)} is encrypted");
        if (entry.Method is not (0 or 8)) throw Broken($"entry {Quote(entry)} is packed by method {entry.Method}");
        if (entry.Length < 0 || entry.PackedLength < 0 || entry.Header < 0 || entry.PackedLength > _file.Length)
            throw Broken($"entry {Quote(entry)} has an impossible length or place");
        if (!_entries.TryAdd(entry.Name, entry)) throw Broken($"entry {Quote(entry)} occurs twice");
    }

    /// <summary>
    /// Takes from the zip64 extra field those numbers that did not fit into 32 bits, in the fixed order.
    /// </summary>
    private ZipEntry Widen(ZipEntry entry, ReadOnlySpan<byte> extra)
    {
        while (extra.Length >= 4)
        {
            int id = BinaryPrimitives.ReadUInt16LittleEndian(extra),
                size = BinaryPrimitives.ReadUInt16LittleEndian(extra[2..]);
            if (size > extra.Length - 4) break;
            var field = extra.Slice(4, size);
            extra = extra[(4 + size)..];
            if (id != 1) continue;
            var length = Take(ref field, entry.Length);
            var packed = Take(ref field, entry.PackedLength);
            var header = Take(ref field, entry.Header);
            return entry with { Length = length, PackedLength = packed, Header = header };
        }
        return entry;
    }

    private long Take(ref ReadOnlySpan<byte> field, long narrow)
    {
        if (narrow != uint.MaxValue) return narrow;
        if (field.Length < 8) throw Broken("a zip64 field is too short");
        var wide = BinaryPrimitives.ReadInt64LittleEndian(field);
        field = field[8..];
        return wide;
    }

    private SerializationException Broken(string problem, Exception? inner = null) =>
        SerializationException.In(_file.Path, null, problem, Remedy, inner);

    private static string Quote(ZipEntry entry) => SerializationException.Quote(entry.Name);

    private static int U16(byte[] bytes, int at) => BinaryPrimitives.ReadUInt16LittleEndian(bytes.AsSpan(at));

    private static long U32(byte[] bytes, int at) => BinaryPrimitives.ReadUInt32LittleEndian(bytes.AsSpan(at));

    private static long I64(byte[] bytes, int at) => BinaryPrimitives.ReadInt64LittleEndian(bytes.AsSpan(at));
}
