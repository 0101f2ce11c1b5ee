using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using AmcEngine.Amc.Configuration;
using AmcEngine.Backends;
using AmcEngine.Collectives;

namespace AmcEngine.Amc.Ranks;

/// <summary>
/// The processes (ranks) that run one command together, and how they stay in step: what fails on one of them ends the
/// command on all, with one line, and none is left waiting. Ranks agree where they meet; between two meetings an error
/// is kept. With one process nothing of this exists: errors go where they always go.
/// </summary>
internal sealed class Job
{
    private readonly Func<Exception, int> _exitCode;
    private Exception? _kept, _agreed;

    /// <summary>A job.</summary>
    /// <param name="communicator">Its ranks.</param>
    /// <param name="exitCode">The exit code of an error, by which all ranks end.</param>
    public Job(ICommunicator communicator, Func<Exception, int> exitCode) =>
        (Communicator, _exitCode) = (communicator, exitCode);

    /// <summary>One process alone.</summary>
    public static Job Alone { get; } = new(SingleCommunicator.Instance, _ => 1);

    /// <summary>The ranks.</summary>
    public ICommunicator Communicator { get; }

    /// <summary>Where this rank stands among those of its machine.</summary>
    public RankPlace Place => field ??= RankPlace.Of(Communicator);

    /// <summary>Number of this rank.</summary>
    public int Rank => Communicator.Rank;

    /// <summary>Ranks in the job.</summary>
    public int Size => Communicator.Size;

    /// <summary>Whether there is no other rank.</summary>
    public bool IsAlone => Size == 1;

    /// <summary>Whether this is the rank that reads checkpoints, writes files and speaks for all.</summary>
    public bool IsFirst => Rank == 0;

    /// <summary>
    /// The rank whose error has ended the job; null where none has, or where all had the same.
    /// </summary>
    public int? FailedRank { get; private set; }

    /// <summary>
    /// From now on tensors of a back end are exchanged by what serves its device best. All ranks call it.
    /// </summary>
    public void Use(IBackend backend)
    {
        if (Communicator is WatchedCommunicator watched)
            watched.Use(backend);
    }

    /// <summary>What this rank does, for the alarm where ranks wait too long for one another.</summary>
    public string Doing
    {
        set
        {
            if (Communicator is WatchedCommunicator watched)
                watched.Doing = value;
        }
    }

    /// <summary>How long this rank has waited for the others in all.</summary>
    public TimeSpan Waited => Communicator is WatchedCommunicator watched ? watched.Waited : TimeSpan.Zero;

    /// <summary>What this rank has exchanged with the others, by kind; null for one process alone.</summary>
    public CommunicationMeter? Communication => (Communicator as WatchedCommunicator)?.Meter;

    /// <summary>Whether all ranks know of an error, and end by it.</summary>
    public bool HasAgreed(Exception error) => ReferenceEquals(error, _agreed);

    /// <summary>
    /// Does something of this rank's own, in which it meets no other rank. Its error waits for the next meeting; until
    /// then nothing more is attempted.
    /// </summary>
    public void Attempt(Action work)
    {
        if (IsAlone)
        {
            work();
            return;
        }
        if (_kept is not null)
            return;
        try
        {
            work();
        }
        catch (Exception e)
        {
            _kept = e;
        }
    }

    /// <summary>
    /// All ranks meet: each value becomes the largest of all ranks. All call it, with as many values.
    /// </summary>
    /// <param name="values">The values.</param>
    /// <exception cref="Exception">An attempt of this rank has failed, and it is the one that says so.</exception>
    /// <exception cref="OtherRankException">An attempt of another rank has failed.</exception>
    /// <exception cref="CollectiveException">The ranks have lost one another.</exception>
    public void Meet(Span<double> values = default)
    {
        if (IsAlone)
            return;
        var all = new double[values.Length + 1];
        all[0] = _kept is null ? 0 : 1;
        values.CopyTo(all.AsSpan(1));
        Communicator.AllReduce(all.AsSpan(), Reduction.Max);
        if (all[0] > 0)
            throw Failure();
        all.AsSpan(1).CopyTo(values);
    }

    /// <summary>Whether any rank says so. All call it.</summary>
    /// <exception cref="Exception">As of <see cref="Meet"/>.</exception>
    public bool Any(bool own)
    {
        Span<double> says = [own ? 1 : 0];
        Meet(says);
        return says[0] > 0;
    }

    /// <summary>All ranks do something, or none goes on.</summary>
    /// <exception cref="Exception">As of <see cref="Meet"/>.</exception>
    public T Together<T>(Func<T> work)
    {
        T result = default!;
        Attempt(() => result = work());
        Meet();
        return result;
    }

    /// <summary>All ranks do something, or none goes on.</summary>
    /// <exception cref="Exception">As of <see cref="Meet"/>.</exception>
    public void Together(Action work)
    {
        Attempt(work);
        Meet();
    }

    /// <summary>The first rank does something, for which the others wait.</summary>
    /// <exception cref="Exception">As of <see cref="Meet"/>.</exception>
    public void First(Action work)
    {
        if (IsFirst)
            Attempt(work);
        Meet();
    }

    /// <summary>Refuses ranks that were started with different things.</summary>
    /// <param name="values">What has to be the same, by name.</param>
    /// <param name="remedy">What to do.</param>
    /// <exception cref="ConfigException">A value differs; the message names the first by name.</exception>
    /// <exception cref="OtherRankException">The same on the ranks that do not speak.</exception>
    public void RequireSame(IReadOnlyDictionary<string, string?> values, string remedy)
    {
        if (IsAlone)
            return;
        var own = JsonSerializer.SerializeToUtf8Bytes(new SortedDictionary<string, string?>(
            values.ToDictionary(), StringComparer.Ordinal));
        var hashes = Communicator.AllGather(SHA256.HashData(own));
        if (hashes.All(h => h.AsSpan().SequenceEqual(hashes[0])))
            return;
        SortedDictionary<string, string?>[] all = [.. Communicator.AllGather(own).Select(
            b => new SortedDictionary<string, string?>(
                JsonSerializer.Deserialize<Dictionary<string, string?>>(b)!, StringComparer.Ordinal))];
        throw Common(new ConfigException(Difference(all) + $"; {remedy}"));
    }

    /// <summary>
    /// What to throw for an error that all ranks have found alike: one speaks, and the others are silent.
    /// </summary>
    public Exception Common(Exception error)
    {
        FailedRank = null;
        if (!IsAlone && !IsFirst)
            error = new OtherRankException(0, _exitCode(error), error.Message);
        return _agreed = error;
    }

    private static string Difference(SortedDictionary<string, string?>[] all)
    {
        foreach (var key in all.SelectMany(a => a.Keys).Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal))
        {
            var first = all[0].GetValueOrDefault(key);
            if (Array.FindIndex(all, a => a.GetValueOrDefault(key) != first) is var rank and > 0)
                return $"{key}: is {Show(all[rank].GetValueOrDefault(key))} on rank {rank} and {Show(first)} on rank 0";
        }
        throw new CollectiveException("the ranks' settings differ, and no key does");
    }

    private static string Show(string? value) =>
        value is null ? "not set" : MessageText.Quote(value.Replace("\n", ", ", StringComparison.Ordinal));

    // All ranks learn of all errors; the lowest rank that has one speaks.
    private Exception Failure()
    {
        (var own, _kept) = (_kept, null);
        byte[] told = own is null
            ? [] : [(byte)_exitCode(own), .. Encoding.UTF8.GetBytes(own.Message)];
        var all = Communicator.AllGather(told);
        var speaker = Array.FindIndex(all, t => t.Length > 0);
        if (speaker < 0)
            throw new CollectiveException("a rank has failed without a reason; see what it has written");
        FailedRank = all.All(t => t.AsSpan().SequenceEqual(all[speaker])) ? null : speaker;
        return _agreed = speaker == Rank ? own! : new OtherRankException(
            speaker, all[speaker][0], Encoding.UTF8.GetString(all[speaker].AsSpan(1)));
    }
}
