using System.Globalization;
using System.Text;

namespace AmcEngine.Model.Tokenization;

/// <summary>Lower case as the language of the reference tokenizers defines it.</summary>
internal static class TextCase
{
    private static readonly Rune CapitalSigma = new('Σ');
    private static readonly Rune FinalSigma = new('ς');
    private static readonly Rune DottedCapitalI = new('İ');

    /// <summary>
    /// The text in lower case: beyond the platform's one-to-one mapping, a capital sigma that ends a word becomes ς,
    /// and İ becomes i with a combining dot above.
    /// </summary>
    public static string Lower(string text)
    {
        Rune[] runes = [.. text.EnumerateRunes()];
        var lowered = new StringBuilder(text.Length);
        for (var i = 0; i < runes.Length; i++)
        {
            if (runes[i] == CapitalSigma && EndsWord(runes, i)) lowered.Append(FinalSigma);
            else if (runes[i] == DottedCapitalI) lowered.Append("i\u0307");
            else lowered.Append(Rune.ToLowerInvariant(runes[i]));
        }
        return lowered.ToString();
    }

    /// <summary>Whether a letter goes before and none follows, marks not counted.</summary>
    private static bool EndsWord(Rune[] runes, int at)
    {
        int before = at - 1, after = at + 1;
        while (before >= 0 && IsCaseIgnorable(runes[before])) before--;
        while (after < runes.Length && IsCaseIgnorable(runes[after])) after++;
        return before >= 0 && Rune.IsLetter(runes[before]) && !(after < runes.Length && Rune.IsLetter(runes[after]));
    }

    private static bool IsCaseIgnorable(Rune rune) => rune.Value is '\'' or '.' or ':' or '·' or '’'
        || Rune.GetUnicodeCategory(rune) is UnicodeCategory.NonSpacingMark or UnicodeCategory.EnclosingMark
            or UnicodeCategory.Format or UnicodeCategory.ModifierLetter or UnicodeCategory.ModifierSymbol;
}
