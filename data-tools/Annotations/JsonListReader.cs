using System.Text;
using System.Text.Json;

namespace AmcEngine.DataTools;

/// <summary>
/// Reads a JSON list one element at a time from a stream. The buffer holds the current element only, since annotation
/// files of Visual Genome are hundreds of megabytes; an error names the element and, where it can, the field.
/// </summary>
internal sealed class JsonListReader(Stream stream, string path)
{
    private const int InitialBuffer = 1 << 16;
    private const int SnippetLength = 24;

    private byte[] _buffer = new byte[InitialBuffer];
    private int _start;
    private int _end;
    private bool _streamEnded;
    private int _index;

    /// <summary>The elements in order; each is valid for as long as the caller keeps it.</summary>
    /// <exception cref="DataException">The stream does not hold one JSON list.</exception>
    public IEnumerable<JsonElement> Entries()
    {
        SkipByteOrderMark();
        if (PeekToken() != '[')
            throw new DataException($"{path}: the file must hold a JSON list of annotations ([{{…}}, …]).");
        _start++;
        if (PeekToken() == ']')
            _start++;
        else
        {
            while (true)
            {
                yield return ReadElement();
                _index++;
                int next = PeekToken();
                _start++;
                if (next == ']')
                    break;
                if (next != ',')
                    throw Broken(next < 0 ? "the file ends inside the list" : $"expected , or ] after entry {_index - 1}");
                PeekToken();
            }
        }
        if (PeekToken() >= 0)
            throw Broken("there is text after the list");
    }

    private JsonElement ReadElement()
    {
        while (true)
        {
            try
            {
                if (TryParse(out JsonElement element))
                    return element;
            }
            catch (JsonException e)
            {
                throw Explain(e);
            }
            if (!Fill())
                throw Broken("the file ends inside the list");
        }
    }

    private bool TryParse(out JsonElement element)
    {
        element = default;
        var reader = new Utf8JsonReader(_buffer.AsSpan(_start, _end - _start), isFinalBlock: false, default);
        if (!reader.Read() || !reader.TrySkip())
            return false;
        int length = (int)reader.BytesConsumed;
        using var document = JsonDocument.Parse(_buffer.AsMemory(_start, length));
        element = document.RootElement.Clone();
        _start += length;
        return true;
    }

    // Python writes NaN and Infinity, which JSON does not know; users deserve that word rather than "invalid start".
    private DataException Explain(JsonException error)
    {
        // The bad word may go on beyond the buffer.
        int wanted = _end - _start + SnippetLength;
        while (_end - _start < wanted && Fill())
        {
        }
        ReadOnlySpan<byte> text = _buffer.AsSpan(_start, _end - _start);
        string field = "";
        var reader = new Utf8JsonReader(text, isFinalBlock: false, default);
        try
        {
            while (reader.Read())
            {
                if (reader.TokenType == JsonTokenType.PropertyName && reader.CurrentDepth == 1)
                    field = reader.GetString()!;
            }
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            // Read up to the same error to learn the field and the place.
        }
        string at = field.Length > 0 ? $"entry {_index}: {field}: " : $"entry {_index}: ";
        string rest = Encoding.UTF8.GetString(text.Slice((int)reader.BytesConsumed, Math.Min(SnippetLength, text.Length - (int)reader.BytesConsumed)));
        rest = rest.TrimStart(' ', '\t', '\r', '\n', ',', ':', '[');
        bool notFinite = rest.StartsWith("NaN", StringComparison.Ordinal) || rest.TrimStart('-').StartsWith("Infinity", StringComparison.Ordinal);
        return notFinite
            ? new DataException($"{path}: {at}NaN and Infinity are not numbers of JSON; give finite numbers.", error)
            : new DataException($"{path}: {at}not valid JSON near \"{rest.Split('\n')[0]}\"; check the brackets, quotes and commas there.", error);
    }

    private DataException Broken(string what) => new($"{path}: not valid JSON: {what}; the file may be cut off or damaged.");

    /// <summary>The next byte that is not white space, not consumed; −1 at the end.</summary>
    private int PeekToken()
    {
        while (true)
        {
            for (; _start < _end; _start++)
            {
                if (_buffer[_start] is not ((byte)' ' or (byte)'\t' or (byte)'\r' or (byte)'\n'))
                    return _buffer[_start];
            }
            if (!Fill())
                return -1;
        }
    }

    private void SkipByteOrderMark()
    {
        while (_end < 3 && Fill())
        {
        }
        if (_buffer.AsSpan(0, _end).StartsWith((ReadOnlySpan<byte>)[0xEF, 0xBB, 0xBF]))
            _start = 3;
    }

    // Moves what is left to the front, grows if full, and reads more; false at the end of the stream.
    private bool Fill()
    {
        if (_streamEnded)
            return false;
        _buffer.AsSpan(_start, _end - _start).CopyTo(_buffer);
        (_start, _end) = (0, _end - _start);
        if (_end == _buffer.Length)
            Array.Resize(ref _buffer, checked(_buffer.Length * 2));
        int read = stream.Read(_buffer, _end, _buffer.Length - _end);
        _end += read;
        _streamEnded = read == 0;
        return read > 0;
    }
}
