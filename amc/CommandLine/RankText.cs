using System.Globalization;
using AmcEngine.Amc.Ranks;
using AmcEngine.Backends;

namespace AmcEngine.Amc.CommandLine;

/// <summary>Tells how many ranks there are, and what each computes with.</summary>
internal static class RankText
{
    /// <summary>
    /// A line, and a warning where the launcher leaves processors idle; nothing for one process alone.
    /// </summary>
    public static void Announce(Job job, IBackend backend, CommandContext context)
    {
        if (job.IsAlone)
            return;
        var place = job.Place;
        var machines = place.LocalRanks < job.Size
            ? string.Create(CultureInfo.InvariantCulture, $", {place.LocalRanks} of them on this machine") : "";
        context.Out.WriteLine(string.Create(CultureInfo.InvariantCulture,
            $"ranks: {job.Size} by {job.Communicator.Name}{machines}; each computes on "
                + $"{backend.Device.Id.Split(':')[0]} with {backend.Device.Threads} "
                + $"{(backend.Device.IsProcessor ? "thread" : "lane")}{(backend.Device.Threads == 1 ? "" : "s")}"));
        var fair = RankPlace.OnlineProcessors() / place.LocalRanks;
        if (backend.Device.IsProcessor && place.Processors < fair)
            context.Warn(string.Create(CultureInfo.InvariantCulture,
                $"the launcher lets a rank use {place.Processors} of the machine's processors, whose fair share is "
                    + $"{fair}; start it with mpirun --bind-to none, or --map-by slot:PE={fair}"));
    }
}

/// <summary>
/// Warnings of data as several ranks meet with it: what all see when they open it is said once, what one meets with in
/// its own share later is said by that one.
/// </summary>
/// <param name="context">This rank's context.</param>
/// <param name="job">The ranks.</param>
internal sealed class RankWarnings(CommandContext context, Job job)
{
    private volatile bool _begun;

    /// <summary>From now on ranks read different samples.</summary>
    public void Begin() => _begun = true;

    /// <summary>Warns in one line.</summary>
    public void Warn(string line)
    {
        if (_begun && !job.IsFirst)
            context.WarnOfOwn(line);
        else
            context.Warn(line);
    }
}
