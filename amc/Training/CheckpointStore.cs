using AmcEngine.Amc.Configuration;
using AmcEngine.Amc.Runs;
using AmcEngine.Files;
using AmcEngine.Model.Checkpoints;
using AmcEngine.Model.Modules;
using AmcEngine.Serialization;

namespace AmcEngine.Amc.Training;

/// <summary>
/// The checkpoints of a run's folder: <c>checkpoints/last</c> and the one before, <c>checkpoints/last-good</c>. Each is
/// written to a folder of another name, flushed to the disk with all its files, and renamed when complete: no reader
/// finds half of one, and from the first save on one of the two is complete at every moment, a power cut included.
/// </summary>
/// <param name="folder">The run's folder.</param>
/// <param name="lastIsSound">Whether the <c>last</c> that is there now may take the place of <c>last-good</c>.</param>
internal sealed class CheckpointStore(string folder, bool lastIsSound = true)
{
    private bool _lastIsSound = lastIsSound;

    /// <summary>Called after a save.</summary>
    public Action? Saved { get; init; }

    /// <summary>Called before each rename that a save makes; tests end the process there.</summary>
    internal Action<string>? BeforeMove { get; init; }

    private string Root => Path.Combine(folder, CheckpointLayout.Checkpoints);

    private string Last => CheckpointLayout.Last(folder);

    private string LastGood => CheckpointLayout.LastGood(folder);

    /// <summary>Called by a save in the background before it reads what it saves; tests hold it up there.</summary>
    internal Action? BeforeRead { get; init; }

    /// <summary>
    /// Saves a session; the newest checkpoint before becomes <c>last-good</c>. Nothing is changed where that fails.
    /// </summary>
    /// <exception cref="FileWriteException">A file cannot be written, or the disk is full.</exception>
    public void Save(TrainingSession session)
    {
        using var snapshot = CheckpointSnapshot.Of(session);
        WriteAndPublish(snapshot, valuesRead: null);
    }

    /// <summary>
    /// Begins to save a session while it goes on: to the same bytes, by the same moves. One at a time. The weights must
    /// not change before <see cref="BackgroundSave.WaitUntilRead"/> has returned.
    /// </summary>
    /// <param name="session">The session.</param>
    /// <returns>The save; null where this has to be done at once, by <see cref="Save"/>.</returns>
    public BackgroundSave? Begin(TrainingSession session) =>
        CheckpointSnapshot.Hold(session) is not { } snapshot ? null : BackgroundSave.Start(session.Step, valuesRead =>
        {
            using (snapshot)
            {
                BeforeRead?.Invoke();
                WriteAndPublish(snapshot, valuesRead);
            }
        });

    private void WriteAndPublish(CheckpointSnapshot snapshot, Action? valuesRead)
    {
        var temporary = Path.Combine(Root, "next" + DurableFile.TemporarySuffix);
        try
        {
            Delete(temporary);
            Directory.CreateDirectory(temporary);
            snapshot.Write(temporary, valuesRead);
            DurableFile.FlushFolder(temporary);
        }
        catch (Exception e)
        {
            DeleteQuietly(temporary);
            if (e is IOException or UnauthorizedAccessException)
                throw new FileWriteException(temporary, e);
            throw;
        }
        Publish(temporary);
        Saved?.Invoke();
    }

    /// <summary>Puts a session back to where a checkpoint of the same configuration and data left it.</summary>
    /// <param name="session">A session; what it holds does not matter.</param>
    /// <param name="checkpoint">The checkpoint's folder.</param>
    /// <exception cref="ConfigException">The checkpoint belongs to another configuration or to other data.</exception>
    /// <exception cref="SerializationException">A file is missing or damaged.</exception>
    /// <exception cref="AmcEngine.Model.ModelException">A number is not finite.</exception>
    public static void Restore(TrainingSession session, string checkpoint)
    {
        var state = CheckpointState.Load(Path.Combine(checkpoint, CheckpointLayout.State));
        state.RequireSame(session.Config, checkpoint);
        if (state.Data is { } then && session.Data is { } now)
            then.RequireSame(now, checkpoint);
        var weights = CheckpointLayout.WeightsIn(checkpoint);
        using (var model = TensorFile.Open(weights))
        {
            var report = StateDict.Load(session.Model, model.Tensors);
            if (report.Missing.Count > 0)
                throw new SerializationException(
                    $"{weights}: {report}; the checkpoint is incomplete, resume from another one");
        }
        using var moments = SafetensorsReader.Open(Path.Combine(checkpoint, CheckpointLayout.Moments));
        var check = new FiniteLoad();
        foreach ((var parameter, var first, var second) in session.Optimizer.State)
        {
            check.Load(first, moments[CheckpointLayout.FirstMoment + parameter.Name]);
            check.Load(second, moments[CheckpointLayout.SecondMoment + parameter.Name]);
        }
        check.RequireFinite();
        if (state.CopiesAhead)
            session.Model.Average?.SetApplied();
        session.Optimizer.StepCount = state.OptimizerSteps;
        session.Step = state.Step;
        session.StopAfter = state.StopAfter;
    }

    // What goes away is renamed first, so that neither name is ever that of half a checkpoint. Between the moves "last"
    // is not there, but "last-good" is: the newest of those before.
    private void Publish(string temporary)
    {
        var dropped = Path.Combine(Root, "dropped" + DurableFile.TemporarySuffix);
        Delete(dropped);
        var keep = _lastIsSound && Directory.Exists(Last);
        var goes = keep ? LastGood : Last;
        if (Directory.Exists(goes))
            Move(goes, dropped);
        if (keep)
            Move(Last, LastGood);
        Move(temporary, Last);
        DurableFile.FlushFolder(Root);
        DurableFile.FlushFolder(folder);
        _lastIsSound = true;
        DeleteQuietly(dropped);
    }

    private void Move(string from, string to)
    {
        BeforeMove?.Invoke(from);
        Directory.Move(from, to);
    }

    private static void Delete(string directory)
    {
        if (Directory.Exists(directory))
            Directory.Delete(directory, recursive: true);
    }

    private static void DeleteQuietly(string directory)
    {
        try
        {
            Delete(directory);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // The checkpoints are as they should be; what is left over goes with the next save.
        }
    }
}
