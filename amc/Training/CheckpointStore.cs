using System.Text.Json;
using AmcEngine.Amc.Configuration;
using AmcEngine.Model.Checkpoints;
using AmcEngine.Model.Modules;
using AmcEngine.Serialization;

namespace AmcEngine.Amc.Training;

/// <summary>
/// The checkpoints of a run's folder: <c>checkpoints/last</c> and the one before, <c>checkpoints/last-good</c>. Each is
/// written to a folder of another name and renamed when complete, so that no reader ever finds half of one.
/// </summary>
/// <param name="folder">The run's folder.</param>
/// <param name="resumed">Whether the run goes on with what the folder holds, rather than replacing it.</param>
internal sealed class CheckpointStore(string folder, bool resumed)
{
    private bool _ownsLast = resumed;

    private string Last => CheckpointLayout.Last(folder);

    private string LastGood => CheckpointLayout.LastGood(folder);

    /// <summary>Saves a session; the newest checkpoint before becomes <c>last-good</c>.</summary>
    /// <exception cref="SerializationException">A file cannot be written.</exception>
    /// <exception cref="InvalidOperationException">The momentum copies are those of the next step, which has not run.</exception>
    public void Save(TrainingSession session)
    {
        if (session.Model.Average is { IsAhead: true })
            throw new InvalidOperationException($"checkpoint: the momentum copies of step {session.Step} have been moved on for step {session.Step + 1}; save after a step that none was promised to follow");
        string temporary = Last + ".tmp";
        Delete(temporary);
        Directory.CreateDirectory(temporary);
        SafetensorsWriter.Write(Path.Combine(temporary, CheckpointLayout.Model), StateDict.Export(session.Model));
        SafetensorsWriter.Write(Path.Combine(temporary, CheckpointLayout.Moments), session.Optimizer.State.SelectMany(s => new[]
        {
            TensorValues.ToData(s.ExpAvg, CheckpointLayout.FirstMoment + s.Parameter.Name), TensorValues.ToData(s.ExpAvgSq, CheckpointLayout.SecondMoment + s.Parameter.Name),
        }));
        session.Tokenizer.SaveVocab(Path.Combine(temporary, CheckpointLayout.Vocabulary));
        new CheckpointState(session.Step, session.Optimizer.StepCount, session.Random.Seed, session.Config.Flatten())
            .Save(Path.Combine(temporary, CheckpointLayout.State));
        Publish(temporary);
    }

    /// <summary>Puts a session back to where a checkpoint of the same configuration left it.</summary>
    /// <param name="session">A fresh session.</param>
    /// <param name="checkpoint">The checkpoint's folder.</param>
    /// <exception cref="ConfigException">The checkpoint belongs to another configuration.</exception>
    /// <exception cref="SerializationException">A file is missing or damaged.</exception>
    /// <exception cref="AmcEngine.Model.ModelException">A number is not finite.</exception>
    public static void Restore(TrainingSession session, string checkpoint)
    {
        CheckpointState state = CheckpointState.Load(Path.Combine(checkpoint, CheckpointLayout.State));
        state.RequireSame(session.Config, checkpoint);
        using (SafetensorsReader model = SafetensorsReader.Open(Path.Combine(checkpoint, CheckpointLayout.Model)))
        {
            LoadReport report = StateDict.Load(session.Model, model.Tensors);
            if (report.Missing.Count > 0)
                throw new SerializationException($"{model.Path}: {report}; the checkpoint is incomplete, resume from another one");
        }
        using SafetensorsReader moments = SafetensorsReader.Open(Path.Combine(checkpoint, CheckpointLayout.Moments));
        var check = new FiniteLoad();
        foreach ((Tensors.Tensor parameter, Tensors.Tensor first, Tensors.Tensor second) in session.Optimizer.State)
        {
            check.Load(first, moments[CheckpointLayout.FirstMoment + parameter.Name]);
            check.Load(second, moments[CheckpointLayout.SecondMoment + parameter.Name]);
        }
        check.RequireFinite();
        session.Optimizer.StepCount = state.OptimizerSteps;
        session.Step = state.Step;
    }

    // At every moment at least one of "last" and "last-good" is complete.
    private void Publish(string temporary)
    {
        if (Directory.Exists(Last) && _ownsLast)
        {
            Delete(LastGood);
            Directory.Move(Last, LastGood);
        }
        else
        {
            Delete(Last);
            Delete(LastGood);
        }
        Directory.Move(temporary, Last);
        _ownsLast = true;
    }

    private static void Delete(string directory)
    {
        if (Directory.Exists(directory))
            Directory.Delete(directory, recursive: true);
    }
}
