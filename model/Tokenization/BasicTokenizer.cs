using System.Globalization;
using System.Text;

namespace AmcEngine.Model.Tokenization;

/// <summary>
/// The first half of BERT's tokenization (specification 2.8): control characters dropped, CJK characters set
/// apart, lower case, accents stripped, words split at white space and punctuation.
/// </summary>
internal static class BasicTokenizer
{
    /// <summary>The words of a text, in order.</summary>
    public static List<string> Split(string text)
    {
        var words = new List<string>();
        foreach (var word in Clean(text).Split(' ', StringSplitOptions.RemoveEmptyEntries))
            SplitPunctuation(StripAccents(TextCase.Lower(word)), words);
        return words;
    }

    /// <summary>
    /// Drops control characters, turns all white space into blanks, and surrounds CJK characters with them.
    /// </summary>
    private static string Clean(string text)
    {
        var cleaned = new StringBuilder(text.Length);
        foreach (var rune in text.EnumerateRunes())
        {
            if (IsWhiteSpace(rune)) cleaned.Append(' ');
            else if (rune.Value == 0 || rune == Rune.ReplacementChar || IsControl(rune)) continue;
            else if (IsCjk(rune.Value)) cleaned.Append(' ').Append(rune).Append(' ');
            else cleaned.Append(rune);
        }
        return cleaned.ToString();
    }

    private static string StripAccents(string word)
    {
        var stripped = new StringBuilder(word.Length);
        foreach (var rune in word.EnumerateRunes())
        {
            if (Rune.GetUnicodeCategory(rune) == UnicodeCategory.NonSpacingMark) continue;
            if (CanonicalDecomposition.BaseOf(rune) is { } rest) stripped.Append(rest);
            else stripped.Append(rune);
        }
        return stripped.ToString();
    }

    /// <summary>Every punctuation character becomes a word of its own.</summary>
    private static void SplitPunctuation(string text, List<string> words)
    {
        var word = new StringBuilder();
        foreach (var rune in text.EnumerateRunes())
        {
            if (!IsPunctuation(rune))
            {
                word.Append(rune);
                continue;
            }
            Flush();
            words.Add(rune.ToString());
        }
        Flush();

        void Flush()
        {
            if (word.Length > 0) words.Add(word.ToString());
            word.Clear();
        }
    }

    /// <summary>
    /// Blank, tab, line feed, carriage return and category Z*; the line separators split words there too.
    /// </summary>
    private static bool IsWhiteSpace(Rune rune) => rune.Value is ' ' or '\t' or '\n' or '\r'
        || Rune.GetUnicodeCategory(rune) is UnicodeCategory.SpaceSeparator
            or UnicodeCategory.LineSeparator or UnicodeCategory.ParagraphSeparator;

    private static bool IsControl(Rune rune) => Rune.GetUnicodeCategory(rune) is UnicodeCategory.Control
        or UnicodeCategory.Format or UnicodeCategory.Surrogate or UnicodeCategory.PrivateUse
        or UnicodeCategory.OtherNotAssigned;

    /// <summary>
    /// ASCII signs count as punctuation even where Unicode calls them symbols, such as <c>$</c> and <c>^</c>.
    /// </summary>
    private static bool IsPunctuation(Rune rune) =>
        rune.Value is (>= 33 and <= 47) or (>= 58 and <= 64) or (>= 91 and <= 96) or (>= 123 and <= 126)
        || Rune.GetUnicodeCategory(rune) is UnicodeCategory.ConnectorPunctuation or UnicodeCategory.DashPunctuation
            or UnicodeCategory.OpenPunctuation or UnicodeCategory.ClosePunctuation
            or UnicodeCategory.InitialQuotePunctuation or UnicodeCategory.FinalQuotePunctuation
            or UnicodeCategory.OtherPunctuation;

    /// <summary>
    /// The CJK ideograph blocks as BERT lists them; kana and Hangul are written with blanks or as words.
    /// </summary>
    private static bool IsCjk(int code) => code is (>= 0x4E00 and <= 0x9FFF) or (>= 0x3400 and <= 0x4DBF)
        or (>= 0x20000 and <= 0x2A6DF) or (>= 0x2A700 and <= 0x2B73F) or (>= 0x2B740 and <= 0x2B81F)
        or (>= 0x2B820 and <= 0x2CEAF) or (>= 0xF900 and <= 0xFAFF) or (>= 0x2F800 and <= 0x2FA1F);
}
