namespace AmcEngine.DataTools;

/// <summary>What to import, from where, and how.</summary>
/// <param name="Root">The folder of the original files, as the download unpacks.</param>
/// <param name="Output">The folder to write; made if missing.</param>
public sealed record ImportRequest(string Root, string Output)
{
    /// <summary>The folder of the pictures; null looks where downloads usually put them.</summary>
    public string? Images { get; init; }

    /// <summary>
    /// The folder of info-ground's JSON files, for Flickr30k Entities; null reads the original XML and sentences.
    /// </summary>
    public string? InfoGround { get; init; }

    /// <summary>
    /// Whose division into splits, for the REFER family (<c>unc</c>, <c>google</c>, <c>umd</c>, <c>berkeley</c>); null
    /// takes the usual one.
    /// </summary>
    public string? SplitBy { get; init; }

    /// <summary>Whether to import without the pictures that are missing.</summary>
    public bool AllowMissing { get; init; }

    /// <summary>Whether an import that is there already may be replaced.</summary>
    public bool Overwrite { get; init; }

    /// <summary>Told every few seconds how far the import is; null tells nobody.</summary>
    public Action<ImportProgress>? Progress { get; init; }

    /// <summary>Told in one line what a person should know.</summary>
    public Action<string>? Say { get; init; }

    /// <summary>So many pictures between two entries of the journal, at most.</summary>
    internal int JournalEvery { get; init; } = 5000;

    /// <summary>What of the request decides the content of the output.</summary>
    internal string Fingerprint => $"{Images}|{InfoGround}|{SplitBy}|{AllowMissing}";
}

/// <summary>How far an import is.</summary>
/// <param name="File">Name of the file that is being read.</param>
/// <param name="Share">How much of it has been read, 0 to 1.</param>
/// <param name="Phrases">Phrases written so far.</param>
/// <param name="Regions">Regions written so far.</param>
/// <param name="Elapsed">Since the beginning.</param>
public sealed record ImportProgress(string File, double Share, long Phrases, long Regions, TimeSpan Elapsed);
