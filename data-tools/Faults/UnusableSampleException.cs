namespace AmcEngine.DataTools;

/// <summary>
/// One sample cannot be used, and the settings say to go on without it: it is counted and named already, and the caller
/// takes another (training) or asks the next question (evaluation). Any other <see cref="DataException"/> is an end.
/// </summary>
public class UnusableSampleException : DataException
{
    /// <summary>Creates the exception.</summary>
    /// <param name="message">One line: what is wrong, where, and the remedy.</param>
    public UnusableSampleException(string message) : base(message)
    {
    }

    /// <summary>Creates the exception with the error that caused it.</summary>
    /// <param name="message">One line: what is wrong, where, and the remedy.</param>
    /// <param name="inner">The cause.</param>
    public UnusableSampleException(string message, Exception inner) : base(message, inner)
    {
    }
}
