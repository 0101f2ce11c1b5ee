using System.Globalization;
using System.Net;
using System.Text;
using System.Text.RegularExpressions;

namespace AmcEngine.Model.Tokenization;

/// <summary>
/// Replaces character references as browsers read them (and Python's <c>html.unescape</c>): numbers, where those of
/// Windows-1252 mean its characters; names with their semicolon, and without it the names that HTML has always allowed
/// so.
/// </summary>
/// <remarks>Names are those of HTML 4 and its few capital forms; of HTML 5's others none stands in a caption.</remarks>
internal static partial class HtmlEntities
{
    // What bytes 0x80 to 0x9F mean in Windows-1252; where nothing, the control character itself.
    private const string Windows1252 =
        "\u20AC\u0081\u201A\u0192\u201E\u2026\u2020\u2021\u02C6\u2030\u0160\u2039\u0152\u008D\u017D\u008F"
        + "\u0090\u2018\u2019\u201C\u201D\u2022\u2013\u2014\u02DC\u2122\u0161\u203A\u0153\u009D\u017E\u0178";

    private static readonly string[] CapitalNames = ["AMP", "LT", "GT", "QUOT", "COPY", "REG"];

    /// <summary>The character that a byte from 0x80 to 0x9F means in Windows-1252.</summary>
    public static char OfWindows1252(int value) => Windows1252[value - 0x80];

    /// <summary>The text with every reference replaced, once.</summary>
    public static string Unescape(string text) =>
        text.Contains('&', StringComparison.Ordinal) ? Reference()
            .Replace(text, match => Replace(match.Groups[1].Value)) : text;

    /// <summary>The characters of a name with its semicolon, or null where there is no such name.</summary>
    public static string? Named(string name)
    {
        var known = CapitalNames.Contains(name, StringComparer.Ordinal) ? name.ToLowerInvariant() : name;
        var reference = $"&{known};";
        var decoded = WebUtility.HtmlDecode(reference);
        return decoded != reference ? decoded : null;
    }

    private static string Replace(string body)
    {
        if (body[0] == '#') return Numbered(body.TrimEnd(';'));
        if (body[^1] == ';' && Named(body[..^1]) is { } whole) return whole;
        // The longest beginning that needs no semicolon; what follows stays.
        for (var length = Math.Min(body.Length, 6); length > 1; length--)
            if (Short(body[..length]) is { } known) return known + body[length..];
        return "&" + body;
    }

    // Latin-1 and the capital forms may go without the semicolon.
    private static string? Short(string name) =>
        Named(name) is { } decoded && (decoded is [<= '\u00FF'] && name != "apos") ? decoded : null;

    private static string Numbered(string body)
    {
        var hexadecimal = body[1] is 'x' or 'X';
        var digits = body.AsSpan(hexadecimal ? 2 : 1).TrimStart('0');
        if (digits.Length > 7) return "\uFFFD";
        var style = hexadecimal ? NumberStyles.HexNumber : NumberStyles.None;
        var code = digits.IsEmpty ? 0 : int.Parse(digits, style, CultureInfo.InvariantCulture);
        return code switch
        {
            0x0D => "\r",
            >= 0x80 and <= 0x9F => OfWindows1252(code).ToString(),
            0 or (>= 0xD800 and <= 0xDFFF) or > 0x10FFFF => "\uFFFD",
            (>= 0x01 and <= 0x08) or 0x0B or (>= 0x0E and <= 0x1F) or 0x7F or (>= 0xFDD0 and <= 0xFDEF) => "",
            _ when (code & 0xFFFE) == 0xFFFE => "",
            _ => new Rune(code).ToString(),
        };
    }

    [GeneratedRegex("&(#[0-9]+;?|#[xX][0-9a-fA-F]+;?|[^\\t\\n\\f <&#;]{1,32};?)", RegexOptions.CultureInvariant)]
    private static partial Regex Reference();
}
