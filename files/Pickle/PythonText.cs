using System.Globalization;
using System.Text;

namespace AmcEngine.Files.Pickle;

/// <summary>
/// The two forms of text of pickle protocol 0, which Python 2 writes where it is asked for no other protocol.
/// </summary>
internal static class PythonText
{
    /// <summary>
    /// STRING: what <c>repr</c> gives of a byte string, in quotes, with backslashes; its bytes are taken as UTF-8.
    /// </summary>
    public static string FromRepr(PickleInput input)
    {
        var line = input.ReadLineBytes().AsSpan().Trim((byte)' ');
        if (line.Length < 2 || line[0] is not ((byte)'\'' or (byte)'"') || line[^1] != line[0])
            throw input.Broken("a text without its quotes");
        line = line[1..^1];
        var bytes = new List<byte>(line.Length);
        for (var i = 0; i < line.Length; i++)
            bytes.Add(line[i] == '\\' ? Unescape(input, line, ref i) : line[i]);
        return Encoding.UTF8.GetString([.. bytes]);
    }

    /// <summary>UNICODE: Latin-1 in which <c>\uXXXX</c> and <c>\UXXXXXXXX</c> stand for any character.</summary>
    public static string FromRawUnicodeEscape(ReadOnlySpan<byte> line)
    {
        var text = new StringBuilder(line.Length);
        for (var i = 0; i < line.Length; i++)
        {
            var digits = i + 1 >= line.Length || line[i] != '\\'
                ? 0
                : line[i + 1] switch { (byte)'u' => 4, (byte)'U' => 8, _ => 0 };
            if (digits > 0 && i + 1 + digits < line.Length && TryHex(line.Slice(i + 2, digits), out var code)
                && code <= 0x10ffff)
            {
                // Half of a surrogate pair is a character of its own here; its other half follows.
                _ = code > 0xffff ? text.Append(char.ConvertFromUtf32(code)) : text.Append((char)code);
                i += 1 + digits;
            }
            else
                text.Append((char)line[i]);
        }
        return text.ToString();
    }

    // Leaves the index at the escape's last byte.
    private static byte Unescape(PickleInput input, ReadOnlySpan<byte> line, ref int index)
    {
        if (++index >= line.Length)
            throw input.Broken("a text that ends in a backslash");
        switch (line[index])
        {
            case (byte)'n': return (byte)'\n';
            case (byte)'r': return (byte)'\r';
            case (byte)'t': return (byte)'\t';
            case (byte)'\\' or (byte)'\'' or (byte)'"': return line[index];
            case (byte)'x' when index + 2 < line.Length && TryHex(line.Slice(index + 1, 2), out var code):
                index += 2;
                return (byte)code;
            default: throw input.Broken("an escape in a text that is none");
        }
    }

    private static bool TryHex(ReadOnlySpan<byte> digits, out int value) =>
        int.TryParse(digits, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out value) && value >= 0;
}
