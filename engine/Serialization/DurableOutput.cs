using AmcEngine.Files;

namespace AmcEngine.Serialization;

/// <summary>
/// Files and folders that a reader finds whole or not at all: written under another name, flushed to the disk, then renamed.
/// </summary>
public static class DurableOutput
{
    /// <summary>How the names of files and folders end that are not complete yet; a killed process leaves them behind.</summary>
    public const string TemporarySuffix = DurableFile.TemporarySuffix;

    /// <summary>Writes a file through <paramref name="write"/>, replacing an older one; nothing is left where that fails.</summary>
    /// <param name="path">The file; its folder must exist.</param>
    /// <param name="write">Writes the content.</param>
    /// <exception cref="SerializationException">It cannot be written, or the disk is full.</exception>
    public static void Write(string path, Action<Stream> write)
    {
        ArgumentNullException.ThrowIfNull(path);
        ArgumentNullException.ThrowIfNull(write);
        try
        {
            DurableFile.Write(path, write);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw SerializationException.In(
                path, null, $"the file cannot be written ({e.Message.TrimEnd('.')})", "check that the folder exists, is writable and has space", e);
        }
    }

    /// <summary>Writes a file's content.</summary>
    /// <exception cref="SerializationException">It cannot be written, or the disk is full.</exception>
    public static void Write(string path, byte[] content) => Write(path, stream => stream.Write(content));

    /// <summary>Flushes a folder's entries to the disk: what was created or renamed in it stays so.</summary>
    public static void FlushFolder(string folder) => DurableFile.Flush(folder);
}
