using AmcEngine.Amc.Configuration;
using AmcEngine.Amc.Runs;
using AmcEngine.Backends.Cpu;
using AmcEngine.Files;
using AmcEngine.Memory;
using AmcEngine.Model.Checkpoints;
using AmcEngine.Model.Modules;
using AmcEngine.Model.Tokenization;
using AmcEngine.Optim;
using AmcEngine.Serialization;
using AmcEngine.Tensors;

namespace AmcEngine.Amc.Training;

/// <summary>What a checkpoint holds: a session at one step.</summary>
internal sealed class CheckpointSnapshot : IDisposable
{
    private readonly List<HostCopy> _copies = [];
    private readonly IReadOnlyList<TensorData> _model;
    private readonly GatheredMoments? _gathered;
    private readonly TensorData[] _moments;
    private readonly CheckpointState _state;
    private readonly ITokenizer _tokenizer;
    private readonly FirstMaps? _firstMaps;

    private CheckpointSnapshot(TrainingSession session, Func<CheckpointSnapshot, Tensor, bool, string, TensorData> take)
    {
        _model = StateDict.Export(session.Model, p => take(this, p.Value, ChangesInForward(p), p.Name));
        _gathered = session.Optimizer.IsSharded ? session.Optimizer.GatherMoments() : null;
        _moments = _gathered is not null ? Moments(session.Optimizer, _gathered) :
        [
            .. session.Optimizer.State.SelectMany(s => new[]
            {
                take(this, s.ExpAvg, false, CheckpointLayout.FirstMoment + s.Parameter.Name),
                take(this, s.ExpAvgSq, false, CheckpointLayout.SecondMoment + s.Parameter.Name),
            }),
        ];
        _state = new CheckpointState(
            session.Step, session.Optimizer.StepCount, session.Random.Seed, ConfigPaths.Full(session.Config.Flatten()))
        {
            Data = session.Data,
            StopAfter = session.StopAfter > session.Step ? session.StopAfter : null,
            CopiesAhead = session.Model.Average is { IsPending: false },
        };
        (_tokenizer, _firstMaps) = (session.Tokenizer, session.FirstMaps);
    }

    /// <summary>
    /// The session as it is; its tensors are read when the snapshot is written. Where the optimizer's state is shared
    /// out, the other ranks are to be in <see cref="AdamW.ServeMoments"/> until the snapshot is disposed of.
    /// </summary>
    public static CheckpointSnapshot Of(TrainingSession session) =>
        new(session, (_, tensor, _, name) => TensorValues.ToData(tensor, name));

    /// <summary>
    /// The session as it is, to be written while it takes its next step. On the processor that step may not change the
    /// weights before they have been read, and what its forward pass changes is copied. Other devices serve one thread:
    /// all is copied from them.
    /// </summary>
    /// <returns>
    /// The snapshot; null where the momentum copies have yet to move, which the forward pass does, where the memory for
    /// the copies is not there, or where other ranks hold a part of it.
    /// </returns>
    public static CheckpointSnapshot? Hold(TrainingSession session)
    {
        if (session.Optimizer.IsSharded)
            return null;
        if (session.Model.Backend is not CpuBackend)
            return HasMemoryFor(session) ? new(session, (s, t, _, name) => s.Copied(t, name)) : null;
        return session.Model.Average is { IsPending: true }
            ? null
            : new(session, (s, t, changes, name) => changes ? s.Copied(t, name) : Unchanged(t, name));
    }

    /// <summary>Writes the checkpoint's files into an empty folder and flushes them to the disk.</summary>
    /// <param name="folder">The folder.</param>
    /// <param name="valuesRead">Called when the session's tensors have been read.</param>
    /// <exception cref="FileWriteException">A file cannot be written, or the disk is full.</exception>
    public void Write(string folder, Action? valuesRead)
    {
        using (var files = new StagedFiles())
        {
            SafetensorsWriter.StageOnce(files, Path.Combine(folder, CheckpointLayout.Model), _model);
            SafetensorsWriter.Stage(files, Path.Combine(folder, CheckpointLayout.Moments), _moments);
            valuesRead?.Invoke();
            files.Publish();
        }
        _tokenizer.Save(folder);
        _firstMaps?.Save(Path.Combine(folder, CheckpointLayout.FirstMaps));
        _state.Save(Path.Combine(folder, CheckpointLayout.State));
    }

    /// <summary>Gives the memory of copies back, and lets ranks go that serve their moments.</summary>
    public void Dispose()
    {
        _gathered?.Dispose();
        foreach (var copy in _copies)
            copy.Dispose();
        _copies.Clear();
    }

    // Queues take in the batch, and a temperature is clamped. The momentum copies have moved with the weights.
    private static bool ChangesInForward(Parameter parameter) =>
        parameter.Kind != ParameterKind.Weight || parameter.Shape.Rank == 0;

    // They come from the ranks that have them when they are written, which is in this order.
    private static TensorData[] Moments(AdamW optimizer, GatheredMoments gathered)
    {
        return
        [
            .. optimizer.Parameters.SelectMany((p, i) => new[]
            {
                Of(p, CheckpointLayout.FirstMoment, 2 * i), Of(p, CheckpointLayout.SecondMoment, (2 * i) + 1),
            }),
        ];

        TensorData Of(Tensor parameter, string kind, int number)
        {
            var (name, form) = (kind + parameter.Name, TensorValues.ToData(parameter, kind));
            return TensorData.From(name, form.Type, form.Shape,
                (offset, target) => TensorValues.ToData(gathered[number], name).Read(offset, target));
        }
    }

    private TensorData Copied(Tensor tensor, string name)
    {
        _copies.Add(new HostCopy(tensor));
        return _copies[^1].ToData(name);
    }

    // A change that slipped through must not be published.
    private static TensorData Unchanged(Tensor tensor, string name)
    {
        var version = tensor.Version;
        var data = TensorValues.ToData(tensor, name);
        return TensorData.From(name, data.Type, data.Shape, (offset, target) =>
        {
            data.Read(offset, target);
            if (tensor.Version != version)
                throw new InvalidOperationException($"{name} has changed while it was being saved");
        });
    }

    private static bool HasMemoryFor(TrainingSession session)
    {
        var elements = session.Model.StateEntries.Where(e => !e.IsAlias).Sum(e => (long)e.Parameter.Shape.Count)
            + (2 * session.Optimizer.State.Sum(s => (long)s.Parameter.Count));
        // Half of what is free: others grow as well. Where nobody knows how much that is, nothing is held.
        return elements * session.Model.DType.Size() <= AvailableMemory.Bytes() / 2;
    }
}
