using System.Globalization;
using System.Text;

namespace AmcEngine.Serialization;

/// <summary>
/// A file could not be read or written as tensors. <see cref="Exception.Message"/> is one line that names the file,
/// the tensor where one is concerned, what is wrong, and what to do about it.
/// </summary>
public sealed class SerializationException : Exception
{
    /// <summary>
    /// Longest piece of file content that a message quotes: a hostile file must not flood the terminal.
    /// </summary>
    private const int MaxQuoted = 80;

    /// <summary>Creates the exception from a finished message.</summary>
    /// <param name="message">One line.</param>
    /// <param name="inner">The cause, where another exception led here.</param>
    public SerializationException(string message, Exception? inner = null) : base(message, inner) { }

    /// <summary>Builds the message <c>file: tensor 'name': problem; remedy</c>.</summary>
    internal static SerializationException In(
        string file, string? tensor, string problem, string remedy, Exception? inner = null)
    {
        var where = tensor is null ? Clean(file, int.MaxValue) : $"{Clean(file, int.MaxValue)}: tensor {Quote(tensor)}";
        return new SerializationException($"{where}: {problem}; {remedy}", inner);
    }

    /// <summary>
    /// Text from a file, in quotes, without line breaks or control characters, cut to a readable length.
    /// </summary>
    internal static string Quote(string text) => $"'{Clean(text, MaxQuoted)}'";

    private static string Clean(string text, int limit)
    {
        var cleaned = new StringBuilder();
        foreach (var c in text)
        {
            if (cleaned.Length >= limit) return cleaned.Append('…').ToString();
            var printable = !char.IsControl(c) && c is not ('\u2028' or '\u2029');
            if (printable) cleaned.Append(c);
            else cleaned.Append(CultureInfo.InvariantCulture, $"\\u{(int)c:x4}");
        }
        return cleaned.ToString();
    }
}
