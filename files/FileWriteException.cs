namespace AmcEngine.Files;

/// <summary>
/// A file or folder could not be written. The message is one line that names it and says why, and what to do.
/// </summary>
public sealed class FileWriteException : Exception
{
    /// <summary>Creates the exception.</summary>
    /// <param name="path">The file or folder.</param>
    /// <param name="cause">
    /// What the system says, an <see cref="IOException"/> or an <see cref="UnauthorizedAccessException"/>.
    /// </param>
    public FileWriteException(string path, Exception cause) : base(Describe(path, cause), cause)
    {
    }

    // Messages of the operating system may hold line breaks; a command line prints exactly one line.
    private static string Describe(string path, Exception cause)
    {
        var reason = cause.Message.ReplaceLineEndings(" ").Trim().TrimEnd('.');
        return $"{path}: cannot be written ({reason}); check that the folder exists, is writable and has space";
    }
}
