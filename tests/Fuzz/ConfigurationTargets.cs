using AmcEngine.Amc.Configuration;
using AmcEngine.Amc.Runs;

namespace AmcEngine.Tests.Fuzz;

/// <summary>The readers of what a run is told and tells: configurations, its state, its log.</summary>
internal static class ConfigurationTargets
{
    /// <summary>Reads a configuration, and holds that a checkpoint gives it back.</summary>
    public static void Yaml(FuzzSession session) => HoldRestores(session, RunConfig.Load(session.Path));

    /// <summary>Reads a BERT configuration as a run does that names it.</summary>
    public static void BertConfig(FuzzSession session) =>
        HoldRestores(session, RunConfig.Create(
            session["run.yaml"], new(StringComparer.Ordinal) { ["bert_config"] = session.Path }));

    /// <summary>Reads a checkpoint's state and the configuration in it.</summary>
    public static void State(FuzzSession session)
    {
        var state = CheckpointState.Load(session.Path);
        RunConfig.Restore(session.Path, state.Config);
        var copy = session["copy.json"];
        state.Save(copy);
        var again = CheckpointState.Load(copy);
        if (again.Step != state.Step || again.Seed != state.Seed || again.OptimizerSteps != state.OptimizerSteps
            || !again.Config.SequenceEqual(state.Config))
            throw new FuzzFailure("a state changed on the way through a file");
    }

    /// <summary>Reads a run's log, which takes every file: what is no record costs its line only.</summary>
    public static void Log(FuzzSession session) => TrainingLogReader.Read(session.Folder, _ => { });

    private static void HoldRestores(FuzzSession session, RunConfig config)
    {
        var flat = config.Flatten();
        var again = RunConfig.Restore(session.Path, flat).Flatten();
        foreach ((var key, var value) in flat)
        {
            // The sizes of that file are in the other keys; the file need not exist any more.
            if (key != "bert_config" && again[key] != value)
                throw new FuzzFailure($"{key} changed on the way through a checkpoint: {value} became {again[key]}");
        }
    }
}
