using System.Text;
using System.Text.Json;

namespace AmcEngine.DataTools;

/// <summary>An element of a JSON list.</summary>
/// <param name="Number">Its number, from 0.</param>
/// <param name="Value">The element, if it is whole.</param>
/// <param name="Damage">One line that says why it is not valid JSON, or null.</param>
internal readonly record struct JsonEntry(int Number, JsonElement Value, string? Damage);

/// <summary>
/// Reads a JSON list, or JSON objects that follow one another (an object a line), one element at a time from a stream.
/// The buffer holds the current element only, since annotation files of Visual Genome are hundreds of megabytes. An
/// element that is not valid JSON is passed over, if its end can be found; what is wrong names the element and, where
/// it can, the field.
/// </summary>
internal sealed class JsonListReader(Stream stream, string path)
{
    private const int InitialBuffer = 1 << 16;
    private const int SnippetLength = 24;

    // A single element as large as this is some other file, which would fill the memory.
    private const int LargestElement = 1 << 26;

    private byte[] _buffer = new byte[InitialBuffer];
    private int _start;
    private int _end;
    private bool _streamEnded;
    private int _index;

    /// <summary>The elements in order; each is valid for as long as the caller keeps it.</summary>
    /// <exception cref="DataException">The stream holds neither a JSON list nor objects, or it is cut off.</exception>
    public IEnumerable<JsonEntry> Entries()
    {
        SkipByteOrderMark();
        var next = PeekToken();
        if (next == '{')
        {
            for (; next >= 0; next = PeekToken())
            {
                yield return Next(inList: false);
                if (PeekToken() == ',')
                    _start++;
            }
            yield break;
        }
        if (next != '[')
            throw new DataException($"{path}: the file must hold a JSON list of annotations ([{{…}}, …]).");
        _start++;
        for (next = PeekToken(); next != ']'; next = PeekToken())
        {
            if (next < 0)
                throw Broken("the file ends inside the list");
            yield return Next(inList: true);
            next = PeekToken();
            if (next < 0)
                throw Broken("the file ends inside the list");
            if (next == ',')
                _start++;
            else if (next != ']')
                throw Broken($"expected , or ] after entry {_index - 1}");
        }
        _start++;
        if (PeekToken() >= 0)
            throw Broken("there is text after the list");
    }

    private JsonEntry Next(bool inList)
    {
        var number = _index++;
        if (_buffer[_start] == ',')
            return new JsonEntry(number, default, $"{path}: entry {number}: there is nothing before the comma.");
        while (true)
        {
            try
            {
                if (TryParse(out var element))
                    return new JsonEntry(number, element, null);
            }
            catch (JsonException e)
            {
                var problem = Explain(e, number);
                return (inList ? SkipElement() : SkipLine())
                    ? new JsonEntry(number, default, problem.Message)
                    : throw problem;
            }
            if (_end - _start > LargestElement)
                throw new DataException($"{path}: entry {number} is larger than {LargestElement >> 20} MB; "
                    + $"the file must hold a JSON list of annotations ([{{…}}, …]).");
            if (Fill())
                continue;
            if (inList)
                throw Broken("the file ends inside the list");
            SkipLine();
            return new JsonEntry(number, default, $"{path}: entry {number}: the line is cut off.");
        }
    }

    // Goes on to where the element ends by its brackets; false where the stream ends first.
    private bool SkipElement()
    {
        var depth = 0;
        var inText = false;
        while (_start < _end || Fill())
        {
            var c = _buffer[_start];
            if (inText)
            {
                // What a backslash escapes is passed over with it.
                if (c == '\\' && (_start + 1 < _end || Fill()))
                    _start++;
                inText = c != '"';
            }
            else if (depth == 0 && (c is (byte)',' or (byte)']'))
                return true;
            else
            {
                inText = c == '"';
                depth += c is (byte)'{' or (byte)'[' ? 1 : c is (byte)'}' or (byte)']' ? -1 : 0;
            }
            _start++;
        }
        return false;
    }

    private bool SkipLine()
    {
        while ((_start < _end || Fill()) && _buffer[_start] != '\n')
            _start++;
        return true;
    }

    private bool TryParse(out JsonElement element)
    {
        element = default;
        var reader = new Utf8JsonReader(_buffer.AsSpan(_start, _end - _start), isFinalBlock: false, default);
        if (!reader.Read() || !reader.TrySkip())
            return false;
        var length = (int)reader.BytesConsumed;
        using var document = JsonDocument.Parse(_buffer.AsMemory(_start, length));
        element = document.RootElement.Clone();
        _start += length;
        return true;
    }

    // Python writes NaN and Infinity, which JSON does not know; users deserve that word rather than "invalid start".
    private DataException Explain(JsonException error, int number)
    {
        // The bad word may go on beyond the buffer.
        var wanted = _end - _start + SnippetLength;
        while (_end - _start < wanted && Fill())
        {
        }
        ReadOnlySpan<byte> text = _buffer.AsSpan(_start, _end - _start);
        var field = "";
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
        var at = field.Length > 0 ? $"entry {number}: {field}: " : $"entry {number}: ";
        var rest = Encoding.UTF8.GetString(
            text.Slice((int)reader.BytesConsumed, Math.Min(SnippetLength, text.Length - (int)reader.BytesConsumed)));
        rest = rest.TrimStart(' ', '\t', '\r', '\n', ',', ':', '[');
        var notFinite = rest.StartsWith("NaN", StringComparison.Ordinal)
            || rest.TrimStart('-').StartsWith("Infinity", StringComparison.Ordinal);
        return notFinite
            ? new DataException($"{path}: {at}NaN and Infinity are not numbers of JSON; give finite numbers.", error)
            : new DataException($"{path}: {at}not valid JSON near \"{rest.Split('\n')[0]}\"; check the brackets, "
                + "quotes and commas there.", error);
    }

    private DataException Broken(string what) =>
        new($"{path}: not valid JSON: {what}; the file may be cut off or damaged.");

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
        var read = stream.Read(_buffer, _end, _buffer.Length - _end);
        _end += read;
        _streamEnded = read == 0;
        return read > 0;
    }
}
