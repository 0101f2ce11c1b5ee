using AmcEngine.Amc.Configuration;
using AmcEngine.Amc.Models;
using AmcEngine.Amc.Objective;
using AmcEngine.Backends;
using AmcEngine.Collectives;
using AmcEngine.DataParallel;
using AmcEngine.Model;
using AmcEngine.Model.Tokenization;
using AmcEngine.Optim;

namespace AmcEngine.Amc.Training;

/// <summary>What a configuration trains, without data.</summary>
/// <param name="Model">The model with its momentum copy, with fresh weights.</param>
/// <param name="Optimizer">The optimizer.</param>
/// <param name="Objective">
/// What explanations are to be like; null trains with the model's own losses alone.
/// </param>
internal sealed record TrainingParts(IVisionLanguageModel Model, AdamW Optimizer, IObjective? Objective) : IDisposable
{
    /// <summary>The parts of a configuration.</summary>
    /// <param name="config">The configuration.</param>
    /// <param name="tokenizer">The tokenizer.</param>
    /// <param name="backend">Where to compute.</param>
    /// <param name="trainsAmc">Whether explanations are trained to lie inside of regions.</param>
    /// <param name="communicator">The ranks that train together; null for a process alone.</param>
    /// <param name="draw">Whether first values are drawn at once; needless where a checkpoint brings others.</param>
    public static TrainingParts Create(RunConfig config, ITokenizer tokenizer, IBackend backend, bool trainsAmc,
        ICommunicator? communicator = null, bool draw = true)
    {
        var model = ModelRegistry.Create(config, tokenizer, backend, forTraining: true, draw);
        var decay = config.Real("optimizer.weight_decay");
        var optimizer = new AdamW(model.ParameterGroups(decay), average: model.Average,
            share: config.Truth("shard_optimizer") ? communicator : null);
        return new TrainingParts(model, optimizer, ObjectiveOf(config, trainsAmc));
    }

    /// <summary>
    /// What averages the gradients of ranks; where these share the optimizer's state, each gets its part of them.
    /// </summary>
    /// <param name="ranks">The ranks, two at least.</param>
    /// <param name="bucketBytes">Most bytes of gradients that are exchanged together.</param>
    public GradientExchange Exchange(
        ICommunicator ranks, long bucketBytes = GradientExchange.DefaultBucketBytes) => new(
        ranks, Model.Trainable.Select(p => p.Value), bucketBytes, Optimizer.IsSharded ? Optimizer.OwnerOf : null);

    /// <inheritdoc/>
    public void Dispose()
    {
        Optimizer.Dispose();
        Model.Dispose();
    }

    private static IObjective? ObjectiveOf(RunConfig config, bool trainsAmc)
    {
        List<IObjective> parts = [];
        if (trainsAmc)
            parts.Add(new AmcObjective(AmcSettings(config)));
        if (config.Truth("add_selfeq"))
            parts.Add(new SelfEqObjective(config.Real("selfeq.weight"), new SelfEqOptions(
                config.Real("selfeq.threshold"), config.Real("selfeq.target"), config.Real("selfeq.consistency"))));
        return parts switch
        {
            [] => null,
            [var one] => one,
            _ => new CompositeObjective(parts),
        };
    }

    private static AmcOptions AmcSettings(RunConfig config) => new(
        config.Real("amc.mean_weight"), config.Real("amc.mean_margin"), config.Real("amc.max_weight"),
        config.Real("amc.max_margin"));
}
