using AmcEngine.Files;

namespace AmcEngine.DataTools;

/// <summary><see cref="DurableFile"/> with this project's errors.</summary>
internal static class AtomicFile
{
    /// <summary>Writes <paramref name="path"/> through <paramref name="write"/>, replacing an older file.</summary>
    /// <exception cref="DataException">The folder or file cannot be written.</exception>
    public static void Write(string path, Action<Stream> write)
    {
        try
        {
            DurableFile.Write(path, write);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new DataException(
                $"{path}: cannot be written ({e.Message.TrimEnd('.')}); choose a folder that exists, is writable and has space.", e);
        }
    }
}
