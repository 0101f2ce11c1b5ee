using System.Buffers.Binary;
using System.Text;

namespace AmcEngine.Files.Pickle;

/// <summary>
/// Sequential reading of the bytes of a pickle, every read checked against the bytes that are left, so that a count in
/// a hostile file never makes us reserve memory that the file cannot fill.
/// </summary>
public sealed class PickleInput
{
    private const int WindowBytes = 1 << 16;
    private const int MaxLine = 4096;

    private readonly IByteRange _source;
    private readonly Func<string, string, Exception> _fault;
    private readonly byte[] _window = new byte[WindowBytes];
    private long _windowStart;
    private int _windowLength;

    /// <summary>Starts at the first byte.</summary>
    /// <param name="path">The file, for messages.</param>
    /// <param name="source">Its bytes.</param>
    /// <param name="limits">What the pickle may cost.</param>
    /// <param name="fault">Problem and remedy → the exception that the caller's callers expect.</param>
    public PickleInput(string path, IByteRange source, PickleLimits limits, Func<string, string, Exception> fault)
    {
        (Path, _source, Limits, _fault) = (path, source, limits, fault);
    }

    /// <summary>The file, for messages.</summary>
    public string Path { get; }

    /// <summary>What the pickle may cost.</summary>
    public PickleLimits Limits { get; }

    /// <summary>Bytes read so far.</summary>
    public long Position { get; private set; }

    private long Remaining => Math.Min(_source.Length, Limits.MaxBytes) - Position;

    /// <summary>The error for a pickle that is damaged here.</summary>
    public Exception Broken(string problem) =>
        _fault($"the pickle is broken at byte {Position}: {problem}", "the file is damaged: fetch or save it again");

    /// <summary>The error for a pickle that is whole and asks for something that is not allowed.</summary>
    public Exception Refused(string problem, string remedy) => _fault(problem, remedy);

    /// <summary>The next byte.</summary>
    public byte ReadByte()
    {
        if (Position < _windowStart || Position >= _windowStart + _windowLength) FillWindow();
        return _window[Position++ - _windowStart];
    }

    /// <summary>The next bytes; the count may come from the file.</summary>
    public byte[] ReadBytes(long count)
    {
        if (count < 0 || count > Remaining)
            throw Broken($"{count} bytes are announced, {Remaining} can follow");
        // Most reads take a few bytes: serve them from the window, not by a system call each.
        var inWindow = Position - _windowStart;
        var bytes = GC.AllocateUninitializedArray<byte>((int)count);
        if (inWindow >= 0 && inWindow + count <= _windowLength)
            _window.AsSpan((int)inWindow, (int)count).CopyTo(bytes);
        else
            _source.Read(Position, bytes);
        Position += count;
        return bytes;
    }

    /// <summary>The next two bytes as a number.</summary>
    public ushort ReadUInt16() => BinaryPrimitives.ReadUInt16LittleEndian(ReadBytes(2));

    /// <summary>The next four bytes as a signed number.</summary>
    public int ReadInt32() => BinaryPrimitives.ReadInt32LittleEndian(ReadBytes(4));

    /// <summary>The next four bytes as a number without sign.</summary>
    public uint ReadUInt32() => BinaryPrimitives.ReadUInt32LittleEndian(ReadBytes(4));

    /// <summary>The next eight bytes as a signed number.</summary>
    public long ReadInt64() => BinaryPrimitives.ReadInt64LittleEndian(ReadBytes(8));

    /// <summary>The next eight bytes as a number, the highest byte first.</summary>
    public double ReadDouble() => BinaryPrimitives.ReadDoubleBigEndian(ReadBytes(8));

    /// <summary>The next bytes as UTF-8.</summary>
    public string ReadText(long count) => Decode(ReadBytes(count));

    /// <summary>An argument of protocol 0: text up to a line feed.</summary>
    public string ReadLine() => Decode(ReadLineBytes());

    /// <summary>The same as bytes.</summary>
    public byte[] ReadLineBytes()
    {
        var line = new List<byte>();
        for (var next = ReadByte(); next != (byte)'\n'; next = ReadByte())
        {
            if (line.Count == MaxLine) throw Broken($"a line is longer than {MaxLine} bytes");
            line.Add(next);
        }
        return [.. line];
    }

    private static string Decode(byte[] bytes) => Encoding.UTF8.GetString(bytes);

    private void FillWindow()
    {
        if (Remaining <= 0) throw Broken($"it ends early, or is larger than the allowed {Limits.MaxBytes >> 20} MiB");
        _windowStart = Position;
        _windowLength = (int)Math.Min(WindowBytes, Remaining);
        _source.Read(Position, _window.AsSpan(0, _windowLength));
    }
}
