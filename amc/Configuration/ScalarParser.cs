using System.Globalization;

namespace AmcEngine.Amc.Configuration;

/// <summary>Reads the text of one value as the type of its key.</summary>
internal static class ScalarParser
{
    /// <summary>What leaves a number to the program.</summary>
    public const string Auto = "auto";

    private static readonly string[] TrueWords = ["true", "yes", "on"];
    private static readonly string[] FalseWords = ["false", "no", "off"];

    /// <summary>The value, or null where the text is not of the key's type or out of its range.</summary>
    /// <param name="key">The key.</param>
    /// <param name="text">The text.</param>
    /// <param name="quoted">Whether the text stood in quotes, which makes it text whatever it looks like.</param>
    public static object? Parse(ConfigKey key, string text, bool quoted) => key.Kind switch
    {
        ConfigKind.Text => Text(key, text),
        ConfigKind.TextList => new[] { Text(key, text) },
        ConfigKind.Choice => key.Choices.FirstOrDefault(c => c.Equals(text, StringComparison.OrdinalIgnoreCase)),
        ConfigKind.IntegerOrAuto when text.Equals(Auto, StringComparison.OrdinalIgnoreCase) => Auto,
        _ when quoted => null,
        ConfigKind.Truth => Truth(text),
        ConfigKind.Integer or ConfigKind.IntegerOrAuto =>
            Integer(text) is { } number && InRange(key, number) ? number : null,
        ConfigKind.IntegerList => Integer(text) is { } number ? new[] { number } : null,
        _ => Real(text) is { } number && InRange(key, number) ? number : null,
    };

    private static string Text(ConfigKey key, string text) => key.IsPath ? PathText.Expand(text) : text;

    private static int? Integer(string text) =>
        int.TryParse(text.Replace("_", "", StringComparison.Ordinal), NumberStyles.AllowLeadingSign,
            CultureInfo.InvariantCulture, out var value) ? value : null;

    private static double? Real(string text) =>
        double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out var value)
            && double.IsFinite(value) ? value : null;

    private static object? Truth(string text) =>
        TrueWords.Contains(text, StringComparer.OrdinalIgnoreCase) ? true
        : FalseWords.Contains(text, StringComparer.OrdinalIgnoreCase) ? false
        : null;

    private static bool InRange(ConfigKey key, double value) => value >= key.Minimum && value <= key.Maximum;
}
