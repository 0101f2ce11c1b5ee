namespace AmcEngine.Amc.Configuration;

/// <summary>Something is wrong with a configuration or an argument; the message is one line with the remedy.</summary>
public sealed class ConfigException : Exception
{
    /// <summary>Creates the exception.</summary>
    /// <param name="message">One line: what is wrong, where, and the remedy.</param>
    /// <param name="inner">The cause, if there is one.</param>
    public ConfigException(string message, Exception? inner = null)
        : base(message.ReplaceLineEndings(" ").Trim(), inner)
    {
    }
}
