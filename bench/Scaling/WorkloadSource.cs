using AmcEngine.Amc.Configuration;
using AmcEngine.Amc.Data;
using AmcEngine.Amc.Training;
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
internal sealed class WorkloadSource(string config, double memory, KernelTimes times)
{
    private const int Pictures = 1, Texts = 1;

    private readonly Dictionary<int, StepWorkload> _known = [];
    private ITokenizer? _tokenizer;

    /// <summary>The step of a batch.</summary>
    /// <exception cref="ConfigException">The configuration is wrong, or the batch does not fit.</exception>
    public StepWorkload Of(int batch)
    {
        if (_known.TryGetValue(batch, out var known)) return known;
        var settings = RunConfig.Load(
            config, [$"batch_size={batch}", "micro_batch=auto", "checkpoint_activations=auto"]);
        _tokenizer ??= DataSources.Tokenizer(settings);
        var choice = new MemoryPlan(settings, _tokenizer, (long)memory, ofHost: false).Choose().Settings;
        var timeline = new KernelTimeline(times);
        using var backend = new DryBackend { Ran = timeline.Add };
        var counted = DryStep.Longest(
            settings, _tokenizer, backend, batch, choice, parts => timeline.Watch(parts.Model.Trainable));
        var features = (Pictures + Texts) * (double)settings.Integer("embed_dim") * sizeof(float);
        return _known[batch] = timeline.Workload(batch, features, counted.Peak, choice.ToString());
    }
}
