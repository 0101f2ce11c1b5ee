using System.Security.Cryptography;
using System.Text.Json;
using AmcEngine.Amc.Configuration;
using AmcEngine.Amc.Ranks;
using AmcEngine.Collectives;
using AmcEngine.Model;
using AmcEngine.Model.Modules;
using AmcEngine.Tensors;

namespace AmcEngine.Amc.Training;

/// <summary>
/// Each rank holds the whole session: weights, momentum copies, queues and moments. The first rank's go to the others
/// when a run begins, and the same steps keep them the same to the bit; this is where that is seen to.
/// </summary>
/// <param name="session">This rank's session.</param>
/// <param name="job">The ranks.</param>
internal sealed class Replicas(TrainingSession session, Job job)
{
    private const int Part = 1 << 20;

    /// <summary>Gives the first rank's session to all, and checks that it has arrived. All ranks call it.</summary>
    /// <exception cref="ReplicaException">Something has arrived otherwise than it was sent.</exception>
    public void Distribute()
    {
        if (job.IsAlone)
            return;
        // Known before anything is written: averages follow weights by how often these were.
        var followed = session.Model.Average is { IsPending: false };
        List<CollectiveWork> works = [];
        foreach ((_, var tensor) in Tensors(session.Model).Concat(Moments()))
            works.Add(job.Communicator.Broadcast(tensor, 0));
        works.ForEach(w => w.Wait());
        var state = new State(session.Step, session.StopAfter, session.Optimizer.StepCount,
            followed, [.. Integers().Select(p => p.Integers!)]);
        var sent = job.Communicator.AllGather(job.IsFirst ? JsonSerializer.SerializeToUtf8Bytes(state) : []);
        Take(JsonSerializer.Deserialize<State>(sent[0])!);
        RequireSame("at the beginning");
    }

    /// <summary>Compares what the ranks hold. All ranks call it.</summary>
    /// <param name="when">When that is, for the message.</param>
    /// <exception cref="ReplicaException">Something differs.</exception>
    /// <exception cref="OtherRankException">The same on the ranks that do not speak.</exception>
    public void RequireSame(string when)
    {
        if (Difference(job, [.. Hashes(), Number("the number of updates", session.Optimizer.StepCount)])
            is { } difference)
            throw job.Common(new ReplicaException($"{when}, {difference}; nothing was saved after the last checkpoint. "
                + "Resume from it, and look at that machine's memory if it happens again"));
    }

    /// <summary>Refuses ranks that evaluate different models or questions. All ranks call it.</summary>
    /// <param name="job">The ranks.</param>
    /// <param name="model">This rank's model.</param>
    /// <param name="questions">How many questions it has.</param>
    /// <exception cref="ConfigException">Something differs.</exception>
    /// <exception cref="OtherRankException">The same on the ranks that do not speak.</exception>
    public static void RequireSame(Job job, IVisionLanguageModel model, int questions)
    {
        if (job.IsAlone)
            return;
        if (Difference(job, [.. Tensors(model).Select(Hash), Number("the number of questions", questions)])
            is { } difference)
            throw job.Common(new ConfigException(
                $"{difference}; bring the same checkpoint and the same data to all ranks"));
    }

    // The first thing that differs, and on which ranks; null where nothing does.
    private static string? Difference(Job job, (string Name, byte[] Hash)[] own)
    {
        if (job.IsAlone)
            return null;
        byte[] all = [.. own.SelectMany(o => o.Hash)];
        var whole = job.Communicator.AllGather(SHA256.HashData(all));
        if (whole.All(h => h.AsSpan().SequenceEqual(whole[0])))
            return null;
        var hashes = job.Communicator.AllGather(all);
        if (hashes.Any(h => h.Length != all.Length))
            return "the number of tensors is not the same on all ranks";
        var at = 0;
        foreach ((var name, var hash) in own)
        {
            string[] each = [.. hashes.Select(h => Convert.ToHexString(h.AsSpan(at, hash.Length)))];
            at += hash.Length;
            if (each.Distinct().Count() > 1)
                return $"{name} {Others(each)}";
        }
        throw new CollectiveException("the ranks' weights differ, and no tensor does");
    }

    // Most are right: the few are named.
    private static string Others(string[] each)
    {
        var most = each.GroupBy(h => h).OrderByDescending(g => g.Count()).First().Key;
        int[] few = [.. Enumerable.Range(0, each.Length).Where(r => each[r] != most)];
        return $"of {(few.Length == 1 ? "rank" : "ranks")} {string.Join(", ", few.Take(8))} is not that of the others";
    }

    private IEnumerable<Parameter> Integers() =>
        session.Model.StateEntries.Where(e => !e.IsAlias && e.Parameter.Integers is not null).Select(e => e.Parameter);

    // Where they are shared out, each rank has others.
    private IEnumerable<(string Name, Tensor Tensor)> Moments()
    {
        if (session.Optimizer.IsSharded)
            yield break;
        foreach ((var parameter, var first, var second) in session.Optimizer.State)
        {
            yield return ($"the first moment of {parameter.Name}", first);
            yield return ($"the second moment of {parameter.Name}", second);
        }
    }

    private static IEnumerable<(string Name, Tensor Tensor)> Tensors(IVisionLanguageModel model) =>
        model.StateEntries.Where(e => !e.IsAlias && e.Parameter.Kind != ParameterKind.Integers)
            .Select(e => (e.Name, e.Parameter.Value));

    private IEnumerable<(string, byte[])> Hashes() =>
    [
        .. Tensors(session.Model).Concat(Moments()).Select(Hash),
        .. Integers().Select(p => (p.Name, SHA256.HashData(JsonSerializer.SerializeToUtf8Bytes(p.Integers)))),
    ];

    private static (string, byte[]) Number(string name, int value) => (name, BitConverter.GetBytes(value));

    private void Take(State state)
    {
        foreach ((var own, var sent) in Integers().Zip(state.Integers))
            sent.CopyTo(own.Integers!, 0);
        if (state.AverageHasFollowed)
            session.Model.Average?.SetApplied();
        (session.Step, session.StopAfter, session.Optimizer.StepCount) =
            (state.Step, state.StopAfter, state.OptimizerSteps);
    }

    private static (string, byte[]) Hash((string Name, Tensor Tensor) entry)
    {
        var tensor = entry.Tensor;
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        var size = tensor.DType.Size();
        var buffer = new byte[Math.Min(Part, (long)tensor.Shape.Count * size)];
        for (long at = 0, end = (long)tensor.Shape.Count * size; at < end; at += buffer.Length)
        {
            var part = buffer.AsSpan(0, (int)Math.Min(buffer.Length, end - at));
            tensor.ReadBytes(part, (int)(at / size));
            hash.AppendData(part);
        }
        return (entry.Name, hash.GetHashAndReset());
    }

    private sealed record State(
        int Step, int? StopAfter, int OptimizerSteps, bool AverageHasFollowed, long[][] Integers);
}
