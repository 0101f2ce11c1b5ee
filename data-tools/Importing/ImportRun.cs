using System.Diagnostics;
using System.Globalization;
using AmcEngine.Files;

namespace AmcEngine.DataTools;

/// <summary>
/// One import on its way: counts, writes and remembers. The files grow in a folder beside the results and are renamed
/// at the end, so that a reader finds all of them or none. An import is a function of the originals and the request; so
/// a run that was killed is resumed by going through the same units again without writing those that the journal says
/// are on the disk.
/// </summary>
internal sealed class ImportRun : IDisposable
{
    /// <summary>Name of the list of missing pictures in the output folder.</summary>
    public const string MissingName = "missing.txt";

    private const int ListedMissing = 20;
    private const int UnitsBetweenLooks = 64;

    private static readonly TimeSpan JournalPause = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan ProgressPause = TimeSpan.FromSeconds(3);

    private readonly Dataset _dataset;
    private readonly ImportFolder _folder;
    private readonly Dictionary<string, SplitCounts> _counts = new(StringComparer.Ordinal);
    private readonly Dictionary<string, SplitWriter> _writers = new(StringComparer.Ordinal);
    private readonly SortedSet<string> _missing = new(StringComparer.Ordinal);
    private readonly Stopwatch _clock = Stopwatch.StartNew();
    private readonly string _identity;
    private TimeSpan _told;
    private TimeSpan _noted;
    private long _notedUnits;
    private long _units;
    private JsonScan? _reading;

    /// <summary>Starts or resumes.</summary>
    /// <param name="dataset">The data set.</param>
    /// <param name="request">What to import.</param>
    /// <param name="splits">The splits that will be written, empty ones too.</param>
    /// <param name="inputs">The original files and folders of files that decide the result.</param>
    /// <exception cref="DataException">There is an import already, or another process is at it.</exception>
    /// <exception cref="FileWriteException">The output cannot be written.</exception>
    public ImportRun(Dataset dataset, ImportRequest request, IReadOnlyList<string> splits, IEnumerable<string> inputs)
    {
        (_dataset, Request) = (dataset, request);
        _identity = ImportFolder.Identity(dataset.Name, request, inputs);
        _folder = ImportFolder.Open(request, splits, _identity);
        try
        {
            foreach (var split in splits)
            {
                _counts[split] = new SplitCounts();
                _writers[split] = _folder.Writer(split);
            }
        }
        catch
        {
            Dispose();
            throw;
        }
        if (_folder.Units > 0)
            Say(string.Create(CultureInfo.InvariantCulture,
                $"resumed behind the first {_folder.Units} pictures or expressions, which are on the disk"));
    }

    /// <summary>What to import.</summary>
    public ImportRequest Request { get; }

    /// <summary>What was written so far, by split.</summary>
    public IReadOnlyDictionary<string, SplitCounts> Counts => _counts;

    /// <summary>The folder that paths of pictures start from; null where no pictures were found.</summary>
    public string? ImageRoot { get; set; }

    /// <summary>Tells the person something.</summary>
    public void Say(string line) => Request.Say?.Invoke(line);

    /// <summary>Which file progress is measured by from now on.</summary>
    public JsonScan Reading(JsonScan scan) => _reading = scan;

    /// <summary>
    /// Writes an entry of a split, without its phrases and boxes that can serve nobody; those are counted.
    /// </summary>
    public void Write(string split, ImportedEntry entry)
    {
        var counts = _counts[split];
        List<string> captions =
            [.. entry.Captions.Where(c => CaptionCleaner.Clean(c, CaptionCleaner.TrainingMaxWords).Length > 0)];
        if (captions.Count < entry.Captions.Count)
            counts.Drop(DropReasons.EmptyPhrase, entry.Captions.Count - captions.Count);
        if (captions.Count == 0)
            return;
        var kept = captions.Count == entry.Captions.Count ? entry : entry with { Captions = captions };
        counts.Add(kept);
        if (_units >= _folder.Units)
            _writers[split].Write(kept, split);
    }

    /// <summary>Counts something that is left out.</summary>
    public void Drop(string split, string reason, long count = 1)
    {
        if (count > 0)
            _counts[split].Drop(reason, count);
    }

    /// <summary>Counts something that is left out of every split, since it cannot be said which.</summary>
    public void DropEverywhere(string reason)
    {
        foreach (var counts in _counts.Values)
            counts.Drop(reason, 1);
    }

    /// <summary>Says that everything about a picture or expression is written.</summary>
    /// <exception cref="FileWriteException">The disk is full or fails.</exception>
    public void EndUnit()
    {
        _units++;
        var noted = _units - _notedUnits;
        if (noted % UnitsBetweenLooks != 0 && noted < Request.JournalEvery)
            return;
        var now = _clock.Elapsed;
        if (_units > _folder.Units && (noted >= Request.JournalEvery || now - _noted > JournalPause))
        {
            foreach (var writer in _writers.Values)
                writer.Flush();
            _folder.Note(Journal());
            (_noted, _notedUnits) = (now, _units);
        }
        if (now - _told > ProgressPause || Request.JournalEvery == 1)
        {
            _told = now;
            Request.Progress?.Invoke(new ImportProgress(
                Path.GetFileName(_reading?.Path ?? Request.Root), _reading is { Length: > 0 } scan
                    ? (double)scan.Position / scan.Length
                    : 0, _counts.Values.Sum(c => c.Phrases), _counts.Values.Sum(c => c.Regions), now));
        }
    }

    /// <summary>
    /// Writes a picture that an original brings along; it ends up in the output's folder of pictures, which becomes
    /// <see cref="ImageRoot"/>.
    /// </summary>
    /// <param name="name">The picture's file name.</param>
    /// <param name="content">The file; null where the original does not bring it.</param>
    /// <returns>The picture's path below <see cref="ImageRoot"/>; null without a picture.</returns>
    /// <exception cref="DataException">The name is no file name.</exception>
    /// <exception cref="FileWriteException">The picture cannot be written.</exception>
    public string? Unpack(string name, byte[]? content)
    {
        if (content is null)
            return null;
        if (name.Contains('/', StringComparison.Ordinal) || name.Contains('\\', StringComparison.Ordinal)
            || name is "." or "..")
            throw new DataException(
                $"{Request.Root}: \"{name}\" is not the file name of a picture; fetch the files again.");
        ImageRoot = Path.GetFullPath(Path.Combine(Request.Output, ImportFolder.PicturesName));
        _folder.Unpack(name, content);
        return name;
    }

    /// <summary>Says that a picture is missing.</summary>
    public void Missing(string image) => _missing.Add(image);

    /// <summary>
    /// Ends the looking for pictures: lists the missing ones, and refuses them unless the request allows them.
    /// </summary>
    /// <exception cref="DataException">Pictures are missing.</exception>
    public void CheckPictures(int all)
    {
        if (_missing.Count == 0)
            return;
        var list = Path.Combine(Request.Output, MissingName);
        DurableFile.Write(list, string.Join('\n', _missing) + "\n");
        foreach (var image in _missing.Take(ListedMissing))
            Say($"warning: picture missing: {image}");
        var count = string.Create(CultureInfo.InvariantCulture,
            $"{_missing.Count} of {all} pictures are missing below {ImageRoot}; all are listed in {list}");
        if (!Request.AllowMissing)
            throw new DataException(
                $"{count}; complete them, name another folder (--images), or import without them (--allow-missing).");
        Say($"warning: {count}");
    }

    /// <summary>Completes the files and gives them their names.</summary>
    /// <exception cref="DataException">Nothing could be imported.</exception>
    /// <exception cref="FileWriteException">The disk is full or fails.</exception>
    public ImportSummary Finish()
    {
        if (_counts.Values.All(c => c.Phrases == 0))
            throw new DataException($"{Request.Root}: no phrase of {_dataset.Title} can be imported ({Dropped()}); "
                + "check that these are the published files.");
        var summary = new ImportSummary(_dataset, _counts, ImageRoot);
        foreach (var writer in _writers.Values)
            writer.Finish();
        _folder.Publish(Journal() with { IsComplete = true }, summary.ToJson());
        return summary;
    }

    /// <summary>Takes back what was written, because the originals cannot be imported.</summary>
    public void Abandon()
    {
        CloseWriters();
        _folder.Clear();
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        CloseWriters();
        _folder.Dispose();
    }

    private void CloseWriters()
    {
        foreach (var writer in _writers.Values)
            writer.Dispose();
    }

    private ImportJournal Journal() => new()
    {
        Identity = _identity,
        Units = _units,
        Lengths = _writers.ToDictionary(w => w.Key, w => new[] { w.Value.Lengths.Plain, w.Value.Lengths.Rich }),
    };

    private string Dropped()
    {
        var reasons = _counts.Values.SelectMany(c => c.Dropped).GroupBy(d => d.Key, StringComparer.Ordinal)
            .Select(g => string.Create(CultureInfo.InvariantCulture, $"{g.Key} {g.Sum(d => d.Value)}")).ToArray();
        return reasons.Length == 0 ? "there is none" : string.Join(", ", reasons);
    }
}
