using System.Text.Json;
using AmcEngine.Amc.Ranks;

namespace AmcEngine.Amc.Profiling;

/// <summary>A rank's part of a step.</summary>
/// <param name="Rank">Its number.</param>
/// <param name="Seconds">The step, on average.</param>
/// <param name="Uses">What the rank exchanged with the others in it, by kind.</param>
internal sealed record RankStep(int Rank, double Seconds, IReadOnlyDictionary<string, CommunicationUse> Uses)
{
    /// <summary>All kinds together.</summary>
    public CommunicationUse All => Uses.Values.Aggregate(default(CommunicationUse), (sum, use) => sum + use);

    /// <summary>What it did itself: data and computing, and what of the exchanges went on beside.</summary>
    public double Own => Seconds - All.Waited;

    /// <summary>The share of its exchanges that computing hid; null where nothing was exchanged.</summary>
    public double? HiddenShare => All is { Seconds: > 0 } all ? all.Hidden / all.Seconds : null;
}

/// <summary>Gathers what ranks exchange in the steps that are measured.</summary>
/// <param name="job">The ranks.</param>
internal sealed class RankProfile(Job job)
{
    private readonly Dictionary<string, CommunicationUse> _sums = [];

    /// <summary>A step that counts begins.</summary>
    public void Begin() => job.Communication?.Take();

    /// <summary>It has ended.</summary>
    public void End()
    {
        foreach ((var kind, var use) in job.Communication?.Take() ?? new Dictionary<string, CommunicationUse>())
            _sums[kind] = _sums.GetValueOrDefault(kind) + use;
    }

    /// <summary>What every rank has measured; empty for one process alone. All ranks call it.</summary>
    /// <param name="seconds">This rank's steps that counted.</param>
    public IReadOnlyList<RankStep> Gather(double[] seconds)
    {
        if (job.IsAlone)
            return [];
        var own = new RankStep(
            job.Rank, seconds.Average(), _sums.ToDictionary(s => s.Key, s => s.Value / seconds.Length));
        return
        [
            .. job.Communicator.AllGather(JsonSerializer.SerializeToUtf8Bytes(new Sent(
                own.Rank, own.Seconds, (Dictionary<string, CommunicationUse>)own.Uses)))
                .Select(b => JsonSerializer.Deserialize<Sent>(b)!).Select(s => new RankStep(s.Rank, s.Seconds, s.Uses)),
        ];
    }

    private sealed record Sent(int Rank, double Seconds, Dictionary<string, CommunicationUse> Uses);
}
