using AmcEngine.Amc.Configuration;

namespace AmcEngine.Amc.CommandLine;

/// <summary>Where a command writes.</summary>
/// <param name="Out">Results and progress.</param>
/// <param name="Error">Warnings; errors are written by <see cref="ErrorReporter"/> alone.</param>
internal sealed record CommandContext(TextWriter Out, TextWriter Error)
{
    /// <summary>Whether a person is watching: progress may redraw its line.</summary>
    public bool IsTerminal => ReferenceEquals(Out, Console.Out) && !Console.IsOutputRedirected;

    /// <summary>Writes a warning of one line.</summary>
    public void Warn(string message) => Error.WriteLine(MessageText.Line($"warning: {message}"));

    /// <summary>Says which keys of a configuration do nothing in a command.</summary>
    /// <param name="config">The configuration.</param>
    /// <param name="use">What the command uses it for.</param>
    public void Note(RunConfig config, ConfigUse use)
    {
        foreach (var note in ConfigNotes.For(config, use))
            Note(note);
    }

    /// <summary>Writes a note of one line.</summary>
    public void Note(string message) => Error.WriteLine(MessageText.Line($"note: {message}"));
}
