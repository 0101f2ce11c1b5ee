using AmcEngine.Amc.Configuration;
using CommandLine;
using CommandLine.Text;

namespace AmcEngine.Amc.CommandLine;

/// <summary>Answers to arguments that do not parse: help on request, else one line.</summary>
internal static class UsageReporter
{
    /// <summary>
    /// Writes help to <paramref name="context"/>'s output, or an error line, and returns the exit code.
    /// </summary>
    /// <param name="result">What the parser made of the arguments.</param>
    /// <param name="errors">Its errors.</param>
    /// <param name="command">The command as far as it is known, for the line's remedy.</param>
    /// <param name="verbs">The commands that exist at this place.</param>
    /// <param name="context">Where to write.</param>
    public static int Report(ParserResult<object> result, IReadOnlyList<Error> errors, string command,
        IReadOnlyList<string> verbs, CommandContext context)
    {
        if (errors.IsVersion())
        {
            var version = typeof(UsageReporter).Assembly.GetName().Version!;
            context.Out.WriteLine($"amcx {version.ToString(3)}");
            return ErrorReporter.Success;
        }
        if (errors.IsHelp())
        {
            context.Out.WriteLine(Help(result, errors));
            return ErrorReporter.Success;
        }
        // What is there and wrong comes before what is missing: it is usually the cause.
        var first = errors.OrderBy(e => e.Tag == ErrorType.MissingRequiredOptionError).First();
        context.Error.WriteLine(MessageText.Line($"error: {Describe(first, command, verbs)}"));
        return ErrorReporter.BadInput;
    }

    private static string Help(ParserResult<object> result, IReadOnlyList<Error> errors)
    {
        var verbs = errors.Any(
            e => e.Tag is ErrorType.HelpVerbRequestedError && ((HelpVerbRequestedError)e).Type is null);
        var help = HelpText.AutoBuild(
            result,
            text =>
            {
                text.Heading = "amcx: trains image-text models whose explanations point at the right place";
                text.Copyright = "";
                text.AdditionalNewLineAfterOption = false;
                text.AddNewLineBetweenHelpSections = true;
                text.AddDashesToOption = true;
                text.MaximumDisplayWidth = 110;
                text.AutoVersion = false;
                return HelpText.DefaultParsingErrorsHandler(result, text);
            },
            example => example,
            verbsIndex: verbs || result.TypeInfo.Current == typeof(NullInstance),
            maxDisplayWidth: 110);
        return help.ToString().Trim();
    }

    private static string Describe(Error error, string command, IReadOnlyList<string> verbs) => error switch
    {
        NoVerbSelectedError =>
            $"no command given; use one of {string.Join(", ", verbs)} ({command} --help explains them)",
        BadVerbSelectedError bad => $"unknown command \"{MessageText.Quote(bad.Token)}\"; "
            + $"did you mean \"{Nearest(MessageText.Quote(bad.Token), verbs)}\"? ({command} --help lists them)",
        MissingRequiredOptionError missing when missing.NameInfo.NameText.Length == 0 =>
            $"{command}: an argument is missing; {command} --help shows an example",
        MissingRequiredOptionError missing =>
            $"{command}: --{missing.NameInfo.LongName} is missing; {command} --help shows an example",
        MissingValueOptionError missing =>
            $"{command}: --{missing.NameInfo.LongName} needs a value; {command} --help shows an example",
        UnknownOptionError unknown =>
            $"{command}: unknown option \"{MessageText.Quote(unknown.Token)}\"; {command} --help lists the options",
        BadFormatConversionError bad =>
            $"{command}: --{bad.NameInfo.LongName} has a value of the wrong type; {command} --help shows an example",
        RepeatedOptionError repeated =>
            $"{command}: --{repeated.NameInfo.LongName} is given more than once; give it once",
        TokenError token =>
            $"{command}: \"{MessageText.Quote(token.Token)}\" is not understood; {command} --help shows an example",
        _ => $"{command}: the arguments are not understood ({error.Tag}); {command} --help shows an example",
    };

    private static string Nearest(string word, IReadOnlyList<string> verbs) =>
        verbs.OrderBy(v => EditDistance.Between(word, v)).First();
}
