using AmcEngine.Amc.Configuration;
using AmcEngine.Amc.Ranks;
using AmcEngine.Collectives;

namespace AmcEngine.Amc.CommandLine;

/// <summary>
/// Runs a command on all ranks of a job: the first speaks, the others are silent unless they are to blame, and all end
/// with the same exit code.
/// </summary>
internal static class JobCommand
{
    // So long the other ranks that wait have to say where they stand before all are ended.
    private static readonly TimeSpan LastWords = TimeSpan.FromSeconds(1);

    /// <summary>Runs a command with the ranks that a launcher has started, or alone.</summary>
    /// <param name="options">Its options.</param>
    /// <param name="context">Where the first rank writes.</param>
    /// <param name="command">The command.</param>
    /// <exception cref="CollectiveException">There is a launcher, and its ranks cannot be reached.</exception>
    public static int Run(IRankOptions options, CommandContext context, Func<Job, CommandContext, int> command)
    {
        ICommunicator ranks;
        try
        {
            ranks = Communicator.Open();
        }
        catch (CollectiveException) when (Launcher.Detect() is { Rank: > 0 })
        {
            // All ranks meet with it, and the first one says so, which the launcher must let it do.
            Thread.Sleep(LastWords);
            return ErrorReporter.BadInput;
        }
        return Run(ranks, options, context, command);
    }

    /// <summary>Refuses options that mean nothing.</summary>
    /// <exception cref="ConfigException">One is such.</exception>
    public static void Check(IRankOptions options)
    {
        if (options.Watchdog < 0)
            throw new ConfigException($"--watchdog {options.Watchdog}: must be 0 or a number of seconds");
        if (options.SignalExitCode is < 0 or > 255)
            throw new ConfigException($"--signal-exit-code {options.SignalExitCode}: must be 0 to 255");
    }

    /// <summary>The same with given ranks.</summary>
    internal static int Run(ICommunicator ranks, IRankOptions options, CommandContext context,
        Func<Job, CommandContext, int> command)
    {
        if (ranks.Size == 1)
            return command(Job.Alone, context);
        var limit = options.Watchdog <= 0 ? (TimeSpan?)null : TimeSpan.FromSeconds(options.Watchdog);
        var watched = new WatchedCommunicator(ranks, limit, line => Alarm(ranks, line, context.Error));
        var job = new Job(watched, ErrorReporter.CodeOf);
        int code;
        try
        {
            // Known from here on: who asks for it later may be alone.
            _ = job.Place;
            code = command(job, job.IsFirst ? context : context.Silent(job.Rank));
        }
        catch (OtherRankException e)
        {
            code = e.ExitCode;
        }
        catch (Exception e) when (job.HasAgreed(e))
        {
            code = ErrorReporter.Report(e, context.Error, options.Verbose, job.FailedRank);
        }
        catch (Exception e)
        {
            // The others know nothing of it, and may wait for this rank.
            code = ErrorReporter.Report(e, context.Error, options.Verbose, job.Rank);
            context.Error.Flush();
            watched.Abort(code);
            return code;
        }
        // A launcher ends all ranks when the first one ends with an error: each waits until the others have saved.
        job.Doing = "the end";
        watched.Barrier();
        watched.Dispose();
        return code;
    }

    private static void Alarm(ICommunicator ranks, string line, TextWriter error)
    {
        error.WriteLine(MessageText.Line($"error: {line}. Resume from the last checkpoint; --watchdog sets the longest "
            + "wait"));
        error.Flush();
        Thread.Sleep(LastWords);
        ranks.Abort(ErrorReporter.Failure);
    }
}
