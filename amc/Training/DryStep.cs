using AmcEngine.Amc.Configuration;
using AmcEngine.Backends;
using AmcEngine.Collectives;
using AmcEngine.DataParallel;
using AmcEngine.Diagnostics;
using AmcEngine.Memory;
using AmcEngine.Model;
using AmcEngine.Model.DataParallel;
using AmcEngine.Model.Tokenization;
using AmcEngine.Tensors;

namespace AmcEngine.Amc.Training;

/// <summary>Dry runs of a configuration; no data is opened.</summary>
internal static class DryStep
{
    // Two batches are on the host, the one of the step and the next.
    private const int HostBatches = 2;

    /// <summary>Bytes of batches on the host: pictures and region masks.</summary>
    public static long HostBytes(RunConfig config, int batch) =>
        HostBatches * sizeof(float) * 4L * batch * config.ImageSize * config.ImageSize;

    /// <summary>What a step takes, at the longest texts that the configuration allows.</summary>
    /// <param name="config">The configuration.</param>
    /// <param name="tokenizer">Its tokenizer.</param>
    /// <param name="backend">Where it is counted.</param>
    /// <param name="batch">Pairs a step; those of one rank where there are several.</param>
    /// <param name="settings">How they are computed.</param>
    /// <param name="look">Looks at the parts before the steps.</param>
    /// <param name="ranks">The ranks that train together; null for a process alone.</param>
    /// <param name="bucketBytes">Most bytes of gradients that ranks exchange together.</param>
    /// <exception cref="EngineException">The back end's limit does not suffice.</exception>
    public static DryMemory Longest(RunConfig config, ITokenizer tokenizer, DryBackend backend, int batch,
        MemorySettings settings, Action<TrainingParts>? look = null, ICommunicator? ranks = null,
        long bucketBytes = GradientExchange.DefaultBucketBytes)
    {
        using var parts = TrainingParts.Create(config, tokenizer, backend, config.TrainsAmc, ranks);
        look?.Invoke(parts);
        var share = new BatchShare(ranks ?? SingleCommunicator.Instance, ScopeSettings.Of(config));
        using var exchange = share.IsWhole ? null : parts.Exchange(share.Ranks, bucketBytes);
        var step = new TrainingStep(parts.Model, parts.Objective, parts.Optimizer) { Exchange = exchange };
        var random = new RandomSource(config.Seed);
        var number = 0;
        return DryRun.Measure(backend, parts.Model, parts.Optimizer, () =>
        {
            using var scope = MemoryScope.Begin();
            step.Run(number++, Inputs(config, parts, batch), new StepOptions(config.Real("alpha"), random)
            {
                CheckpointActivations = settings.CheckpointActivations,
                MicroBatch = settings.MicroBatch < batch ? settings.MicroBatch : null,
                Share = share,
            }, rate: 0);
        });
    }

    // Texts of as many tokens as there may be, one of them shorter, so that there is a mask.
    private static StepInputs Inputs(RunConfig config, TrainingParts parts, int batch)
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
}
