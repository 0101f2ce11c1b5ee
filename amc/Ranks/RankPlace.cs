using System.Globalization;
using System.Text;
using AmcEngine.Collectives;

namespace AmcEngine.Amc.Ranks;

/// <summary>Where a rank stands among those of its machine.</summary>
/// <param name="LocalRank">Its number among the ranks of the machine, from 0.</param>
/// <param name="LocalRanks">Ranks of the machine.</param>
/// <param name="Sharing">Ranks that share this rank's processors, itself included.</param>
internal sealed record RankPlace(int LocalRank, int LocalRanks, int Sharing)
{
    private const string Status = "/proc/self/status";
    private const string Online = "/sys/devices/system/cpu/online";
    private const string Affinity = "Cpus_allowed_list:";

    /// <summary>Processors for each of the ranks that share them, one at least.</summary>
    public int Processors => Math.Max(1, Environment.ProcessorCount / Sharing);

    /// <summary>The place of a rank. All ranks call it.</summary>
    public static RankPlace Of(ICommunicator communicator)
    {
        if (communicator.Size == 1)
            return new RankPlace(0, 1, 1);
        var own = $"{Environment.MachineName}\n{AllowedProcessors()}";
        return Of([.. communicator.AllGather(Encoding.UTF8.GetBytes(own)).Select(Encoding.UTF8.GetString)],
            communicator.Rank);
    }

    /// <summary>The place of a rank.</summary>
    /// <param name="all">Of each rank its machine and, in a second line, the processors that it may use.</param>
    /// <param name="rank">The rank.</param>
    internal static RankPlace Of(IReadOnlyList<string> all, int rank)
    {
        string Machine(int r) => all[r].Split('\n')[0];
        int[] local = [.. Enumerable.Range(0, all.Count).Where(r => Machine(r) == Machine(rank))];
        // A launcher that gives each rank processors of its own has shared them out already.
        return new RankPlace(Array.IndexOf(local, rank), local.Length, all.Count(a => a == all[rank]));
    }

    /// <summary>Processors of the machine, whoever may use them.</summary>
    public static int OnlineProcessors()
    {
        try
        {
            return Count(File.ReadAllText(Online).Trim());
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or FormatException)
        {
            return Environment.ProcessorCount;
        }
    }

    /// <summary>How many a list such as <c>0-3,8</c> names.</summary>
    internal static int Count(string list) => list.Split(',').Sum(part => part.Split('-') switch
    {
        [_] => 1,
        [var first, var last] => int.Parse(last, CultureInfo.InvariantCulture)
            - int.Parse(first, CultureInfo.InvariantCulture) + 1,
        _ => throw new FormatException(list),
    });

    private static string AllowedProcessors()
    {
        try
        {
            return File.ReadLines(Status).FirstOrDefault(l => l.StartsWith(Affinity, StringComparison.Ordinal)) ?? "";
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return "";
        }
    }
}
