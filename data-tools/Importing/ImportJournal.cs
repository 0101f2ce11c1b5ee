using System.Text.Json;
using AmcEngine.Files;

namespace AmcEngine.DataTools;

/// <summary>
/// What is known to be on the disk of an import that has not ended: which import it is, how many of its units (a
/// picture, or an expression) are written, and how long each file was then. A process that was killed goes on from
/// here.
/// </summary>
internal sealed record ImportJournal
{
    /// <summary>The form of the journal and of the files beside it; another one is not resumed.</summary>
    public const int CurrentVersion = 1;

    /// <summary>The form of the journal.</summary>
    public int Version { get; init; } = CurrentVersion;

    /// <summary>Data set, options, and the original files with length and time.</summary>
    public required string Identity { get; init; }

    /// <summary>Units whose entries are written.</summary>
    public long Units { get; init; }

    /// <summary>Split → bytes of its two files.</summary>
    public required IReadOnlyDictionary<string, long[]> Lengths { get; init; }

    /// <summary>Whether everything is written and only the renaming may be left.</summary>
    public bool IsComplete { get; init; }

    /// <summary>The journal of a folder; null where there is none that can be used.</summary>
    public static ImportJournal? Load(string path)
    {
        try
        {
            var journal = JsonSerializer.Deserialize<ImportJournal>(File.ReadAllBytes(path));
            return journal?.Version == CurrentVersion ? journal : null;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or JsonException)
        {
            // Without a journal the import starts again, which costs time and nothing else.
            return null;
        }
    }

    /// <summary>Writes the journal in place of an older one.</summary>
    /// <exception cref="FileWriteException">It cannot be written.</exception>
    public void Save(string path) => DurableFile.Write(path, JsonSerializer.SerializeToUtf8Bytes(this));
}
