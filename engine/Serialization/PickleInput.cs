using System.Buffers.Binary;
using System.Text;

namespace AmcEngine.Serialization;

/// <summary>
/// Sequential reading of the bytes of a pickle, every read checked against the bytes that are left, so that a count in
/// a hostile file never makes us reserve memory that the file cannot fill.
/// </summary>
internal sealed class PickleInput
{
    /// <summary>Pickles hold structure, not weights: a full-size checkpoint's has half a megabyte.</summary>
    internal const long MaxBytes = 64 << 20;

    private const int WindowBytes = 1 << 16;
    private const int MaxLine = 4096;

    private readonly TensorSource _source;
    private readonly byte[] _window = new byte[WindowBytes];
    private long _windowStart;
    private int _windowLength;

    public PickleInput(string path, TensorSource source)
    {
        (Path, _source) = (path, source);
    }

    public string Path { get; }

    public long Position { get; private set; }

    private long Remaining => Math.Min(_source.Length, MaxBytes) - Position;

    public SerializationException Broken(string problem) => SerializationException.In(
        Path, null, $"the pickle is broken at byte {Position}: {problem}", "the file is damaged: fetch or save it again");

    public byte ReadByte()
    {
        if (Position < _windowStart || Position >= _windowStart + _windowLength) FillWindow();
        return _window[Position++ - _windowStart];
    }

    public byte[] ReadBytes(long count)
    {
        if (count < 0 || count > Remaining)
            throw Broken($"{count} bytes are announced, {Remaining} can follow");
        // Most reads take a few bytes: serve them from the window, not by a system call each.
        var inWindow = Position - _windowStart;
        var bytes = inWindow >= 0 && inWindow + count <= _windowLength
            ? _window.AsSpan((int)inWindow, (int)count).ToArray()
            : _source.ReadArray(Position, (int)count);
        Position += count;
        return bytes;
    }

    public ushort ReadUInt16() => BinaryPrimitives.ReadUInt16LittleEndian(ReadBytes(2));

    public int ReadInt32() => BinaryPrimitives.ReadInt32LittleEndian(ReadBytes(4));

    public uint ReadUInt32() => BinaryPrimitives.ReadUInt32LittleEndian(ReadBytes(4));

    public long ReadInt64() => BinaryPrimitives.ReadInt64LittleEndian(ReadBytes(8));

    public double ReadDouble() => BinaryPrimitives.ReadDoubleBigEndian(ReadBytes(8));

    public string ReadText(long count) => Decode(ReadBytes(count));

    /// <summary>An argument of protocol 0: text up to a line feed.</summary>
    public string ReadLine()
    {
        var line = new List<byte>();
        for (var next = ReadByte(); next != (byte)'\n'; next = ReadByte())
        {
            if (line.Count == MaxLine) throw Broken($"a line is longer than {MaxLine} bytes");
            line.Add(next);
        }
        return Decode([.. line]);
    }

    private static string Decode(byte[] bytes) => Encoding.UTF8.GetString(bytes);

    private void FillWindow()
    {
        if (Remaining <= 0) throw Broken("it ends early, or is larger than the allowed 64 MiB");
        _windowStart = Position;
        _windowLength = (int)Math.Min(WindowBytes, Remaining);
        _source.Read(Position, _window.AsSpan(0, _windowLength));
    }
}
