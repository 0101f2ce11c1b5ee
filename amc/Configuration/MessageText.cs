using System.Globalization;
using System.Text;

namespace AmcEngine.Amc.Configuration;

/// <summary>
/// Text that goes to the terminal: one line of bounded length, without the control characters that a file or an
/// argument may hold (an escape sequence would be obeyed, not shown).
/// </summary>
internal static class MessageText
{
    /// <summary>Longest line that is printed.</summary>
    public const int MaxLine = 240;

    private const int MaxQuoted = 60;

    /// <summary>
    /// A message as one line; where it is too long its middle goes, since it begins with what is wrong and ends with
    /// the remedy.
    /// </summary>
    public static string Line(string message) => Shorten(Printable(message.ReplaceLineEndings(" ").Trim()), MaxLine);

    /// <summary>What a user wrote, short enough to be quoted in a message.</summary>
    public static string Quote(string text) => Shorten(text.ReplaceLineEndings(" "), MaxQuoted);

    /// <summary>The text with visible codes in place of control and format characters.</summary>
    public static string Printable(string text)
    {
        var printable = new StringBuilder(text.Length);
        foreach (var c in text)
        {
            var shown = CharUnicodeInfo.GetUnicodeCategory(c) is not (UnicodeCategory.Control or UnicodeCategory.Format
                or UnicodeCategory.LineSeparator or UnicodeCategory.ParagraphSeparator);
            if (shown)
                printable.Append(c);
            else if (c == '\t')
                printable.Append(' ');
            else
                printable.Append(CultureInfo.InvariantCulture, $"\\u{(int)c:x4}");
        }
        return printable.ToString();
    }

    private static string Shorten(string text, int length)
    {
        if (text.Length <= length)
            return text;
        int head = length * 3 / 5, tail = length - 1 - head;
        // Not between the halves of a surrogate pair.
        if (char.IsHighSurrogate(text[head - 1]))
            head--;
        if (char.IsLowSurrogate(text[^tail]))
            tail--;
        return $"{text[..head]}…{text[^tail..]}";
    }
}
