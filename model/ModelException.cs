namespace AmcEngine.Model;

/// <summary>A model that cannot be built, fed or loaded; the message is one line that says what to change.</summary>
/// <param name="message">One line.</param>
public sealed class ModelException(string message) : Exception(message);
