namespace AmcEngine.Amc.Runs;

/// <summary>Words of commands that are printed to be pasted.</summary>
internal static class ShellWord
{
    /// <summary>The word as a shell reads it: as it is where that is safe, else in quotes.</summary>
    public static string Quote(string word) => Quote(word, OperatingSystem.IsWindows());

    /// <summary>The same for a given kind of shell.</summary>
    internal static string Quote(string word, bool windows)
    {
        if (word.Length > 0 && word.All(c => char.IsAsciiLetterOrDigit(c)
            || "_@%+=:,./-".Contains(c, StringComparison.Ordinal) || (windows && c == '\\')))
            return word;
        return windows ? $"\"{word}\"" : $"'{word.Replace("'", "'\\''", StringComparison.Ordinal)}'";
    }
}
