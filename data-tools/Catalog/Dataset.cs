namespace AmcEngine.DataTools;

/// <summary>
/// A data set that the program knows by name, generated or imported. <see cref="DatasetRegistry"/> lists them all.
/// </summary>
public abstract class Dataset
{
    /// <summary>The name on the command line and in configurations.</summary>
    public abstract string Name { get; }

    /// <summary>The name by which people know it.</summary>
    public abstract string Title { get; }

    /// <summary>Where it lives: a web address, or what makes it.</summary>
    public abstract string Home { get; }

    /// <summary>What its owners allow, in a few words; theirs is the word that counts.</summary>
    public abstract string Licence { get; }

    /// <summary>The splits that it may have, in the order of reports.</summary>
    public abstract IReadOnlyList<string> Splits { get; }

    /// <summary>
    /// Every word of its cleaned phrases; null where phrases are free text and the model's own vocabulary serves.
    /// </summary>
    public virtual IReadOnlyList<string>? Words => null;

    /// <summary>Where its files are expected in its folder; none for a data set without files.</summary>
    public virtual IReadOnlyList<LayoutPart> Layout => [];

    /// <summary>
    /// Published counts by split, where a public source gives them; docs/datasets.md names the sources.
    /// </summary>
    public virtual IReadOnlyDictionary<string, PublishedCounts> Published =>
        new Dictionary<string, PublishedCounts>(StringComparer.Ordinal);
}
