using System.Globalization;
using System.Text.Json;

namespace AmcEngine.DataTools;

/// <summary>
/// Reads the JSON files of data sets an element at a time, so that memory does not grow with the file: a list, an
/// object of lists, or an object of values. Unlike annotation files, which people write, these are published: the first
/// byte that is not valid JSON ends the reading with an error, wherever the file is cut off.
/// </summary>
internal sealed class JsonScan : IDisposable
{
    private const int FirstBuffer = 1 << 18;

    // A single element as large as this is some other file, which would fill the memory.
    private const int LargestElement = 1 << 26;

    private readonly FileStream _stream;
    private byte[] _buffer = new byte[FirstBuffer];
    private int _start;
    private int _end;
    private long _bufferOffset;
    private bool _ended;
    private JsonReaderState _state;
    private JsonTokenType _token;
    private int _depth;
    private string _name = "";

    /// <summary>Opens a file.</summary>
    /// <exception cref="DataException">It is missing or cannot be read.</exception>
    public JsonScan(string path)
    {
        Path = path;
        _stream = OriginalFile.Open(path);
        Length = _stream.Length;
        while (_end < 3 && Fill())
        {
        }
        if (_buffer.AsSpan(0, _end).StartsWith((ReadOnlySpan<byte>)[0xEF, 0xBB, 0xBF]))
            _start = 3;
    }

    /// <summary>The file.</summary>
    public string Path { get; }

    /// <summary>Its length in bytes.</summary>
    public long Length { get; }

    /// <summary>How far it has been read, in bytes.</summary>
    public long Position => _bufferOffset + _start;

    /// <summary>
    /// Where the element at hand begins and ends in the file, in bytes; for <see cref="JsonSlices"/>.
    /// </summary>
    public (long Offset, int Length) Slice { get; private set; }

    /// <summary>The elements of the list that the file holds; each is valid until the next.</summary>
    /// <exception cref="DataException">The file holds no list, or is damaged.</exception>
    public IEnumerable<JsonElement> List()
    {
        Expect(JsonTokenType.StartArray, "a JSON list ([…])");
        while (Element() is { } document)
        {
            using (document)
                yield return document.RootElement;
        }
        ExpectEnd();
    }

    /// <summary>The values of the object that the file holds, by name; each is valid until the next.</summary>
    /// <exception cref="DataException">The file holds no object, or is damaged.</exception>
    public IEnumerable<(string Name, JsonElement Value)> Members()
    {
        Expect(JsonTokenType.StartObject, "a JSON object ({…})");
        while (NextName())
        {
            using var document = Element() ?? throw Damaged("a value is missing");
            yield return (_name, document.RootElement);
        }
        ExpectEnd();
    }

    /// <summary>
    /// The elements of the wanted lists of the object that the file holds, in the file's order; each is valid until the
    /// next.
    /// </summary>
    /// <param name="wanted">
    /// Names of lists that must be there. Others are passed over, however large; so is one that is no list.
    /// </param>
    /// <param name="optional">Names of lists that may be there.</param>
    /// <exception cref="DataException">The file holds no object, lacks a wanted list, or is damaged.</exception>
    public IEnumerable<(string List, JsonElement Element)> Lists(string[] wanted, params string[] optional)
    {
        Expect(JsonTokenType.StartObject, $"a JSON object with the lists {string.Join(", ", wanted)}");
        HashSet<string> missing = [.. wanted];
        while (NextName())
        {
            var name = _name;
            Read();
            if (_token == JsonTokenType.StartArray
                && (wanted.Contains(name, StringComparer.Ordinal) || optional.Contains(name, StringComparer.Ordinal)))
            {
                missing.Remove(name);
                while (Element() is { } document)
                {
                    using (document)
                        yield return (name, document.RootElement);
                }
            }
            else
                Skip();
        }
        ExpectEnd();
        if (missing.Count > 0)
            throw new DataException($"{Path}: the list \"{missing.Order(StringComparer.Ordinal).First()}\" is missing; "
                + $"the file must hold {string.Join(", ", wanted)} as published.");
    }

    /// <inheritdoc/>
    public void Dispose() => _stream.Dispose();

    /// <summary>The error for a file that holds something else than its format says.</summary>
    public DataException Damaged(string what) => new(string.Create(CultureInfo.InvariantCulture,
        $"{Path}: not valid JSON near byte {Position}: {what}; the file is cut off or damaged: fetch it again."));

    private void Expect(JsonTokenType token, string what)
    {
        if (!TryRead() || _token != token)
            throw new DataException($"{Path}: the file must hold {what}; it is empty or another file.");
    }

    private void ExpectEnd()
    {
        if (TryRead())
            throw Damaged("there is text after the end");
    }

    private bool NextName()
    {
        Read();
        return _token == JsonTokenType.PropertyName;
    }

    // Passes over the value whose first token was read.
    private void Skip()
    {
        if (_token is not (JsonTokenType.StartArray or JsonTokenType.StartObject))
            return;
        var outer = _depth;
        do
            Read();
        while (_depth != outer || _token is not (JsonTokenType.EndArray or JsonTokenType.EndObject));
    }

    private void Read()
    {
        if (!TryRead())
            throw Damaged("the file ends early");
    }

    // The next token; false at the end of a whole file.
    private bool TryRead()
    {
        try
        {
            while (true)
            {
                var reader = new Utf8JsonReader(_buffer.AsSpan(_start, _end - _start), _ended, _state);
                if (reader.Read())
                {
                    if (reader.TokenType == JsonTokenType.PropertyName)
                        _name = reader.GetString()!;
                    Take(ref reader);
                    return true;
                }
                if (_ended)
                    return false;
                Fill();
            }
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            throw Damaged(Reason(e));
        }
    }

    // The next element of the list, or the next value of the object; null at the end of the list.
    private JsonDocument? Element()
    {
        try
        {
            while (true)
            {
                var reader = new Utf8JsonReader(_buffer.AsSpan(_start, _end - _start), _ended, _state);
                if (reader.Read())
                {
                    if (reader.TokenType is JsonTokenType.EndArray or JsonTokenType.EndObject)
                    {
                        Take(ref reader);
                        return null;
                    }
                    var first = _bufferOffset + _start + reader.TokenStartIndex;
                    if (JsonDocument.TryParseValue(ref reader, out var document))
                    {
                        Slice = (first, (int)(_bufferOffset + _start + reader.BytesConsumed - first));
                        Take(ref reader);
                        return document;
                    }
                }
                if (_ended)
                    throw Damaged("the file ends early");
                if (_end - _start > LargestElement)
                    throw Damaged($"an element is larger than {LargestElement >> 20} MB");
                Fill();
            }
        }
        catch (JsonException e)
        {
            throw Damaged(Reason(e));
        }
    }

    private void Take(ref Utf8JsonReader reader)
    {
        (_token, _depth, _state) = (reader.TokenType, reader.CurrentDepth, reader.CurrentState);
        _start += (int)reader.BytesConsumed;
    }

    // The reader's own place counts from the buffer's start, which says nothing.
    private static string Reason(Exception error) => error.Message.Split(" LineNumber:")[0].TrimEnd('.');

    // Moves what is left to the front, grows if full, and reads more; at the end of the file it says so.
    private bool Fill()
    {
        _buffer.AsSpan(_start, _end - _start).CopyTo(_buffer);
        _bufferOffset += _start;
        (_start, _end) = (0, _end - _start);
        if (_end == _buffer.Length)
            Array.Resize(ref _buffer, checked(_buffer.Length * 2));
        try
        {
            var read = _stream.Read(_buffer, _end, _buffer.Length - _end);
            _end += read;
            _ended = read == 0;
            return read > 0;
        }
        catch (IOException e)
        {
            throw OriginalFile.Unreadable(Path, e);
        }
    }
}
