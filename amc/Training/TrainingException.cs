namespace AmcEngine.Amc.Training;

/// <summary>Training cannot go on; the message is one line that says why and what was kept.</summary>
/// <param name="message">One line.</param>
/// <param name="inner">The cause, if there is one.</param>
public class TrainingException(string message, Exception? inner = null) : Exception(message, inner)
{
    /// <summary>Whether all ranks throw it, after the same exchange and with the same line.</summary>
    public bool IsOnAllRanks { get; init; }
}
