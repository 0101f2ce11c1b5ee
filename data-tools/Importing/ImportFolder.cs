using System.Globalization;
using System.Text;
using AmcEngine.Files;

namespace AmcEngine.DataTools;

/// <summary>
/// The folder within an import's output where files grow until they are complete, with the journal and a lock.
/// </summary>
internal sealed class ImportFolder : IDisposable
{
    private const string FolderName = "import" + DurableFile.TemporarySuffix;

    /// <summary>Name of the folder of pictures that originals bring along.</summary>
    public const string PicturesName = "images";

    private const string JournalName = "journal.json";
    private const string LockName = "lock";

    private readonly string _output;
    private readonly FileStream _lock;
    private readonly bool _isNew;
    private ImportJournal? _resumed;

    private ImportFolder(string output, FileStream @lock, bool isNew) =>
        (_output, _lock, _isNew) = (output, @lock, isNew);

    /// <summary>How many units an earlier run has written; 0 for a new import.</summary>
    public long Units => _resumed?.Units ?? 0;

    private string Folder => Path.Combine(_output, FolderName);

    private string JournalPath => Path.Combine(Folder, JournalName);

    /// <summary>Everything that decides an import's result, in a text.</summary>
    public static string Identity(string dataset, ImportRequest request, IEnumerable<string> inputs)
    {
        var text = new StringBuilder($"{dataset}|{Path.GetFullPath(request.Root)}|{request.Fingerprint}");
        foreach (var input in inputs.Order(StringComparer.Ordinal))
        {
            if (Directory.Exists(input))
            {
                var files = new DirectoryInfo(input).EnumerateFiles().ToArray();
                text.Append(CultureInfo.InvariantCulture, $"|{input}:{files.Length}:{files.Sum(f => f.Length)}:"
                    + $"{files.Select(f => f.LastWriteTimeUtc.Ticks).DefaultIfEmpty().Max()}");
            }
            else
                text.Append(CultureInfo.InvariantCulture,
                    $"|{input}:{new FileInfo(input).Length}:{File.GetLastWriteTimeUtc(input).Ticks}");
        }
        return text.ToString();
    }

    /// <summary>Opens the folder, and finds out whether there is something to resume.</summary>
    /// <exception cref="DataException">There is an import already, or another process is at it.</exception>
    /// <exception cref="FileWriteException">The folder cannot be made.</exception>
    public static ImportFolder Open(ImportRequest request, IReadOnlyList<string> splits, string identity)
    {
        var folder = Path.Combine(request.Output, FolderName);
        var resumed = ImportJournal.Load(Path.Combine(folder, JournalName));
        if (resumed?.Identity != identity)
            resumed = null;
        if (!request.Overwrite && resumed?.IsComplete != true)
            RequireNew(request.Output, splits);
        var isNew = !Directory.Exists(request.Output);
        ImportFolder opened = new(request.Output, Lock(folder), isNew);
        try
        {
            if (resumed is not null && opened.HasFilesOf(resumed))
                opened._resumed = resumed;
            else
            {
                if (File.Exists(opened.JournalPath))
                    request.Say?.Invoke(
                        "note: the import that was begun here is of other files or options; it starts again");
                opened.Empty();
            }
            return opened;
        }
        catch
        {
            opened.Dispose();
            throw;
        }
    }

    /// <summary>Opens the two files of a split where an earlier run left them.</summary>
    /// <exception cref="FileWriteException">They cannot be written.</exception>
    public SplitWriter Writer(string split)
    {
        var kept = _resumed?.Lengths[split] ?? [0, 0];
        return new SplitWriter(
            Path.Combine(Folder, PlainName(split)), Path.Combine(Folder, RichName(split)), (kept[0], kept[1]));
    }

    /// <summary>Writes a picture, unless it is there.</summary>
    /// <exception cref="FileWriteException">It cannot be written.</exception>
    public void Unpack(string name, byte[] content)
    {
        var path = Path.Combine(Folder, PicturesName, name);
        if (new FileInfo(path) is { Exists: true } known && known.Length == content.Length)
            return;
        try
        {
            Directory.CreateDirectory(Path.GetDirectoryName(path)!);
            File.WriteAllBytes(path, content);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new FileWriteException(path, e);
        }
    }

    /// <summary>Remembers what is on the disk.</summary>
    /// <exception cref="FileWriteException">The journal cannot be written.</exception>
    public void Note(ImportJournal journal) => journal.Save(JournalPath);

    /// <summary>Gives all files their names, the summary last.</summary>
    /// <exception cref="FileWriteException">A file cannot be renamed.</exception>
    public void Publish(ImportJournal journal, byte[] summary)
    {
        DurableFile.Write(Path.Combine(Folder, ImportSummary.FileName), summary);
        Note(journal);
        PublishPictures();
        // What the replaced import has and this one has not would be taken for a part of it.
        var replaced = ImportSummary.SplitsOf(Path.Combine(_output, ImportSummary.FileName));
        foreach (var name in Files(replaced.Except(journal.Lengths.Keys)))
            Change(name, File.Delete);
        foreach (var name in Files(journal.Lengths.Keys).Append(ImportSummary.FileName))
            Change(name, target => File.Move(Path.Combine(Folder, name), target, overwrite: true));
        DurableFile.FlushFolder(_output);
        Clear();
    }

    private void PublishPictures()
    {
        string pictures = Path.Combine(Folder, PicturesName), target = Path.Combine(_output, PicturesName);
        if (!Directory.Exists(pictures))
            return;
        try
        {
            Directory.CreateDirectory(target);
            foreach (var picture in Directory.EnumerateFiles(pictures))
                File.Move(picture, Path.Combine(target, Path.GetFileName(picture)), overwrite: true);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new FileWriteException(target, e);
        }
    }

    /// <summary>Removes the folder and all in it.</summary>
    public void Clear()
    {
        _lock.Dispose();
        try
        {
            Directory.Delete(Folder, recursive: true);
            // A folder that was made for nothing goes too.
            if (_isNew && !Directory.EnumerateFileSystemEntries(_output).Any())
                Directory.Delete(_output);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // What is left has a name that says so, and the next import empties it.
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _lock.Dispose();

    /// <summary>Name of a split's file in the reference's format.</summary>
    public static string PlainName(string split) => $"{split}.json";

    /// <summary>Name of a split's file in the richer format.</summary>
    public static string RichName(string split) => $"{split}.regions.json";

    private static IEnumerable<string> Files(IEnumerable<string> splits) =>
        splits.SelectMany(s => new[] { PlainName(s), RichName(s) });

    private void Change(string name, Action<string> change)
    {
        var target = Path.Combine(_output, name);
        try
        {
            change(target);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new FileWriteException(target, e);
        }
    }

    private static void RequireNew(string output, IReadOnlyList<string> splits)
    {
        foreach (var name in Files(splits).Append(ImportSummary.FileName))
        {
            if (File.Exists(Path.Combine(output, name)))
                throw new DataException($"{Path.Combine(output, name)}: is there already; choose another --output, "
                    + "or replace it with --overwrite.");
        }
    }

    private static FileStream Lock(string folder)
    {
        var path = Path.Combine(folder, LockName);
        try
        {
            Directory.CreateDirectory(folder);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new FileWriteException(folder, e);
        }
        try
        {
            return new FileStream(path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
        }
        catch (IOException e)
        {
            throw new DataException(
                $"{folder}: another process imports here; wait for it, or choose another --output.", e);
        }
        catch (UnauthorizedAccessException e)
        {
            throw new FileWriteException(path, e);
        }
    }

    // A complete import has nothing left but to be written again: its files may have been renamed in part.
    private bool HasFilesOf(ImportJournal journal) => !journal.IsComplete && journal.Lengths.All(s =>
        Holds(PlainName(s.Key), s.Value[0]) && Holds(RichName(s.Key), s.Value[1]));

    private bool Holds(string name, long length) =>
        new FileInfo(Path.Combine(Folder, name)) is { Exists: true } file && file.Length >= length;

    private void Empty()
    {
        foreach (var entry in new DirectoryInfo(Folder).EnumerateFileSystemInfos())
        {
            if (entry.Name == LockName)
                continue;
            if (entry is DirectoryInfo folder)
                folder.Delete(recursive: true);
            else
                entry.Delete();
        }
    }
}
