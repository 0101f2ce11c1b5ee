using System.Globalization;

namespace AmcEngine.DataTools;

/// <summary>
/// Keeps count of what is wrong with the entries of annotation files: the first of each kind are kept to be listed, the
/// others counted. An entry is bad if nothing of it can be used; a bad box or phrase beside a good one is only dropped.
/// Safe to use from several threads.
/// </summary>
/// <param name="maxBadShare">Share of the entries that may be bad.</param>
/// <param name="warn">Told in one line about each problem that is met after <see cref="Finish"/>; may be null.</param>
public sealed class AnnotationCensus(double maxBadShare = BadBounds.DefaultShare, Action<string>? warn = null)
{
    /// <summary>So many problems of a kind are listed.</summary>
    public const int Listed = 20;

    private readonly Lock _lock = new();
    private readonly SortedDictionary<AnnotationFault, (int Count, List<string> First)> _kinds = [];
    private readonly HashSet<RegionAnnotation> _measured = new(ReferenceEqualityComparer.Instance);
    private readonly List<string> _notes = [];
    private string? _first;

    /// <summary>Entries read.</summary>
    public int Entries { get; internal set; }

    /// <summary>Entries that cannot be used.</summary>
    public int BadEntries { get; private set; }

    /// <summary>Bad boxes beside good ones.</summary>
    public int DroppedBoxes { get; private set; }

    /// <summary>Bad phrases beside good ones.</summary>
    public int DroppedPhrases { get; private set; }

    /// <summary>Entries that give no region: they train the losses that need none, and ask no question.</summary>
    public int WithoutBox { get; internal set; }

    /// <summary>Whether anything is wrong.</summary>
    public bool HasBad
    {
        get
        {
            lock (_lock)
                return _kinds.Count > 0;
        }
    }

    /// <summary>One line with the totals, for people.</summary>
    public string Summary => string.Create(CultureInfo.InvariantCulture,
        $"of {Entries} entries {BadEntries} are bad and left out; {DroppedBoxes} boxes and {DroppedPhrases} phrases "
            + $"are dropped beside good ones; {WithoutBox} entries have no box");

    /// <summary>How often each kind of problem was met.</summary>
    public IReadOnlyDictionary<AnnotationFault, int> Counts
    {
        get
        {
            lock (_lock)
                return _kinds.ToDictionary(k => k.Key, k => k.Value.Count);
        }
    }

    /// <summary>Everything that is wrong, by kind: the first twenty of each, then their number.</summary>
    public IReadOnlyList<string> Lines()
    {
        lock (_lock)
        {
            List<string> lines = [.. _notes];
            foreach ((var fault, (var count, var first)) in _kinds)
            {
                lines.AddRange(first);
                lines.Add(string.Create(CultureInfo.InvariantCulture, $"{Name(fault)}: "
                    + $"{count}{(count > first.Count ? $", of which the first {first.Count} are listed" : "")}"));
            }
            if (_kinds.Count > 0)
                lines.Add(Summary);
            return lines;
        }
    }

    /// <summary>
    /// The regions of an entry in pixels of its picture, without those that cover no pixel of it or do not fit it;
    /// these are counted once.
    /// </summary>
    /// <param name="annotation">The entry.</param>
    /// <param name="width">Width of the picture in pixels.</param>
    /// <param name="height">Height of the picture in pixels.</param>
    /// <param name="root">The folder that paths of masks start from; null where there is none.</param>
    /// <exception cref="UnusableSampleException">The entry gives regions, and none can be used.</exception>
    /// <exception cref="DataException">The same, and too many entries are bad.</exception>
    public IReadOnlyList<Region> UsableRegions(RegionAnnotation annotation, int width, int height, string? root = null)
    {
        List<Region> usable = [];
        List<(AnnotationFault Fault, string Text)> problems = [];
        Func<string, MaskPicture>? read = root is null ? null : path => MaskFile.Read(Path.Combine(root, path));
        foreach (var region in annotation.RegionsIn(width, height))
        {
            try
            {
                var fitted = region.Fit(width, height, read);
                if (fitted.Covers(width, height))
                    usable.Add(fitted);
                else
                    problems.Add((AnnotationFault.BoxOutside, Outside(annotation, fitted, width, height)));
            }
            catch (DataException e)
            {
                var problem = $"{annotation.Source}: {annotation.Image}: {e.Message.TrimEnd('.')}.";
                problems.Add((AnnotationFault.BadMask, problem));
            }
        }
        if (problems.Count == 0)
            return usable;
        bool isNew;
        lock (_lock)
            isNew = _measured.Add(annotation);
        if (isNew)
        {
            foreach (var (fault, text) in problems)
            {
                if (Add(fault, text))
                    warn?.Invoke(text);
            }
            Lose(usable.Count == 0, problems.Count, 0);
            CheckBounds();
        }
        return usable.Count > 0 ? usable : throw new UnusableSampleException(problems[0].Text);
    }

    /// <summary>Ends the reading of files.</summary>
    /// <exception cref="DataException">More entries are bad than the bounds allow.</exception>
    public void Finish() => CheckBounds();

    /// <summary>Something to say that is no fault.</summary>
    internal void Note(string line)
    {
        lock (_lock)
            _notes.Add(line);
    }

    /// <summary>Counts a problem; true where it is one of the first of its kind, which are listed.</summary>
    internal bool Add(AnnotationFault fault, string line)
    {
        lock (_lock)
        {
            (var count, var first) = _kinds.TryGetValue(fault, out (int, List<string>) known) ? known : (0, []);
            if (count < Listed)
                first.Add(line);
            _kinds[fault] = (count + 1, first);
            _first ??= line;
            return count < Listed;
        }
    }

    /// <summary>Counts what an entry with problems loses.</summary>
    internal void Lose(bool all, int boxes, int phrases)
    {
        lock (_lock)
        {
            if (all)
                BadEntries++;
            else
                (DroppedBoxes, DroppedPhrases) = (DroppedBoxes + boxes, DroppedPhrases + phrases);
        }
    }

    /// <summary>The first problem met.</summary>
    internal string? First => _first;

    private static string Outside(RegionAnnotation annotation, Region region, int width, int height)
    {
        var remedy = region switch
        {
            Box => "boxes are [x1, y1, x2, y2] in pixels of the original picture (box_format says otherwise)",
            PixelRegion => "a mask is black outside of the region alone",
            _ => "coordinates are [x, y] in pixels of the original picture (box_format says otherwise)",
        };
        var what = region is Box ? $"box {region}" : $"{region}";
        var where = $"{annotation.Source}: {annotation.Image}";
        return $"{where}: {what} covers no pixel of the {width}×{height} picture; {remedy}.";
    }

    private void CheckBounds()
    {
        if (BadBounds.Exceeds(BadEntries, Entries, maxBadShare))
        {
            throw new DataException(string.Create(CultureInfo.InvariantCulture,
                $"{BadEntries} of {Entries} entries are bad, more than max_bad_share allows ({100 * maxBadShare:0.##} "
                    + $"%); the first: {_first} Correct them ('amcx data inspect' lists all), or raise "
                    + $"max_bad_share."));
        }
    }

    private static string Name(AnnotationFault fault) => fault switch
    {
        AnnotationFault.NotJson => "entries that are not valid JSON",
        AnnotationFault.NotAnObject => "entries that are no object",
        AnnotationFault.NotUnicode => "entries with text that is not Unicode",
        AnnotationFault.NoPicture => "entries without a picture",
        AnnotationFault.BadPhrase => "missing, empty or wrong phrases",
        AnnotationFault.BadBox => "boxes that are not four finite numbers",
        AnnotationFault.FlatBox => "boxes without area",
        AnnotationFault.BoxOutside => "boxes outside of the picture",
        AnnotationFault.BadRegion => "regions that are none",
        AnnotationFault.BadMask => "masks that cannot be read or do not fit the picture",
        AnnotationFault.UnknownReference => "entries that refer to nothing",
        _ => "boxes in another unit than the file's others",
    };
}
