using System.Text;

namespace AmcEngine.DataTools;

/// <summary>
/// The recipe's caption cleaning (specification 5, "pre_caption"), as Python's string functions do it.
/// </summary>
public static class CaptionCleaner
{
    /// <summary>Words kept in training and on Flickr30k.</summary>
    public const int TrainingMaxWords = 50;

    private const string Deleted = ",.'!?\"()*#:;~";

    /// <summary>
    /// Lowercases, deletes <c>, . ' ! ? " ( ) * # : ; ~</c>, turns <c>-</c> and <c>/</c> into spaces and
    /// <c>&lt;person&gt;</c> into <c>person</c>, makes one space of several, trims, and keeps the first words.
    /// </summary>
    /// <param name="caption">The phrase.</param>
    /// <param name="maxWords">How many words, separated by spaces, are kept; at least 1.</param>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="maxWords"/> is not positive.</exception>
    public static string Clean(string caption, int maxWords)
    {
        ArgumentNullException.ThrowIfNull(caption);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(maxWords);
        var kept = new StringBuilder(caption.Length);
        foreach (var c in Lower(caption))
        {
            if (!Deleted.Contains(c, StringComparison.Ordinal))
                kept.Append(c is '-' or '/' ? ' ' : c);
        }
        var cleaned = CollapseRuns(kept.Replace("<person>", "person").ToString()).TrimEnd('\n').Trim(' ');
        var words = cleaned.Split(' ');
        return words.Length > maxWords ? string.Join(' ', words, 0, maxWords) : cleaned;
    }

    // Only runs of two or more become a space: a lone tab stays a tab, as in the reference.
    private static string CollapseRuns(string text)
    {
        var result = new StringBuilder(text.Length);
        for (var i = 0; i < text.Length;)
        {
            var end = i;
            while (end < text.Length && IsPythonSpace(text[end]))
                end++;
            if (end - i >= 2)
                result.Append(' ');
            else
                result.Append(text[i]);
            i = Math.Max(end, i + 1);
        }
        return result.ToString();
    }

    // Python also counts the four information separators as white space.
    private static bool IsPythonSpace(char c) => char.IsWhiteSpace(c) || c is >= '\u001c' and <= '\u001f';

    // Python lowercases by the full Unicode rules; .NET by the simple ones. These two letters differ.
    private static string Lower(string text)
    {
        var lower = text.ToLowerInvariant().Replace("İ", "i\u0307", StringComparison.Ordinal);
        if (!text.Contains('Σ', StringComparison.Ordinal) || lower.Length != text.Length)
            return lower;
        var letters = lower.ToCharArray();
        for (var i = 1; i < letters.Length; i++)
        {
            var endsWord = i + 1 == letters.Length || !char.IsLetter(letters[i + 1]);
            if (text[i] == 'Σ' && char.IsLetter(letters[i - 1]) && endsWord)
                letters[i] = 'ς';
        }
        return new string(letters);
    }
}
