using System.Buffers.Binary;
using System.IO.Hashing;
using System.Text;

namespace AmcEngine.Serialization;

/// <summary>
/// Writes a zip archive of stored entries whose data begin at multiples of 64 bytes, as PyTorch lays out checkpoints so
/// that they can be mapped. Numbers of 64 bits take the place of those of 32 where an entry, an offset or the count of
/// entries needs it (zip64). Dates are fixed: equal content gives equal bytes.
/// </summary>
/// <param name="stream">An empty stream that can seek.</param>
/// <param name="narrowLimit">The first number that 32 bits do not hold; tests choose a smaller one.</param>
internal sealed class ZipWriter(Stream stream, long narrowLimit = uint.MaxValue)
{
    private const int Alignment = 64;
    private const int Date = 0x0021; // 1980-01-01, the first that there is
    private const ushort Utf8Names = 0x0800;
    private const ushort Version = 45; // the one that brought zip64
    private const ushort Zip64Field = 1;
    private const ushort PaddingField = 0x4246; // what PyTorch names it: "FB"

    private readonly List<Entry> _entries = [];

    private sealed record Entry(byte[] Name, long Length, uint Checksum, long Header);

    /// <summary>Writes an entry.</summary>
    /// <param name="name">Its name.</param>
    /// <param name="length">Its bytes.</param>
    /// <param name="content">Hands its bytes, in order, to what it is given.</param>
    public void Add(string name, long length, Action<Action<byte[], int>> content)
    {
        var header = stream.Position;
        var bytes = Encoding.UTF8.GetBytes(name);
        stream.Write(LocalHeader(bytes, length, header, 0));
        var sum = new Crc32();
        content((part, count) =>
        {
            sum.Append(part.AsSpan(0, count));
            stream.Write(part, 0, count);
        });
        var (checksum, end) = (sum.GetCurrentHashAsUInt32(), stream.Position);
        // The checksum stands before the data and is known behind it.
        stream.Position = header;
        stream.Write(LocalHeader(bytes, length, header, checksum));
        stream.Position = end;
        _entries.Add(new Entry(bytes, length, checksum, header));
    }

    /// <summary>Writes an entry that is in memory.</summary>
    public void Add(string name, byte[] content) =>
        Add(name, content.Length, write => write(content, content.Length));

    /// <summary>Writes the list of entries, which ends the archive.</summary>
    public void Finish()
    {
        var start = stream.Position;
        foreach (var entry in _entries) stream.Write(CentralHeader(entry));
        var length = stream.Position - start;
        var wide = start >= narrowLimit || length >= narrowLimit || _entries.Count >= ushort.MaxValue;
        if (wide) WriteZip64End(start, length);
        var end = new Record(22);
        end.U32(0x06054b50).U16(0).U16(0);
        var count = (ushort)Math.Min(_entries.Count, ushort.MaxValue);
        end.U16(count).U16(count).U32(wide ? uint.MaxValue : (uint)length).U32(wide ? uint.MaxValue : (uint)start);
        stream.Write(end.U16(0).Bytes);
    }

    private byte[] LocalHeader(byte[] name, long length, long header, uint checksum)
    {
        const int fixedLength = 30, fieldHeader = 4;
        var wide = length >= narrowLimit;
        var zip64 = wide ? fieldHeader + 16 : 0;
        var unpadded = header + fixedLength + name.Length + zip64 + fieldHeader;
        var padding = (int)((Alignment - unpadded % Alignment) % Alignment);
        var extra = zip64 + fieldHeader + padding;
        var record = new Record(fixedLength + name.Length + extra);
        record.U32(0x04034b50).U16(Version).U16(Utf8Names).U16(0).U16(0).U16(Date).U32(checksum);
        record.U32(wide ? uint.MaxValue : (uint)length).U32(wide ? uint.MaxValue : (uint)length);
        record.U16((ushort)name.Length).U16((ushort)extra).Raw(name);
        if (wide) record.U16(Zip64Field).U16(16).I64(length).I64(length);
        return record.U16(PaddingField).U16((ushort)padding).Bytes;
    }

    private byte[] CentralHeader(Entry entry)
    {
        bool wide = entry.Length >= narrowLimit, far = entry.Header >= narrowLimit;
        var values = (wide ? 16 : 0) + (far ? 8 : 0);
        var extra = values == 0 ? 0 : 4 + values;
        var record = new Record(46 + entry.Name.Length + extra);
        record.U32(0x02014b50).U16(Version).U16(Version).U16(Utf8Names).U16(0).U16(0).U16(Date).U32(entry.Checksum);
        record.U32(wide ? uint.MaxValue : (uint)entry.Length).U32(wide ? uint.MaxValue : (uint)entry.Length);
        record.U16((ushort)entry.Name.Length).U16((ushort)extra).U16(0).U16(0).U16(0).U32(0);
        record.U32(far ? uint.MaxValue : (uint)entry.Header).Raw(entry.Name);
        if (values > 0) record.U16(Zip64Field).U16((ushort)values);
        if (wide) record.I64(entry.Length).I64(entry.Length);
        if (far) record.I64(entry.Header);
        return record.Bytes;
    }

    private void WriteZip64End(long start, long length)
    {
        var at = stream.Position;
        var record = new Record(56 + 20);
        record.U32(0x06064b50).I64(44).U16(Version).U16(Version).U32(0).U32(0);
        record.I64(_entries.Count).I64(_entries.Count).I64(length).I64(start);
        stream.Write(record.U32(0x07064b50).U32(0).I64(at).U32(1).Bytes);
    }

    /// <summary>A record of little-endian numbers, zeros where nothing was put.</summary>
    private sealed class Record(int length)
    {
        private int _at;

        public byte[] Bytes { get; } = new byte[length];

        public Record U16(ushort value)
        {
            BinaryPrimitives.WriteUInt16LittleEndian(Bytes.AsSpan(_at), value);
            _at += sizeof(ushort);
            return this;
        }

        public Record U32(uint value)
        {
            BinaryPrimitives.WriteUInt32LittleEndian(Bytes.AsSpan(_at), value);
            _at += sizeof(uint);
            return this;
        }

        public Record I64(long value)
        {
            BinaryPrimitives.WriteInt64LittleEndian(Bytes.AsSpan(_at), value);
            _at += sizeof(long);
            return this;
        }

        public Record Raw(byte[] bytes)
        {
            bytes.CopyTo(Bytes, _at);
            _at += bytes.Length;
            return this;
        }
    }
}
