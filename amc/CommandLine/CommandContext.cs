using AmcEngine.Amc.Configuration;
using AmcEngine.Collectives;

namespace AmcEngine.Amc.CommandLine;

/// <summary>Where a command writes.</summary>
/// <param name="Out">Results and progress.</param>
/// <param name="Error">Warnings; errors are written by <see cref="ErrorReporter"/> alone.</param>
internal sealed record CommandContext(TextWriter Out, TextWriter Error)
{
    /// <summary>
    /// Whether a person is watching: progress may redraw its line. A launcher gives its processes a terminal that
    /// nobody watches.
    /// </summary>
    public bool IsTerminal =>
        ReferenceEquals(Out, Console.Out) && !Console.IsOutputRedirected && Launcher.Detect() is null;

    /// <summary>
    /// Keeps .NET from beginning the output of a launcher's processes with control sequences for that terminal; before
    /// anything else looks at it.
    /// </summary>
    public static void QuietTerminal()
    {
        if (Launcher.Detect() is not null)
            Environment.SetEnvironmentVariable("TERM", "dumb");
    }

    /// <summary>The rank of a job that warnings are marked with; null for the one that speaks for all.</summary>
    public int? Rank { get; private init; }

    /// <summary>Writes a warning of one line.</summary>
    public void Warn(string message) => Error.WriteLine(MessageText.Line($"warning: {message}"));

    /// <summary>
    /// That of a rank whose results and warnings are those of the first one, or in whose place the first one writes.
    /// </summary>
    public CommandContext Silent(int rank) => new(TextWriter.Null, TextWriter.Null) { Rank = rank, Own = this };

    /// <summary>Writes a warning of what only this rank has met with.</summary>
    public void WarnOfOwn(string message)
    {
        if (Own is { } own)
            own.Warn($"rank {Rank}: {message}");
        else
            Warn(message);
    }

    private CommandContext? Own { get; init; }

    /// <summary>Says which keys of a configuration do nothing in a command.</summary>
    /// <param name="config">The configuration.</param>
    /// <param name="use">What the command uses it for.</param>
    /// <param name="ranks">Processes that share the command.</param>
    public void Note(RunConfig config, ConfigUse use, int ranks = 1)
    {
        foreach (var note in ConfigNotes.For(config, use, ranks))
            Note(note);
    }

    /// <summary>Writes a note of one line.</summary>
    public void Note(string message) => Error.WriteLine(MessageText.Line($"note: {message}"));
}
