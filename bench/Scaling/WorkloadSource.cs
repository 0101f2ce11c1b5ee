using AmcEngine.Amc.Configuration;
using AmcEngine.Amc.Data;
using AmcEngine.Amc.Training;
using AmcEngine.Collectives;
using AmcEngine.DataParallel;
using AmcEngine.Diagnostics;
using AmcEngine.Model.Tokenization;

namespace AmcEngine.Bench.Scaling;

/// <summary>
/// Steps of a configuration at any batch a GPU, counted by the training code itself on a back end that computes
/// nothing, at the longest texts. Where a batch does not fit into a GPU's memory, memory is saved as training would.
/// </summary>
/// <param name="config">The configuration's file.</param>
/// <param name="memory">Bytes of a GPU.</param>
/// <param name="times">Seconds of a kernel.</param>
/// <param name="settings">Settings that win over the file; by default those by which memory is saved.</param>
internal sealed class WorkloadSource(string config, double memory, KernelTimes times, params string[] settings)
{
    // The image's and the text's, of each pair.
    private const int Features = 2;

    private readonly string[] _settings =
        settings.Length > 0 ? settings : ["micro_batch=auto", "checkpoint_activations=auto"];

    private readonly Dictionary<int, StepWorkload> _known = [];
    private ITokenizer? _tokenizer;

    /// <summary>The step of a batch.</summary>
    /// <exception cref="ConfigException">The configuration is wrong, or the batch does not fit.</exception>
    public StepWorkload Of(int batch)
    {
        if (_known.TryGetValue(batch, out var known)) return known;
        var run = RunConfig.Load(config, [$"batch_size={batch}", .. _settings]);
        _tokenizer ??= DataSources.Tokenizer(run);
        var choice = new MemoryPlan(run, _tokenizer, (long)memory, ofHost: false).Choose().Settings;
        var (alone, peak) = Count(run, choice, ranks: 1, GradientExchange.DefaultBucketBytes);
        var (shared, _) = Count(run, choice, ranks: 2, GradientExchange.DefaultBucketBytes);
        // A bucket for each weight tells when its gradient is complete; what so many buckets cost is taken out again.
        var (each, _) = Count(run, choice, ranks: 2, bucketBytes: 1);
        var features = Features * (double)run.Integer("embed_dim") * sizeof(float);
        return _known[batch] = alone.Workload(batch, features, peak, choice.ToString()) with
        {
            SharedBackward = shared.Backward,
            Gradients = [.. each.Gradients.Select(
                g => g with { Seconds = g.Seconds * shared.Backward / each.Backward })],
        };
    }

    private (KernelTimeline Timeline, double Peak) Count(
        RunConfig run, MemorySettings choice, int ranks, long bucketBytes)
    {
        var timeline = new KernelTimeline(times);
        using var backend = new DryBackend { Ran = timeline.Add };
        ICommunicator? group = ranks == 1 ? null : new DryCommunicator(0, ranks) { Reducing = timeline.Exchange };
        var counted = DryStep.Longest(
            run, _tokenizer!, backend, run.BatchSize, choice, ranks: group, bucketBytes: bucketBytes);
        return (timeline, counted.Peak);
    }
}
