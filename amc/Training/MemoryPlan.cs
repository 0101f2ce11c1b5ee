using System.Globalization;
using AmcEngine.Amc.Configuration;
using AmcEngine.Amc.Ranks;
using AmcEngine.Backends;
using AmcEngine.Collectives;
using AmcEngine.Diagnostics;
using AmcEngine.Model.Tokenization;
using AmcEngine.Tensors;

namespace AmcEngine.Amc.Training;

/// <summary>What a training may change to fit into memory; its numbers are the same, up to rounding.</summary>
/// <param name="MicroBatch">Pairs that are computed at a time; null for the whole batch.</param>
/// <param name="CheckpointActivations">Whether blocks keep their inputs alone.</param>
internal readonly record struct MemorySettings(int? MicroBatch, bool CheckpointActivations)
{
    /// <summary>The settings of a configuration, where it leaves nothing to choose.</summary>
    public static MemorySettings Of(RunConfig config) =>
        new(config.MicroBatch, config.Text("checkpoint_activations") == "blocks");

    /// <summary>As they stand in a configuration.</summary>
    public override string ToString()
    {
        var blocks = $"checkpoint_activations: {(CheckpointActivations ? "blocks" : "none")}";
        return MicroBatch is { } size
            ? string.Create(CultureInfo.InvariantCulture, $"micro_batch: {size} and {blocks}") : blocks;
    }
}

/// <summary>How a training uses memory.</summary>
/// <param name="Settings">How it computes.</param>
/// <param name="Need">Bytes that it needs, about.</param>
/// <param name="Available">Bytes that there are; null where nobody knows.</param>
internal sealed record MemoryChoice(MemorySettings Settings, long Need, long? Available)
{
    /// <summary>One line: what was chosen, what it needs, what there is.</summary>
    public override string ToString() => $"{Settings}: about {MemoryPlan.Size(Need)} of "
        + $"{(Available is { } bytes ? MemoryPlan.Size(bytes) : "unknown")} of memory";
}

/// <summary>
/// Finds by dry runs whether a training fits into memory, before it takes any, and what to set where it does not.
/// </summary>
/// <param name="config">The configuration.</param>
/// <param name="tokenizer">Its tokenizer.</param>
/// <param name="available">
/// Bytes that there are for tensors, and for batches where these lie in the same memory; null where nobody knows.
/// </param>
/// <param name="ofHost">
/// Whether these are the host's: then memory counts that is used, and not what is reserved.
/// </param>
/// <param name="ranks">Ranks that share a batch.</param>
/// <param name="rank">The one whose memory it is.</param>
internal sealed class MemoryPlan(
    RunConfig config, ITokenizer tokenizer, long? available, bool ofHost, int ranks = 1, int rank = 0)
{
    private readonly int _batch = config.BatchSize / ranks;

    private const int SmallestBatch = 2;

    private readonly Dictionary<(int, MemorySettings), long> _needs = [];

    // The memory of larger batches is told by those of this size and half of it: it grows with the batch, and what is
    // computed on the host for a batch (similarities of all pairs) is computed in a dry run as well.
    private const int LargestCounted = 1024;

    /// <summary>The plan for a device.</summary>
    /// <param name="config">The configuration.</param>
    /// <param name="tokenizer">Its tokenizer.</param>
    /// <param name="device">Where the training is to run.</param>
    /// <param name="limit">Most bytes that tensors may take of the device; 0 for all there are.</param>
    /// <param name="ranks">Ranks that share each batch.</param>
    /// <param name="rank">The one whose device it is.</param>
    /// <param name="sharing">Ranks that share the host's memory.</param>
    public static MemoryPlan For(RunConfig config, ITokenizer tokenizer, DeviceInfo device, long limit,
        int ranks = 1, int rank = 0, int sharing = 1)
    {
        var ofHost = limit == 0 && device.IsProcessor;
        var available = ofHost ? Memory.AvailableMemory.Bytes() / sharing
            : limit > 0 ? limit : device.MemoryBytes > 0 ? device.MemoryBytes : null;
        return new MemoryPlan(config, tokenizer, available, ofHost, ranks, rank);
    }

    /// <summary>The same for a rank of a job. All ranks call it.</summary>
    public static MemoryPlan For(RunConfig config, ITokenizer tokenizer, DeviceInfo device, long limit, Job job) =>
        For(config, tokenizer, device, limit, job.Size, job.Rank, job.Place.LocalRanks);

    /// <summary>Whether a configuration leaves it to the plan how to use memory.</summary>
    public static bool Chooses(RunConfig config) => LeavesBlocks(config) || config.IsAuto("micro_batch");

    /// <summary>
    /// How to train. What is set to <c>auto</c> is chosen here: the whole batch at once where it fits, then with
    /// blocks that keep their inputs alone, then the largest micro-batch, then the largest one with such blocks.
    /// </summary>
    /// <exception cref="ConfigException">It does not fit; the message says what would.</exception>
    public MemoryChoice Choose()
    {
        var set = MemorySettings.Of(config);
        var allowed = All(config.IsAuto("micro_batch") ? Halves() : set.MicroBatch is { } size ? [size] : [],
                whole: set.MicroBatch is null)
            .Where(s => LeavesBlocks(config) || s.CheckpointActivations == set.CheckpointActivations);
        long? first = null;
        foreach (var settings in allowed)
        {
            var need = Need(_batch, settings);
            if (Fits(need)) return new MemoryChoice(settings, need, available);
            first ??= need;
        }
        throw ConfigRules.Wrong(config, string.Create(CultureInfo.InvariantCulture, $"batch_size: {_batch} "
            + $"pairs a step{(ranks > 1 ? " on each rank" : "")} need about {Size(first!.Value)} of memory, and there "
            + $"are {Size(available!.Value)}; {Remedy()}"));
    }

    /// <summary>
    /// The same for ranks that train together: all compute alike, as the one does that has the least memory.
    /// </summary>
    /// <param name="job">The ranks.</param>
    /// <exception cref="ConfigException">It does not fit; the message says what would.</exception>
    public MemoryChoice Choose(Job job)
    {
        var own = job.Together(Choose);
        if (job.IsAlone) return own;
        Span<double> most = [own.Settings.CheckpointActivations ? 1 : 0, -(own.Settings.MicroBatch ?? _batch)];
        job.Meet(most);
        var micro = (int)-most[1];
        return own with { Settings = new MemorySettings(micro < _batch ? micro : null, most[0] > 0) };
    }

    private static bool LeavesBlocks(RunConfig config) => config.Text("checkpoint_activations") == ScalarParser.Auto;

    private string Remedy()
    {
        var least = new MemorySettings(1, true);
        if (Fits(Need(_batch, least)))
        {
            var settings = All(Halves(), whole: true).First(s => Fits(Need(_batch, s)));
            return $"set {settings}, which needs about {Size(Need(_batch, settings))}";
        }
        for (var batch = _batch / 2; batch >= SmallestBatch; batch /= 2)
        {
            if (Need(batch, least) is var need && Fits(need))
                return string.Create(CultureInfo.InvariantCulture,
                    $"set batch_size: {batch * ranks}, {least}, which needs about {Size(need)}");
        }
        return $"even {SmallestBatch} pairs do not fit, so take a smaller model or image_res, or more memory";
    }

    // What costs less time comes first.
    private static IEnumerable<MemorySettings> All(int[] sizes, bool whole)
    {
        MemorySettings[] atOnce = whole ? [new(null, false), new(null, true)] : [];
        return
        [
            .. atOnce, .. sizes.Select(s => new MemorySettings(s, false)),
            .. sizes.Select(s => new MemorySettings(s, true)),
        ];
    }

    private int[] Halves()
    {
        List<int> sizes = [];
        for (var size = _batch; size > 1; sizes.Add(size)) size = (size + 1) / 2;
        return [.. sizes];
    }

    private bool Fits(long need) => need <= (available ?? long.MaxValue);

    private long Need(int batch, MemorySettings settings)
    {
        if (_needs.TryGetValue((batch, settings), out var known)) return known;
        if (batch <= LargestCounted) return _needs[(batch, settings)] = Count(batch, settings);
        var (half, all) = (Count(LargestCounted / 2, settings), Count(LargestCounted, settings));
        return _needs[(batch, settings)] =
            all + (long)((all - half) * (2.0 * (batch - LargestCounted) / LargestCounted));
    }

    private long Count(int batch, MemorySettings settings)
    {
        var group = ranks > 1 ? new DryCommunicator(rank, ranks) : null;
        // A pool with a limit gives blocks back that wait for reuse, and a dry one does so as well.
        using var backend = new DryBackend(ofHost ? 0 : available ?? 0);
        try
        {
            var memory = DryStep.Longest(config, tokenizer, backend, batch, settings, ranks: group);
            return ofHost ? memory.Touched + DryStep.HostBytes(config, batch) : memory.Reserved;
        }
        catch (EngineException)
        {
            // More than the limit: how much more is asked without one.
            using var unlimited = new DryBackend();
            return Math.Max(available!.Value + 1,
                DryStep.Longest(config, tokenizer, unlimited, batch, settings, ranks: group).Peak);
        }
    }

    /// <summary>A size for people.</summary>
    internal static string Size(long bytes) => bytes >= 1 << 30
        ? string.Create(CultureInfo.InvariantCulture, $"{bytes / (double)(1 << 30):0.0} GiB")
        : string.Create(CultureInfo.InvariantCulture, $"{bytes / (double)(1 << 20):0.0} MiB");
}
