namespace AmcEngine.Files;

/// <summary>
/// Files that are written and flushed to the disk under temporary names first, and renamed when all of them are there:
/// a set of files, such as the parts of one checkpoint, of which none shows before each has succeeded.
/// </summary>
/// <remarks>Renames come one by one, in the order of writing: let the file that makes the set valid be the last.
/// </remarks>
public sealed class StagedFiles : IDisposable
{
    // Larger than a write of any of our writers, so that those go to the system as they are.
    private const int BufferBytes = 1 << 16;

    private readonly List<(string Temporary, string Path, string Full)> _files = [];

    /// <summary>Writes a file under a temporary name beside its own.</summary>
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
        try
        {
            using var stream = new FileStream(
                temporary, FileMode.CreateNew, FileAccess.Write, FileShare.None, BufferBytes);
            _files.Add((temporary, path, full));
            write(stream);
            stream.Flush(flushToDisk: true);
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

    /// <summary>Gives the files their own names, replacing older ones, and flushes their folders.</summary>
    /// <exception cref="FileWriteException">A file cannot be renamed; those before it have been.</exception>
    public void Publish()
    {
        while (_files.Count > 0)
        {
            var (temporary, path, full) = _files[0];
            try
            {
                File.Move(temporary, full, overwrite: true);
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                throw new FileWriteException(path, e);
            }
            _files.RemoveAt(0);
            DurableFile.FlushFolder(Path.GetDirectoryName(full)!);
        }
    }

    /// <summary>Deletes what was not published.</summary>
    public void Dispose()
    {
        foreach (var (temporary, _, _) in _files)
        {
            try
            {
                File.Delete(temporary);
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                // The error that matters has been thrown already; a left-over temporary does no harm.
            }
        }
        _files.Clear();
    }
}
