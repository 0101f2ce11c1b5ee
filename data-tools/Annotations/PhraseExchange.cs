namespace AmcEngine.DataTools;

/// <summary>
/// A part of a phrase, and others that may stand in its place: how SelfEQ's files say the same in other words.
/// </summary>
/// <param name="Part">The part, not cleaned.</param>
/// <param name="Others">At least one other, not cleaned.</param>
public sealed record PhraseExchange(string Part, IReadOnlyList<string> Others)
{
    /// <summary>
    /// The phrase with one of the others in place of the part; the phrase itself where it lacks the part.
    /// </summary>
    /// <param name="caption">The cleaned phrase.</param>
    /// <param name="other">Which of <see cref="Others"/>.</param>
    /// <param name="maxWords">Words kept of a part.</param>
    public string In(string caption, string other, int maxWords) => caption.Replace(
        CaptionCleaner.Clean(Part, maxWords), CaptionCleaner.Clean(other, maxWords), StringComparison.Ordinal);

    /// <summary>Whether cleaning leaves anything of a part.</summary>
    internal static bool IsWord(string part) =>
        CaptionCleaner.Clean(part, CaptionCleaner.TrainingMaxWords).Length > 0;
}
