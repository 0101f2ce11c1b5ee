namespace AmcEngine.Files;

/// <summary>
/// Files that are written under temporary names first, and renamed when all of them are on the disk: a set of files,
/// such as the parts of one checkpoint, of which none shows before each has succeeded.
/// </summary>
/// <remarks>Renames come one by one, in the order of writing: let the file that makes the set valid be the last.
/// </remarks>
/// <param name="flush">
/// False for what is checked when it is read, and can be made again: after a power cut it may then be there in part.
/// </param>
public sealed class StagedFiles(bool flush = true) : IDisposable
{
    // Larger than a write of any of our writers, so that those go to the system as they are.
    private const int BufferBytes = 1 << 16;

    private readonly List<Staged> _files = [];

    private sealed record Staged(string Path, string Full, string Temporary, FileStream Stream);

    /// <summary>
    /// Writes a file under a temporary name beside its own; it may not be on the disk before it is published.
    /// </summary>
    /// <param name="path">The file's own name; its folder must exist.</param>
    /// <param name="write">
    /// Writes the content to a stream that can seek; what it throws goes on, but for errors of writing.
    /// </param>
    /// <exception cref="FileWriteException">The folder or file cannot be written, or the disk is full.</exception>
    public void Write(string path, Action<Stream> write)
    {
        ArgumentNullException.ThrowIfNull(path);
        ArgumentNullException.ThrowIfNull(write);
        var full = Path.GetFullPath(path);
        // The temporary stays in the target's folder, because a rename is only atomic within one file system.
        var temporary = $"{full}.{Environment.ProcessId}-{Guid.NewGuid():N}{DurableFile.TemporarySuffix}";
        Guard(path, () =>
        {
            var stream = new FileStream(temporary, FileMode.CreateNew, FileAccess.Write, FileShare.None, BufferBytes);
            _files.Add(new Staged(path, full, temporary, stream));
            write(stream);
            stream.Flush();
        });
    }

    /// <summary>
    /// Flushes the files to the disk, then gives them their own names, replacing older ones, and flushes their folders.
    /// </summary>
    /// <param name="ready">Called when every file is on the disk and none has its name yet.</param>
    /// <exception cref="FileWriteException">
    /// A file cannot be flushed, and none has its name; or one cannot be renamed, and those before it have been.
    /// </exception>
    public void Publish(Action? ready = null)
    {
        foreach (var file in _files)
            Guard(file.Path, () =>
            {
                file.Stream.Flush(flushToDisk: flush);
                file.Stream.Dispose();
            });
        ready?.Invoke();
        while (_files.Count > 0)
        {
            var file = _files[0];
            Guard(file.Path, () => File.Move(file.Temporary, file.Full, overwrite: true));
            _files.RemoveAt(0);
            if (flush)
                DurableFile.FlushFolder(Path.GetDirectoryName(file.Full)!);
        }
    }

    /// <summary>Deletes what was not published.</summary>
    public void Dispose()
    {
        foreach (var file in _files)
        {
            try
            {
                file.Stream.Dispose();
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException or ArgumentOutOfRangeException)
            {
                // What its buffer still held cannot be written either.
            }
            try
            {
                File.Delete(file.Temporary);
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                // The error that matters has been thrown already; a left-over temporary does no harm.
            }
        }
        _files.Clear();
    }

    private static void Guard(string path, Action action)
    {
        try
        {
            action();
        }
        catch (ArgumentOutOfRangeException e) when (e.ParamName == "value")
        {
            // What .NET makes of EFBIG.
            throw new FileWriteException(
                path, new IOException("the file is larger than the limit on file sizes or the file system allows", e));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new FileWriteException(path, e);
        }
    }
}
