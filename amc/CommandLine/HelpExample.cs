using CommandLine;
using CommandLine.Text;

namespace AmcEngine.Amc.CommandLine;

/// <summary>Examples of help pages.</summary>
internal static class HelpExample
{
    // Options that stand at their default would hide what an example is about.
    private static readonly UnParserSettings[] Style = [new() { SkipDefault = true }];

    /// <summary>An example.</summary>
    public static Example Of(string text, object sample) => new(text, Style, sample);
}
