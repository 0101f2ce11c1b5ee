namespace AmcEngine.DataTools;

/// <summary>A picture cannot be used at all; the message names it and says what to do.</summary>
public sealed class UnreadablePictureException : UnusableSampleException
{
    /// <summary>Creates the exception.</summary>
    /// <param name="message">One line: what is wrong, where, and the remedy.</param>
    public UnreadablePictureException(string message) : base(message)
    {
    }

    /// <summary>Creates the exception with the error that caused it.</summary>
    /// <param name="message">One line: what is wrong, where, and the remedy.</param>
    /// <param name="inner">The cause.</param>
    public UnreadablePictureException(string message, Exception inner) : base(message, inner)
    {
    }
}
