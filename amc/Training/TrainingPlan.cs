using AmcEngine.Amc.Configuration;
using AmcEngine.Optim;

namespace AmcEngine.Amc.Training;

/// <summary>What happens at which step: pure functions of the step, so that a resumed run continues exactly.</summary>
internal sealed class TrainingPlan
{
    private const int DefaultWarmupSteps = 100;

    private readonly RunConfig _config;
    private readonly ISchedule _schedule;
    private readonly HashSet<int> _evaluations;
    private readonly int? _evaluateEvery;
    private readonly double _alpha;
    private readonly int _ramp;

    /// <summary>Reads the plan.</summary>
    /// <param name="config">The configuration.</param>
    /// <param name="stepsPerEpoch">Steps in an epoch.</param>
    /// <exception cref="ConfigException">An epoch has no full batch.</exception>
    public TrainingPlan(RunConfig config, int stepsPerEpoch)
    {
        if (stepsPerEpoch < 1)
            throw ConfigRules.Wrong(config,
                $"batch_size: {config.BatchSize} is more than there are training samples; lower it or bring more data");
        _config = config;
        StepsPerEpoch = stepsPerEpoch;
        TotalSteps = config.OptionalInteger("steps") ?? Whole(config, stepsPerEpoch);
        _schedule = CreateSchedule();
        _evaluations = [.. config.Integers("eval_steps")];
        _evaluateEvery = config.OptionalInteger("eval_every");
        _alpha = config.Truth("distill") ? config.Real("alpha") : 0;
        _ramp = config.OptionalInteger("alpha_ramp_steps") ?? (config.Truth("warm_up") ? stepsPerEpoch : 0);
        SaveEvery = config.Integer("save_every");
        SaveAsync = config.Truth("save_async");
    }

    /// <summary>Steps in an epoch.</summary>
    public int StepsPerEpoch { get; }

    /// <summary>Steps of the whole run.</summary>
    public int TotalSteps { get; }

    /// <summary>Steps between two checkpoints.</summary>
    public int SaveEvery { get; }

    /// <summary>Whether a checkpoint between is written while training goes on.</summary>
    public bool SaveAsync { get; }

    /// <summary>Learning rate of a step, counted from 0.</summary>
    public double LearningRate(int step) => _schedule.LearningRate(step / StepsPerEpoch, step % StepsPerEpoch, step);

    /// <summary>
    /// Weight of the momentum teacher in a step: it rises from 0, because the teacher knows nothing at first.
    /// </summary>
    public double Alpha(int step) => _ramp == 0 ? _alpha : _alpha * Math.Min(1, step / (double)_ramp);

    /// <summary>Whether accuracy is measured after so many steps.</summary>
    public bool EvaluatesAfter(int steps) =>
        steps == 0 || steps == TotalSteps || _evaluations.Contains(steps)
            || (_evaluateEvery is { } every && steps % every == 0);

    private static int Whole(RunConfig config, int stepsPerEpoch)
    {
        var steps = (long)config.Integer("schedular.epochs") * stepsPerEpoch;
        return steps <= int.MaxValue ? (int)steps
            : throw ConfigRules.Wrong(config, $"schedular.epochs: {config.Integer("schedular.epochs")} epochs of "
                + $"{stepsPerEpoch} steps are more than {int.MaxValue} steps; lower it, or set steps");
    }

    private ISchedule CreateSchedule()
    {
        var peak = _config.Real("optimizer.lr");
        if (_config.CountsSteps)
        {
            var warmup = _config.OptionalInteger("schedular.warmup_steps") ?? DefaultWarmupSteps;
            return new WarmupCosineSchedule(peak, warmup, TotalSteps, _config.Real("schedular.final_fraction"));
        }
        return new ReferenceSchedule(
            peak, _config.Real("schedular.min_lr"), _config.Real("schedular.warmup_lr"),
            _config.Integer("schedular.warmup_epochs"), _config.Integer("schedular.epochs"));
    }
}
