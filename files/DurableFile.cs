using System.Runtime.InteropServices;
using System.Text;

namespace AmcEngine.Files;

/// <summary>
/// Files and folders that a reader finds whole or not at all, after a power cut too: a temporary in the same folder,
/// flushed to the disk, renamed, and the folder flushed (<see cref="StagedFiles"/>).
/// </summary>
public static partial class DurableFile
{
    /// <summary>
    /// How the names of files and folders end that are not complete yet; a killed process leaves them behind.
    /// </summary>
    public const string TemporarySuffix = ".tmp";

    /// <summary>
    /// Writes <paramref name="path"/> through <paramref name="write"/>, replacing an older file; nothing is left where
    /// that fails.
    /// </summary>
    /// <param name="path">The file; its folder must exist.</param>
    /// <param name="write">Writes the content; what it throws goes on, but for errors of writing.</param>
    /// <param name="flush">
    /// False for what is checked when it is read, and can be made again: after a power cut it may then be there in
    /// part.
    /// </param>
    /// <exception cref="FileWriteException">The folder or file cannot be written, or the disk is full.</exception>
    public static void Write(string path, Action<Stream> write, bool flush = true)
    {
        using var files = new StagedFiles(flush);
        files.Write(path, write);
        files.Publish();
    }

    /// <summary>Writes a file's content, replacing an older file.</summary>
    /// <param name="path">The file; its folder must exist.</param>
    /// <param name="content">The content.</param>
    /// <exception cref="FileWriteException">The folder or file cannot be written, or the disk is full.</exception>
    public static void Write(string path, byte[] content) => Write(path, stream => stream.Write(content));

    /// <summary>Writes a text in UTF-8, replacing an older file.</summary>
    /// <param name="path">The file; its folder must exist.</param>
    /// <param name="text">The text.</param>
    /// <exception cref="FileWriteException">The folder or file cannot be written, or the disk is full.</exception>
    public static void Write(string path, string text) => Write(path, Encoding.UTF8.GetBytes(text));

    /// <summary>Flushes a folder's entries to the disk, so that what was created or renamed in it stays so.</summary>
    public static void FlushFolder(string folder)
    {
        // Windows has no such call, and its file systems order renames by themselves.
        if (OperatingSystem.IsWindows())
            return;
        var handle = Open(folder, 0);
        if (handle < 0)
            return;
        try
        {
            // Some file systems refuse to flush folders; the rename has happened all the same.
            _ = FSync(handle);
        }
        finally
        {
            _ = Close(handle);
        }
    }

    [LibraryImport("libc", EntryPoint = "open", StringMarshalling = StringMarshalling.Utf8)]
    private static partial int Open(string path, int flags);

    [LibraryImport("libc", EntryPoint = "fsync")]
    private static partial int FSync(int handle);

    [LibraryImport("libc", EntryPoint = "close")]
    private static partial int Close(int handle);
}
