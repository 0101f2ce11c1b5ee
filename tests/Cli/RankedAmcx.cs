using AmcEngine.Amc.CommandLine;
using AmcEngine.Amc.Ranks;
using AmcEngine.Amc.Training;
using AmcEngine.Tests.Engine.Collectives;

namespace AmcEngine.Tests.Cli;

/// <summary>Runs commands on several ranks that are threads of this process.</summary>
internal static class RankedAmcx
{
    /// <summary>Trains.</summary>
    /// <param name="ranks">Ranks.</param>
    /// <param name="options">The arguments of each rank.</param>
    /// <param name="beforeStep">Disturbs a rank before each step; may be null.</param>
    /// <param name="stop">Asks a rank to stop.</param>
    public static RankedAnswer Train(int ranks, Func<int, TrainOptions> options,
        Action<int, TrainingSession>? beforeStep = null, Func<int, CancellationToken>? stop = null) =>
        Run(ranks, options, (own, job, context) => TrainCommand.Run(own, context, stop?.Invoke(job.Rank) ?? default,
            session => beforeStep?.Invoke(job.Rank, session), job));

    /// <summary>Trains with the same arguments on all ranks.</summary>
    public static RankedAnswer Train(int ranks, string config, string run, params string[] set) => Train(ranks, _ =>
        new TrainOptions { Config = config, Output = run, Set = set, Threads = 1 });

    /// <summary>Goes on with a run.</summary>
    public static RankedAnswer Resume(int ranks, string run, int? steps = null) => Train(ranks, _ =>
        new TrainOptions { Resume = run, Steps = steps, Threads = 1 });

    /// <summary>Evaluates.</summary>
    public static RankedAnswer Evaluate(int ranks, EvalOptions options) => Run(ranks, _ => options,
        (own, job, context) => EvalCommand.Run(own, context, CancellationToken.None, job));

    /// <summary>Profiles.</summary>
    public static RankedAnswer Profile(int ranks, Func<int, ProfileOptions> options) => Run(ranks, options,
        (own, job, context) => ProfileCommand.Run(own, context, job));

    private static RankedAnswer Run<T>(
        int ranks, Func<int, T> options, Func<T, Job, CommandContext, int> command) where T : IRankOptions
    {
        using StringWriter output = new(), error = new();
        TextWriter safeOutput = TextWriter.Synchronized(output), safeError = TextWriter.Synchronized(error);
        var codes = ThreadCommunicator.Run(ranks, communicator =>
        {
            var own = options(communicator.Rank);
            return JobCommand.Run(communicator, own, new CommandContext(safeOutput, safeError),
                (job, context) => command(own, job, context));
        });
        return new RankedAnswer(codes, output.ToString(), error.ToString());
    }
}

/// <summary>What a command gave on several ranks.</summary>
internal sealed record RankedAnswer(int[] Codes, string Out, string Error)
{
    /// <summary>The lines of errors.</summary>
    public string[] Errors => [.. Error.Split(Environment.NewLine).Where(
        l => l.StartsWith("error: ", StringComparison.Ordinal))];
}
