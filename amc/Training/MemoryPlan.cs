using System.Globalization;
using AmcEngine.Amc.Configuration;
using AmcEngine.Backends;
using AmcEngine.Diagnostics;
using AmcEngine.Memory;
using AmcEngine.Model;
using AmcEngine.Model.Tokenization;
using AmcEngine.Tensors;

namespace AmcEngine.Amc.Training;

/// <summary>How a training uses memory.</summary>
/// <param name="CheckpointActivations">Whether blocks keep their inputs alone.</param>
/// <param name="Need">Bytes that it needs, about.</param>
/// <param name="Available">Bytes that there are; null where nobody knows.</param>
internal sealed record MemoryChoice(bool CheckpointActivations, long Need, long? Available)
{
    /// <summary>One line: what was chosen, what it needs, what there is.</summary>
    public override string ToString() => $"checkpoint_activations: {(CheckpointActivations ? "blocks" : "none")} needs "
        + $"about {MemoryPlan.GiB(Need)} of {(Available is { } bytes ? MemoryPlan.GiB(bytes) : "unknown")} of memory";
}

/// <summary>
/// Finds by a dry run whether a training fits into memory, before it takes any, and what to set where it does not.
/// </summary>
/// <param name="config">The configuration.</param>
/// <param name="tokenizer">Its tokenizer.</param>
/// <param name="available">
/// Bytes that there are for tensors, and for batches where these lie in the same memory; null where nobody knows.
/// </param>
/// <param name="ofHost">
/// Whether these are the host's: then memory counts that is used, and not what is reserved.
/// </param>
internal sealed class MemoryPlan(RunConfig config, ITokenizer tokenizer, long? available, bool ofHost)
{
    private const int SmallestBatch = 2;

    // The memory of larger batches is told by those of this size and half of it: it grows with the batch, and what is
    // computed on the host for a batch (similarities of all pairs) is computed in a dry run as well.
    private const int LargestCounted = 1024;

    // Two batches are on the host, the one of the step and the next.
    private const int HostBatches = 2;

    /// <summary>The plan for a device.</summary>
    /// <param name="config">The configuration.</param>
    /// <param name="tokenizer">The tokenizer.</param>
    /// <param name="device">Where the training is to run.</param>
    /// <param name="limit">Most bytes that tensors may take of the device; 0 for all there are.</param>
    public static MemoryPlan For(RunConfig config, ITokenizer tokenizer, DeviceInfo device, long limit)
    {
        if (limit > 0) return new MemoryPlan(config, tokenizer, limit, ofHost: false);
        return device.IsProcessor
            ? new MemoryPlan(config, tokenizer, AvailableMemory.Bytes(), ofHost: true)
            : new MemoryPlan(config, tokenizer, device.MemoryBytes > 0 ? device.MemoryBytes : null, ofHost: false);
    }

    /// <summary>Whether a configuration leaves it to the plan how to use memory.</summary>
    public static bool Chooses(RunConfig config) => config.Text("checkpoint_activations") == "auto";

    /// <summary>How to train; what is set to <c>auto</c> is chosen here.</summary>
    /// <exception cref="ConfigException">It does not fit; the message says what would.</exception>
    public MemoryChoice Choose()
    {
        var set = config.Text("checkpoint_activations");
        long? first = null;
        foreach (var blocks in set switch { "none" => new[] { false }, "blocks" => [true], _ => [false, true] })
        {
            var need = Need(config.BatchSize, blocks);
            if (need <= (available ?? long.MaxValue)) return new MemoryChoice(blocks, need, available);
            first ??= need;
        }
        throw ConfigRules.Wrong(config, string.Create(CultureInfo.InvariantCulture, $"batch_size: {config.BatchSize} "
            + $"pairs a step need about {GiB(first!.Value)} of memory, and there are {GiB(available!.Value)}; "
            + $"{Remedy(set)}"));
    }

    private string Remedy(string set)
    {
        if (set == "none" && Need(config.BatchSize, true) is var all && all <= available)
            return $"set checkpoint_activations: blocks, which needs about {GiB(all)}";
        for (var batch = config.BatchSize / 2; batch >= SmallestBatch; batch /= 2)
        {
            if (Need(batch, true) is var need && need <= available)
                return string.Create(CultureInfo.InvariantCulture, $"set batch_size: {batch} and "
                    + $"checkpoint_activations: blocks, which need about {GiB(need)}");
        }
        return $"even {SmallestBatch} pairs do not fit, so take a smaller model or image_res, or more memory";
    }

    private long Need(int batch, bool checkpoint)
    {
        if (batch <= LargestCounted) return Count(batch, checkpoint);
        var (half, whole) = (Count(LargestCounted / 2, checkpoint), Count(LargestCounted, checkpoint));
        return whole + (long)((whole - half) * (2.0 * (batch - LargestCounted) / LargestCounted));
    }

    private long Count(int batch, bool checkpoint)
    {
        // A pool with a limit gives blocks back that wait for reuse, and a dry one does so as well.
        using var backend = new DryBackend(ofHost ? 0 : available ?? 0);
        try
        {
            var memory = Forecast(config, tokenizer, backend, batch, checkpoint);
            return ofHost ? memory.Touched + HostBytes(config, batch) : memory.Reserved;
        }
        catch (EngineException)
        {
            // More than the limit: how much more is asked without one.
            using var unlimited = new DryBackend();
            return Math.Max(
                available!.Value + 1, Forecast(config, tokenizer, unlimited, batch, checkpoint).Peak);
        }
    }

    /// <summary>Bytes of batches on the host: pictures and region masks.</summary>
    public static long HostBytes(RunConfig config, int batch) =>
        HostBatches * sizeof(float) * 4L * batch * config.ImageSize * config.ImageSize;

    /// <summary>What a step takes, at the longest texts that the configuration allows.</summary>
    /// <param name="config">The configuration.</param>
    /// <param name="tokenizer">Its tokenizer.</param>
    /// <param name="backend">Where it is counted.</param>
    /// <param name="batch">Pairs a step.</param>
    /// <param name="checkpoint">Whether blocks keep their inputs alone.</param>
    /// <param name="look">Looks at the parts before the steps.</param>
    /// <exception cref="EngineException">The back end's limit does not suffice.</exception>
    public static DryMemory Forecast(RunConfig config, ITokenizer tokenizer, DryBackend backend, int batch,
        bool checkpoint, Action<TrainingParts>? look = null)
    {
        using var parts = TrainingParts.Create(config, tokenizer, backend, config.TrainsAmc);
        look?.Invoke(parts);
        var step = new TrainingStep(parts.Model, parts.Objective, parts.Optimizer);
        var random = new RandomSource(config.Seed);
        var number = 0;
        return DryRun.Measure(backend, parts.Model, parts.Optimizer, () =>
        {
            using var scope = MemoryScope.Begin();
            step.Run(number++, Longest(config, parts, batch), new StepOptions(config.Real("alpha"), random)
            {
                CheckpointActivations = checkpoint,
                MicroBatch = config.MicroBatch is { } size && size < batch ? size : null,
            }, rate: 0);
        });
    }

    // Texts of as many tokens as there may be, one of them shorter, so that there is a mask.
    private static StepInputs Longest(RunConfig config, TrainingParts parts, int batch)
    {
        using var phase = Phase.Begin("data");
        var (length, side, model) = (config.Integer("max_tokens"), config.ImageSize, parts.Model);
        length = Math.Min(length, model.MaxTextLength);
        int[] ids = [.. Enumerable.Repeat(1, batch * length)], mask = [.. ids];
        mask[^1] = 0;
        var texts = new TokenBatch(ids, mask, batch, length);
        var image = Tensor.Empty([batch, 3, side, side], model.DType, model.Backend);
        bool[] all = [.. Enumerable.Repeat(true, batch)];
        return new StepInputs(
            new PairBatch(image, texts), parts.Objective is null
                ? null
                : Tensor.Empty([batch, side, side], model.DType, model.Backend), all)
        {
            Others = config.Truth("add_selfeq") ? texts : null,
            IsOther = all,
        };
    }

    /// <summary>A size for people.</summary>
    internal static string GiB(long bytes) =>
        string.Create(CultureInfo.InvariantCulture, $"{bytes / (double)(1 << 30):0.0##} GiB");
}
