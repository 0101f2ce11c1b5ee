using AmcEngine.Amc.Configuration;
using AmcEngine.Amc.Data;
using AmcEngine.Amc.Profiling;
using AmcEngine.Amc.Ranks;
using AmcEngine.Amc.Training;
using AmcEngine.Model.Tokenization;

namespace AmcEngine.Amc.CommandLine;

/// <summary><c>amcx profile</c>.</summary>
internal static class ProfileCommand
{
    /// <summary>Measures training steps and prints where time and memory go.</summary>
    public static int Run(ProfileOptions options, CommandContext context) => JobCommand.Run(
        options, context, (job, own) => Run(options, own, job));

    /// <summary>The same as one of several ranks, of which the first prints.</summary>
    internal static int Run(ProfileOptions options, CommandContext context, Job job)
    {
        var config = job.Together(() =>
        {
            JobCommand.Check(options);
            var loaded = Configuration(options);
            StartWeights.Require(loaded);
            return loaded;
        });
        JobSettings.RequireSame(job, config, new Dictionary<string, string?>
        {
            ["--steps"] = $"{options.Steps}",
            ["--warmup"] = $"{options.Warmup}",
            ["--shapes"] = $"{options.Shapes}",
        });
        JobSettings.RequireShares(job, config);
        using var backend = job.Together(() => DeviceSelector.Open(options, job.IsAlone ? null : job.Place));
        job.Use(backend);
        JobSettings.RequireSameKernels(job, backend);
        var tokenizer = job.Together(() => DataSources.Tokenizer(config));
        var memory = MemoryPlan.For(config, tokenizer, backend.Device, DeviceSelector.Limit(options), job).Choose(job);
        using var session = job.Together(() => TrainingSession.Create(config, backend, context.Warn, tokenizer,
            job.Communicator, draw: !StartWeights.AreNamed(config), InputSettings.Workers(config, job)));
        session.Use(memory.Settings);
        job.First(() => StartWeights.Load(config, session.Model, context, _ => { }));
        new Replicas(session, job).Distribute();
        context.Note(config, ConfigUse.Training, job.Size);
        Action<string> progress = options.Json ? _ => { } : context.Out.WriteLine;
        var result = new ProfileRun(session, backend, job).Measure(
            options.Steps, options.Warmup, progress, alone: options.Shapes);
        if (options.Json)
        {
            context.Out.WriteLine(ProfileJson.Write(result, options.Shapes));
            return ErrorReporter.Success;
        }
        context.Out.WriteLine();
        ProfileText.Write(result, options.Shapes, context.Out);
        return ErrorReporter.Success;
    }

    /// <summary>Prints what memory a step takes, and computes nothing.</summary>
    public static int DryRun(ProfileOptions options, CommandContext context)
    {
        var config = Configuration(options);
        var tokenizer = DataSources.Tokenizer(config);
        var ranks = options.Ranks ?? 1;
        (var fits, var settings) = Fits(options, config, tokenizer, ranks);
        context.Note(config, ConfigUse.Training, ranks);
        var result = DryProfile.Of(config, tokenizer, settings, ranks);
        if (options.Json)
        {
            context.Out.WriteLine(result.Json());
            return ErrorReporter.Success;
        }
        result.Write(context.Out);
        context.Out.WriteLine(fits);
        return ErrorReporter.Success;
    }

    private static RunConfig Configuration(ProfileOptions options)
    {
        if (options.Steps < 1)
            throw new ConfigException($"--steps {options.Steps}: must be at least 1");
        if (options.Warmup < 0)
            throw new ConfigException($"--warmup {options.Warmup}: must not be negative");
        var config = RunConfig.Load(options.Config, Overrides(options));
        if (options.Ranks is { } ranks) RequireRanks(options, config, ranks);
        return config;
    }

    // What training would say, and how it would compute; where it would refuse, with what takes the least memory. Of
    // several ranks each has a device, or a machine, of its own.
    private static (string Line, MemorySettings Settings) Fits(
        ProfileOptions options, RunConfig config, ITokenizer tokenizer, int ranks)
    {
        using var device = DeviceSelector.Open(options);
        try
        {
            var choice =
                MemoryPlan.For(config, tokenizer, device.Device, DeviceSelector.Limit(options), ranks).Choose();
            return ($"training with the longest texts: {choice}", choice.Settings);
        }
        catch (ConfigException e)
        {
            return ($"training would refuse: {e.Message}", new MemorySettings(
                config.IsAuto("micro_batch") ? 1 : config.MicroBatch, config.Text("checkpoint_activations") != "none"));
        }
    }

    private static void RequireRanks(ProfileOptions options, RunConfig config, int ranks)
    {
        if (!options.DryRun)
            throw new ConfigException($"--ranks {ranks}: is for --dry-run, which measures one of so many ranks");
        if (ranks < 1 || config.BatchSize % ranks != 0)
            throw new ConfigException($"--ranks {ranks}: batch_size {config.BatchSize} is not a multiple of it");
    }

    private static List<string> Overrides(ProfileOptions options)
    {
        List<string> overrides = [.. options.Set];
        if (options.Batch is { } batch)
            overrides.Add(FormattableString.Invariant($"batch_size={batch}"));
        return overrides;
    }
}
