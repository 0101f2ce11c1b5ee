using System.Text;

namespace AmcEngine.Files.Pickle;

/// <summary>
/// Pickles that hold data and no objects: lists, dicts, texts and numbers. A name of a class or function is refused,
/// since Python would run it while reading.
/// </summary>
public static class PlainPickle
{
    private const int MaxQuoted = 80;

    /// <summary>Reads one pickle; see the remarks of <see cref="PickleReader"/> for what the data is made of.</summary>
    /// <exception cref="Exception">
    /// What the input makes of a problem: the pickle is damaged, too large, or names code.
    /// </exception>
    public static object? Read(PickleInput input)
    {
        ArgumentNullException.ThrowIfNull(input);
        return new PickleReader(
            input, (module, name) => throw NamesCode(input, module, name), _ => throw Foreign(input)).Read();
    }

    private static Exception NamesCode(PickleInput input, string module, string name) => input.Refused(
        $"the pickle names code ({Quote($"{module}.{name}")}); reading a file runs no code, so it was refused",
        "use the file as it was published");

    private static Exception Foreign(PickleInput input) => input.Refused(
        "the pickle refers to objects outside of it, so it was refused", "use the file as it was published");

    // What a hostile file says must not flood or steer a terminal.
    private static string Quote(string text)
    {
        var quoted = new StringBuilder("'");
        foreach (var c in text.Take(MaxQuoted))
            quoted.Append(char.IsControl(c) || c is '\u2028' or '\u2029' ? '?' : c);
        return quoted.Append(text.Length > MaxQuoted ? "…'" : "'").ToString();
    }
}
