namespace AmcEngine.DataTools;

/// <summary>What an import wrote of a split, and what it left out.</summary>
public sealed class SplitCounts
{
    private readonly HashSet<string> _pictures = new(StringComparer.Ordinal);
    private readonly SortedDictionary<string, long> _dropped = new(StringComparer.Ordinal);
    private double _width;
    private double _height;
    private long _words;

    /// <summary>Entries written.</summary>
    public long Entries { get; private set; }

    /// <summary>Different pictures of the entries.</summary>
    public int Pictures => _pictures.Count;

    /// <summary>Phrases written, one count a phrase of an entry.</summary>
    public long Phrases { get; private set; }

    /// <summary>Regions written.</summary>
    public long Regions { get; private set; }

    /// <summary>Words of a phrase on average, split at spaces.</summary>
    public double MeanWords => Phrases == 0 ? 0 : (double)_words / Phrases;

    /// <summary>Width of a region's box on average, pixels.</summary>
    public double MeanWidth => Regions == 0 ? 0 : _width / Regions;

    /// <summary>Height of a region's box on average, pixels.</summary>
    public double MeanHeight => Regions == 0 ? 0 : _height / Regions;

    /// <summary>What was left out, by reason.</summary>
    public IReadOnlyDictionary<string, long> Dropped => _dropped;

    internal void Add(ImportedEntry entry)
    {
        Entries++;
        Phrases += entry.Captions.Count;
        Regions += entry.Regions.Count;
        _pictures.Add(entry.Image);
        foreach (var caption in entry.Captions)
            _words += Words(caption);
        foreach (var region in entry.Regions)
            (_width, _height) = (_width + region.Box.Width, _height + region.Box.Height);
    }

    internal void Drop(string reason, long count) => _dropped[reason] = _dropped.GetValueOrDefault(reason) + count;

    private static int Words(ReadOnlySpan<char> text)
    {
        var words = 0;
        var before = ' ';
        foreach (var c in text)
        {
            if (c != ' ' && before == ' ')
                words++;
            before = c;
        }
        return words;
    }
}
