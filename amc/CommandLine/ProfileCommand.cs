using AmcEngine.Amc.Configuration;
using AmcEngine.Amc.Data;
using AmcEngine.Amc.Profiling;
using AmcEngine.Amc.Training;
using AmcEngine.Model.Tokenization;

namespace AmcEngine.Amc.CommandLine;

/// <summary><c>amcx profile</c>.</summary>
internal static class ProfileCommand
{
    /// <summary>Measures training steps and prints where time and memory go.</summary>
    public static int Run(ProfileOptions options, CommandContext context)
    {
        if (options.Steps < 1)
            throw new ConfigException($"--steps {options.Steps}: must be at least 1");
        if (options.Warmup < 0)
            throw new ConfigException($"--warmup {options.Warmup}: must not be negative");
        var config = RunConfig.Load(options.Config, Overrides(options));
        if (options.Ranks is { } ranks)
            config = OfOneRank(options, config, ranks);
        if (options.DryRun)
            return DryRun(options, config, context);
        StartWeights.Require(config);
        using var backend = DeviceSelector.Open(options);
        var memory = MemoryPlan.For(
            config, DataSources.Tokenizer(config), backend.Device, DeviceSelector.Limit(options)).Choose();
        using var session = TrainingSession.Create(config, backend, context.Warn);
        session.Use(memory.Settings);
        StartWeights.Load(config, session.Model, context, _ => { });
        context.Note(config, ConfigUse.Training);
        Action<string> progress = options.Json ? _ => { } : context.Out.WriteLine;
        var result = new ProfileRun(session, backend).Measure(
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

    private static int DryRun(ProfileOptions options, RunConfig config, CommandContext context)
    {
        var tokenizer = DataSources.Tokenizer(config);
        (var fits, var settings) = Fits(options, config, tokenizer);
        context.Note(config, ConfigUse.Training);
        var result = DryProfile.Of(config, tokenizer, settings, options.Ranks ?? 1);
        if (options.Json)
        {
            context.Out.WriteLine(result.Json());
            return ErrorReporter.Success;
        }
        result.Write(context.Out);
        context.Out.WriteLine(fits);
        return ErrorReporter.Success;
    }

    // What training would say, and how it would compute; where it would refuse, with what takes the least memory.
    private static (string Line, MemorySettings Settings) Fits(
        ProfileOptions options, RunConfig config, ITokenizer tokenizer)
    {
        using var device = DeviceSelector.Open(options);
        try
        {
            var choice = MemoryPlan.For(config, tokenizer, device.Device, DeviceSelector.Limit(options)).Choose();
            return ($"training with the longest texts: {choice}", choice.Settings);
        }
        catch (ConfigException e)
        {
            return ($"training would refuse: {e.Message}", new MemorySettings(
                config.IsAuto("micro_batch") ? 1 : config.MicroBatch, config.Text("checkpoint_activations") != "none"));
        }
    }

    // A rank's configuration is that of its part of the batch.
    private static RunConfig OfOneRank(ProfileOptions options, RunConfig config, int ranks)
    {
        if (!options.DryRun)
            throw new ConfigException($"--ranks {ranks}: is for --dry-run, which measures one of so many ranks");
        if (ranks < 1 || config.BatchSize % ranks != 0)
            throw new ConfigException($"--ranks {ranks}: batch_size {config.BatchSize} is not a multiple of it");
        return RunConfig.Load(options.Config, [.. Overrides(options),
            FormattableString.Invariant($"batch_size={config.BatchSize / ranks}")]);
    }

    private static List<string> Overrides(ProfileOptions options)
    {
        List<string> overrides = [.. options.Set];
        if (options.Batch is { } batch)
            overrides.Add(FormattableString.Invariant($"batch_size={batch}"));
        return overrides;
    }
}
