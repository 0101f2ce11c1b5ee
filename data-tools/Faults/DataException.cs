namespace AmcEngine.DataTools;

/// <summary>
/// Something is wrong with the user's data: a file that is missing, damaged or holds values that make no sense.
/// The message is one line that names the file and field and says what to do.
/// </summary>
public class DataException : Exception
{
    /// <summary>Creates the exception.</summary>
    /// <param name="message">One line: what is wrong, where, and the remedy.</param>
    public DataException(string message) : base(OneLine(message))
    {
    }

    /// <summary>Creates the exception with the error that caused it.</summary>
    /// <param name="message">One line: what is wrong, where, and the remedy.</param>
    /// <param name="inner">The cause.</param>
    public DataException(string message, Exception inner) : base(OneLine(message), inner)
    {
    }

    // Messages of the operating system may hold line breaks; a command line prints exactly one line.
    private static string OneLine(string message) => message.ReplaceLineEndings(" ").Trim();
}
