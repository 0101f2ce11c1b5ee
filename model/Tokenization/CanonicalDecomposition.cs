using System.Globalization;
using System.Text;

namespace AmcEngine.Model.Tokenization;

/// <summary>
/// What canonical decomposition (Unicode NFD) followed by dropping non-spacing marks leaves of a character. Marks that
/// take up space are not reordered among themselves; this touches no character that a caption may hold.
/// </summary>
internal static class CanonicalDecomposition
{
    /// <summary>
    /// What is left of the character, or <c>null</c> where it does not decompose or is a mark itself.
    /// </summary>
    public static string? BaseOf(Rune character)
    {
        if (!CanonicalForms.Decomposes(character) || IsMark(character)) return null;
        var rest = new StringBuilder();
        foreach (var part in CanonicalForms.Decompose(character))
            if (!IsMark(part)) rest.Append(part);
        return rest.ToString();
    }

    private static bool IsMark(Rune rune) => Rune.GetUnicodeCategory(rune) == UnicodeCategory.NonSpacingMark;
}
