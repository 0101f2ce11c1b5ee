using System.Globalization;
using System.Text;

namespace AmcEngine.Tests.DataTools.Imports;

/// <summary>Writes data as Python 2's pickle module does, in its protocols 0, 1 and 2.</summary>
internal sealed class PythonPickle
{
    private readonly List<byte> _bytes = [];
    private readonly int _protocol;
    private int _memo;

    private PythonPickle(int protocol) => _protocol = protocol;

    /// <summary>
    /// The pickle of lists, dictionaries, texts (byte strings of Python 2), <see cref="Unicode"/> and whole numbers.
    /// </summary>
    public static byte[] Of(object value, int protocol)
    {
        var pickle = new PythonPickle(protocol);
        if (protocol == 2)
            pickle._bytes.AddRange([0x80, 2]);
        pickle.Write(value);
        return [.. pickle._bytes, (byte)'.'];
    }

    /// <summary>A unicode text of Python 2.</summary>
    public sealed record Unicode(string Text);

    private void Write(object value)
    {
        switch (value)
        {
            case long or int: WriteWhole(Convert.ToInt64(value, CultureInfo.InvariantCulture)); break;
            case string text: WriteText(text); break;
            case Unicode { Text: var text }: WriteUnicode(text); break;
            case IReadOnlyDictionary<string, object> dictionary: WriteDictionary(dictionary); break;
            case IReadOnlyList<object> list: WriteList(list); break;
            default: throw new ArgumentException($"no pickle of {value}", nameof(value));
        }
    }

    private void WriteWhole(long value)
    {
        if (_protocol == 0)
            Add($"I{value}\n");
        else if (value is >= 0 and < 256)
            _bytes.AddRange([(byte)'K', (byte)value]);
        else
            _bytes.AddRange([(byte)'J', .. BitConverter.GetBytes((int)value)]);
    }

    private void WriteText(string text)
    {
        var utf8 = Encoding.UTF8.GetBytes(text);
        if (_protocol > 0)
            _bytes.AddRange([(byte)'U', (byte)utf8.Length, .. utf8]);
        else
        {
            var quote = text.Contains('\'', StringComparison.Ordinal) ? '"' : '\'';
            Add($"S{quote}");
            foreach (var b in utf8)
                Add(b is >= 32 and < 127
                    and not (byte)'\\' ? $"{(char)b}" : b == '\\' ? "\\\\" : b == '\n' ? "\\n" : $"\\x{b:x2}");
            Add($"{quote}\n");
        }
        Remember();
    }

    private void WriteUnicode(string text)
    {
        if (_protocol > 0)
            _bytes.AddRange([(byte)'X', .. BitConverter.GetBytes(Encoding.UTF8.GetByteCount(text)),
                .. Encoding.UTF8.GetBytes(text)]);
        else
            Add($"V{string.Concat(text.Select(c => c < 256 && c is not ('\\' or '\n') ? $"{c}" : $"\\u{(int)c:x4}"))}"
                + "\n");
        Remember();
    }

    private void WriteDictionary(IReadOnlyDictionary<string, object> dictionary)
    {
        Add(_protocol == 0 ? "(d" : "}");
        Remember();
        if (_protocol > 0)
            Add("(");
        foreach ((var key, var item) in dictionary)
        {
            Write(key);
            Write(item);
            if (_protocol == 0)
                Add("s");
        }
        if (_protocol > 0)
            Add("u");
    }

    private void WriteList(IReadOnlyList<object> list)
    {
        Add(_protocol == 0 ? "(l" : "]");
        Remember();
        if (_protocol > 0)
            Add("(");
        foreach (var item in list)
        {
            Write(item);
            if (_protocol == 0)
                Add("a");
        }
        if (_protocol > 0)
            Add("e");
    }

    private void Remember()
    {
        if (_protocol == 0)
            Add($"p{_memo}\n");
        else if (_memo < 256)
            _bytes.AddRange([(byte)'q', (byte)_memo]);
        else
            _bytes.AddRange([(byte)'r', .. BitConverter.GetBytes(_memo)]);
        _memo++;
    }

    private void Add(string latin) => _bytes.AddRange(Encoding.Latin1.GetBytes(latin));
}
