namespace AmcEngine.DataTools;

/// <summary>Opens the published files of data sets; what is wrong becomes one line.</summary>
internal static class OriginalFile
{
    /// <summary>Opens a file for reading from its start.</summary>
    /// <exception cref="DataException">It is missing or cannot be read.</exception>
    public static FileStream Open(string path)
    {
        try
        {
            return new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.Read, 1, FileOptions.SequentialScan);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw Unreadable(path, e);
        }
    }

    /// <summary>The lines of a text file.</summary>
    /// <exception cref="DataException">It is missing or cannot be read.</exception>
    public static string[] Lines(string path)
    {
        try
        {
            return File.ReadAllLines(path);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw Unreadable(path, e);
        }
    }

    /// <summary>The error for a file that the system does not let us read.</summary>
    public static DataException Unreadable(string path, Exception cause) =>
        new($"{path}: cannot be read ({cause.Message.TrimEnd('.')}); check that the download is complete and readable.",
            cause);
}
