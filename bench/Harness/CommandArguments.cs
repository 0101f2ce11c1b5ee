using System.Reflection;
using CommandLine;

namespace AmcEngine.Bench.Harness;

/// <summary>What a benchmark cannot do, in one line for people.</summary>
internal sealed class BenchException(string message) : Exception(message);

/// <summary>Arguments that are wrong, in one line for people; the exit code is 2.</summary>
internal sealed class ArgumentsException(string message) : Exception(message);

/// <summary>Parses the arguments of one command.</summary>
internal static class CommandArguments
{
    /// <exception cref="ArgumentsException">An argument is unknown, lacks its value or has a wrong one.</exception>
    public static T Parse<T>(string command, string[] args) where T : new()
    {
        using var parser = new Parser(s =>
        {
            s.HelpWriter = null;
            s.AutoVersion = false;
            s.AutoHelp = false;
        });
        if (WithoutValue<T>(args) is { } name)
            throw new ArgumentsException($"bench {command}: {name} needs a value; bench help lists the arguments");
        var result = parser.ParseArguments<T>(args);
        return result is Parsed<T> parsed ? parsed.Value : throw new ArgumentsException(
            $"bench {command}: {Describe(result.Errors.First())}; bench help lists the arguments");
    }

    // The parser takes a missing value of an optional number for no number.
    private static string? WithoutValue<T>(string[] args)
    {
        var valued = typeof(T).GetProperties().Where(p => p.PropertyType != typeof(bool)).Select(
            p => p.GetCustomAttribute<OptionAttribute>()?.LongName).OfType<string>().Select(n => $"--{n}").ToHashSet();
        return args.Where((a, i) => valued.Contains(a)
            && (i + 1 == args.Length || args[i + 1].StartsWith("--", StringComparison.Ordinal))).FirstOrDefault();
    }

    private static string Describe(Error error) => error switch
    {
        UnknownOptionError e => $"unknown option --{e.Token}",
        MissingValueOptionError e => $"--{e.NameInfo.LongName} needs a value",
        BadFormatConversionError e => e.NameInfo.LongName.Length > 0
            ? $"--{e.NameInfo.LongName} has a value of the wrong type"
            : "an argument has the wrong type",
        RepeatedOptionError e => $"--{e.NameInfo.LongName} is given twice",
        TokenError e => $"\"{e.Token}\" is not understood",
        _ => $"the arguments are not understood ({error.Tag})",
    };
}

/// <summary>Arguments that every table takes.</summary>
internal class TableOptions
{
    [Option("threads", HelpText = "Measure on this many threads only.")]
    public int? Threads { get; set; }

    [Option("quick", HelpText = "Fewer cases, fewer and shorter rounds.")]
    public bool Quick { get; set; }

    [Option("out", HelpText = "Write the report to this file too.")]
    public string? Out { get; set; }

    // Taken, so that a stray word can be named.
    [Value(0)]
    public IEnumerable<string> Rest { get; set; } = [];

    /// <summary>One thread and all, or what was asked for.</summary>
    public int[] ThreadCounts => Threads is { } t ? [t] : [.. new[] { 1, Environment.ProcessorCount }.Distinct()];

    /// <exception cref="ArgumentsException">A value is out of range.</exception>
    public virtual void Check(string command)
    {
        if (Rest.FirstOrDefault() is { } word) throw new ArgumentsException(
            $"bench {command}: \"{word}\" is not understood; bench help lists the arguments");
        if (Threads is { } t && (t < 1 || t > Environment.ProcessorCount))
            throw new ArgumentsException(
                $"bench {command}: --threads {t}: this machine has 1 to {Environment.ProcessorCount}");
    }
}
