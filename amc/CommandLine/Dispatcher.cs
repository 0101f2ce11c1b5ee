using AmcEngine.Amc.Configuration;
using AmcEngine.Collectives;
using CommandLine;

namespace AmcEngine.Amc.CommandLine;

/// <summary>Chooses the command and runs it.</summary>
internal static class Dispatcher
{
    private const string DataCommand = "data";

    private static readonly Type[] Commands =
    [
        typeof(DevicesOptions), typeof(TrainOptions), typeof(EvalOptions), typeof(ExplainOptions), typeof(DataOverview),
        typeof(CompareOptions), typeof(ConvertOptions), typeof(VerifyOptions), typeof(ProfileOptions)
    ];
    private static readonly Type[] DataCommands =
    [
        typeof(ShapeScenesOptions), typeof(FashionScenesOptions), typeof(VisualGenomeOptions), typeof(FlickrOptions),
        typeof(RefCocoOptions), typeof(RefCocoPlusOptions), typeof(RefCocoGOptions), typeof(RefClefOptions),
        typeof(CocoOptions), typeof(InspectOptions),
    ];

    /// <summary>Runs a command line and returns its exit code.</summary>
    public static int Run(string[] args, CommandContext context)
    {
        var verbose = args.Contains("--verbose");
        try
        {
            return args is [DataCommand, .. var rest]
                ? Parse(rest, DataCommands, "amcx data", context)
                : Parse(args, Commands, "amcx", context);
        }
        catch (Exception error)
        {
            return ErrorReporter.Report(error, context.Error, verbose);
        }
    }

    private static int Parse(string[] args, Type[] commands, string prefix, CommandContext context)
    {
        using var parser = new Parser(settings =>
        {
            settings.HelpWriter = null;
            settings.CaseInsensitiveEnumValues = true;
            settings.AllowMultiInstance = true;
            settings.ParsingCulture = System.Globalization.CultureInfo.InvariantCulture;
        });
        var result = parser.ParseArguments(args, commands);
        if (result is Parsed<object> parsed)
        {
            PathArguments.Expand(parsed.Value);
            return Execute(parsed.Value, context);
        }
        // Of several ranks the first one answers.
        if (IsSilent)
            context = context.Silent(rank: 1);
        string[] verbs = [.. commands.Select(Name)];
        var command = args.Length > 0 && verbs.Contains(args[0]) ? $"{prefix} {args[0]}" : prefix;
        return UsageReporter.Report(result, [.. ((NotParsed<object>)result).Errors], command, verbs, context);
    }

    // Other commands than those that ranks share are done by the first one alone.
    private static bool IsSilent => Launcher.Detect() is { Rank: > 0 };

    private static string Name(Type command) =>
        ((VerbAttribute)Attribute.GetCustomAttribute(command, typeof(VerbAttribute))!).Name;

    private static int Execute(object options, CommandContext context) => options switch
    {
        DevicesOptions o => DevicesCommand.Run(o, context),
        TrainOptions o => TrainCommand.Run(o, context),
        EvalOptions o => EvalCommand.Run(o, context),
        ProfileOptions { DryRun: false } o => ProfileCommand.Run(o, context),
        _ when IsSilent => ErrorReporter.Success,
        ExplainOptions o => ExplainCommand.Run(o, context),
        ScenesOptions o => DataCommandRunner.Export(o, context),
        ImportOptions o => ImportCommand.Run(o, context),
        InspectOptions o => DataCommandRunner.Inspect(o, context),
        CompareOptions o => CompareCommand.Run(o, context),
        ConvertOptions o => ConvertCommand.Run(o, context),
        VerifyOptions o => VerifyCommand.Run(o, context),
        ProfileOptions o => ProfileCommand.DryRun(o, context),
        _ => throw new ConfigException(
            $"amcx {DataCommand}: name a kind; use one of {string.Join(", ", DataCommands.Select(Name))}"),
    };
}

/// <summary>Stands for <c>amcx data</c> in the list of commands; its own commands are parsed apart.</summary>
[Verb("data", HelpText = "Generate, import and inspect data: scenes, vg, flickr30k, refcoco and others, "
    + "inspect (amcx data --help).")]
internal sealed class DataOverview
{
}
