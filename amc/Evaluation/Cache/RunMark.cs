using System.Security.Cryptography;
using System.Text;

namespace AmcEngine.Amc.Evaluation.Cache;

/// <summary>
/// What an answer depends on, so that answers of one game are not taken for those of another. Each part is the
/// beginning of a SHA-256.
/// </summary>
/// <param name="Weights">The weights, and what a model makes of them.</param>
/// <param name="Rules">Protocol, method, measures and configuration.</param>
/// <param name="Questions">The questions.</param>
internal sealed record RunMark(string Weights, string Rules, string Questions)
{
    private const int Digits = 12;

    /// <summary>The mark of what is described.</summary>
    public static RunMark Of(string weights, string rules, string questions) =>
        new(Short(weights), Short(rules), Short(questions));

    /// <summary>SHA-256 of a file, in hexadecimal digits.</summary>
    public static string OfFile(string path)
    {
        using var stream = File.OpenRead(path);
        return Convert.ToHexStringLower(SHA256.HashData(stream));
    }

    /// <summary>SHA-256 of each of several files.</summary>
    public static string OfFiles(IEnumerable<string> paths) => string.Join('-', paths.Select(OfFile));

    /// <summary>What differs from another mark, in words; null where nothing does.</summary>
    /// <param name="text">The other mark as a line holds it.</param>
    public string? Difference(string text) => text.Split('-') is not [var weights, var rules, var questions]
        ? "an unknown run"
        : weights != Weights ? "other weights"
        : questions != Questions ? "other questions"
        : rules != Rules ? "another protocol, method, list of metrics or configuration" : null;

    /// <summary>The mark in one word.</summary>
    public override string ToString() => $"{Weights}-{Rules}-{Questions}";

    private static string Short(string text) =>
        Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(text)))[..Digits];
}
