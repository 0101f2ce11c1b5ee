using System.Text;
using System.Text.RegularExpressions;

namespace AmcEngine.Model.Tokenization;

/// <summary>
/// The repairs of ftfy's <c>fix_text</c> (R. Speer, version 6) that CLIP's tokenizer makes, in its order: character
/// references, stray control characters of Latin-1, ligatures, full and half width, curly quotes, terminal escapes,
/// control characters, composition (form C); again until nothing changes.
/// </summary>
/// <remarks>
/// Left out: its guess at text that was decoded by the wrong encoding ("â€™" for "’"), and lone surrogates, which no
/// valid text holds.
/// </remarks>
internal static partial class TextRepair
{
    private const char FirstWide = '\uFF01', LastWideLatin = '\uFF5E', FirstOther = '\uFF5F', LastKatakana = '\uFF9F';
    private const int WideOffset = 0xFF01 - '!';

    // What U+FF5F to U+FF9F are in usual width.
    private const string UsualWidth =
        "\u2985\u2986。「」、・ヲァィゥェォャュョッーアイウエオカキクケコサシスセソタチツテトナニヌネノハヒフヘホマミムメモヤユヨラリルレロワン\u3099\u309A";

    // Half-width Hangul and signs, each followed by its usual form.
    private const string OtherWidths =
        "\uFFA0\u1160\uFFA1\u1100\uFFA2\u1101\uFFA3\u11AA\uFFA4\u1102\uFFA5\u11AC\uFFA6\u11AD\uFFA7\u1103"
        + "\uFFA8\u1104\uFFA9\u1105\uFFAA\u11B0\uFFAB\u11B1\uFFAC\u11B2\uFFAD\u11B3\uFFAE\u11B4\uFFAF\u11B5"
        + "\uFFB0\u111A\uFFB1\u1106\uFFB2\u1107\uFFB3\u1108\uFFB4\u1121\uFFB5\u1109\uFFB6\u110A\uFFB7\u110B"
        + "\uFFB8\u110C\uFFB9\u110D\uFFBA\u110E\uFFBB\u110F\uFFBC\u1110\uFFBD\u1111\uFFBE\u1112\uFFC2\u1161"
        + "\uFFC3\u1162\uFFC4\u1163\uFFC5\u1164\uFFC6\u1165\uFFC7\u1166\uFFCA\u1167\uFFCB\u1168\uFFCC\u1169"
        + "\uFFCD\u116A\uFFCE\u116B\uFFCF\u116C\uFFD2\u116D\uFFD3\u116E\uFFD4\u116F\uFFD5\u1170\uFFD6\u1171"
        + "\uFFD7\u1172\uFFDA\u1173\uFFDB\u1174\uFFDC\u1175\uFFE0¢\uFFE1£\uFFE2¬\uFFE4¦\uFFE5¥\uFFE6₩\uFFE8│"
        + "\uFFE9←\uFFEA↑\uFFEB→\uFFEC↓\uFFED■\uFFEE○";

    /// <summary>
    /// The repaired text. Character references are left alone from the first line on that has a "&lt;".
    /// </summary>
    public static string Repair(string text)
    {
        if (!text.AsSpan().ContainsAnyExceptInRange(' ', '~') && !text.Contains('&', StringComparison.Ordinal))
            return text;
        var repaired = new StringBuilder(text.Length);
        var unescape = true;
        for (var start = 0; start < text.Length;)
        {
            var end = text.IndexOf('\n', start) is var found and >= 0 ? found + 1 : text.Length;
            var line = text[start..end];
            unescape &= !line.Contains('<', StringComparison.Ordinal);
            repaired.Append(RepairLine(line, unescape));
            start = end;
        }
        return repaired.ToString();
    }

    private static string RepairLine(string line, bool unescape)
    {
        while (true)
        {
            var next = unescape ? Reference().Replace(line, Unescape) : line;
            next = TerminalEscape().Replace(Characters(next), "");
            next = CanonicalForms.Compose(WithoutControls(next));
            if (next == line) return next;
            line = next;
        }
    }

    // As the unescaping of HTML, but semicolons are needed, and names all in capitals mean capitals.
    private static string Unescape(Match match)
    {
        var text = match.Value;
        if (text[1] == '#')
            return HtmlEntities.Unescape(text) is var decoded && decoded.Contains(';', StringComparison.Ordinal)
                ? text : decoded;
        var name = text[1..^1];
        if (HtmlEntities.Named(name) is { } known) return known;
        var lower = name.ToLowerInvariant();
        return name == name.ToUpperInvariant() && HtmlEntities.Named(lower) is { } small
            ? small.ToUpperInvariant() : text;
    }

    private static string Characters(string text)
    {
        var replaced = new StringBuilder(text.Length);
        foreach (var c in text)
        {
            // What Windows-1252 gives may itself be a curly quote.
            var character = c is >= '\u0080' and <= '\u009F' ? HtmlEntities.OfWindows1252(c) : c;
            if (Ligature(character) is { } letters) replaced.Append(letters);
            else replaced.Append(Straight(Usual(character)));
            if (character == '\uFFE3') replaced.Append('\u0304');
        }
        return replaced.Replace("\r\n", "\n").Replace('\r', '\n').ToString();
    }

    private static string? Ligature(char character) => character switch
    {
        'Ĳ' => "IJ",
        'ĳ' => "ij",
        'ŉ' => "ʼn",
        'Ǆ' => "DŽ",
        'ǅ' => "Dž",
        'ǆ' => "dž",
        'Ǉ' => "LJ",
        'ǈ' => "Lj",
        'ǉ' => "lj",
        'Ǌ' => "NJ",
        'ǋ' => "Nj",
        'ǌ' => "nj",
        'Ǳ' => "DZ",
        'ǲ' => "Dz",
        'ǳ' => "dz",
        'ﬀ' => "ff",
        'ﬁ' => "fi",
        'ﬂ' => "fl",
        'ﬃ' => "ffi",
        'ﬄ' => "ffl",
        'ﬅ' => "ſt",
        'ﬆ' => "st",
        _ => null,
    };

    private static char Usual(char character) => character switch
    {
        '\u3000' or '\uFFE3' => ' ',
        >= FirstWide and <= LastWideLatin => (char)(character - WideOffset),
        >= FirstOther and <= LastKatakana => UsualWidth[character - FirstOther],
        >= '\uFFA0' and <= '\uFFEE' when OtherWidths.IndexOf(character) is var at and >= 0 => OtherWidths[at + 1],
        _ => character,
    };

    private static char Straight(char character) => character switch
    {
        '\u02BC' or (>= '\u2018' and <= '\u201B') => '\'',
        >= '\u201C' and <= '\u201F' => '"',
        '\u2028' or '\u2029' or '\u0085' => '\n',
        _ => character,
    };

    private static string WithoutControls(string text)
    {
        var kept = new StringBuilder(text.Length);
        foreach (var c in text)
            if (!IsControl(c)) kept.Append(c);
        return kept.ToString();
    }

    private static bool IsControl(char character) => character
        is <= '\u0008' or '\u000B' or (>= '\u000E' and <= '\u001F') or '\u007F' or (>= '\u206A' and <= '\u206F')
        or '\uFEFF' or (>= '\uFFF9' and <= '\uFFFC');

    [GeneratedRegex("&#?[0-9A-Za-z]{1,24};", RegexOptions.CultureInvariant)]
    private static partial Regex Reference();

    [GeneratedRegex("\u001B\\[(?:[0-9]|;)*[a-zA-Z]", RegexOptions.CultureInvariant)]
    private static partial Regex TerminalEscape();
}
