using AmcEngine.Amc.Configuration;
using AmcEngine.Amc.Runs;
using AmcEngine.Model;
using AmcEngine.Model.Tokenization;
using AmcEngine.Serialization;
using AmcEngine.Tensors;

namespace AmcEngine.Amc.Training;

/// <summary>
/// Where a run goes on: the checkpoint that the user named, or the newest of a run's folder that is whole.
/// </summary>
internal sealed class ResumePoint
{
    private readonly string[] _candidates;
    private readonly Action<string> _warn;
    private int _at;

    private ResumePoint(string[] candidates, Action<string> warn)
    {
        (_candidates, _warn) = (candidates, warn);
        State = FirstSound(c => CheckpointState.Load(Path.Combine(c, CheckpointLayout.State)));
    }

    /// <summary>The checkpoint's folder.</summary>
    public string Folder => _candidates[_at];

    /// <summary>Its state.</summary>
    public CheckpointState State { get; private set; }

    /// <summary>Whether it is the run's newest: then that stays while the next one is written.</summary>
    public bool IsNewest => _at == 0;

    /// <summary>The run's folder, given that or a checkpoint's in it.</summary>
    public static string RunOf(string folder) => CheckpointLayout.IsCheckpoint(folder)
        ? Path.GetDirectoryName(Path.GetDirectoryName(Path.GetFullPath(folder)))!
        : folder;

    /// <summary>Finds the checkpoint.</summary>
    /// <param name="folder">A run's folder or a checkpoint's.</param>
    /// <param name="warn">Told where an older checkpoint takes the place of a damaged one.</param>
    /// <exception cref="ConfigException">There is none.</exception>
    /// <exception cref="SerializationException">None can be read.</exception>
    public static ResumePoint Find(string folder, Action<string> warn)
    {
        if (CheckpointLayout.IsCheckpoint(folder))
            return new ResumePoint([folder], warn);
        string last = CheckpointLayout.Last(folder), good = CheckpointLayout.LastGood(folder);
        if (!Directory.Exists(last) && Directory.Exists(good))
            warn($"{last}: is missing; going on from {good}");
        string[] candidates = [.. new[] { last, good }.Where(Directory.Exists)];
        if (candidates.Length > 0)
            return new ResumePoint(candidates, warn);
        var earlier = Path.Combine(folder, RunFolder.Previous);
        throw new ConfigException(Directory.Exists(earlier)
            ? $"{folder}: holds no checkpoint; the run before it, which it was to replace, "
                + $"goes on by --resume {ShellWord.Quote(earlier)}"
            : $"{folder}: holds no checkpoint (no checkpoints/last/{CheckpointLayout.State}); "
                + "give the folder of a run that has saved one");
    }

    /// <summary>The checkpoint's vocabulary: that of the run, whatever became of the file it was read from.</summary>
    /// <exception cref="SerializationException">No checkpoint's can be read.</exception>
    public ITokenizer Tokenizer() => FirstSound(c => TokenizerFiles.Load(c));

    /// <summary>Where the model looked before the first step; null where the checkpoint does not say.</summary>
    public FirstMaps? FirstMaps()
    {
        try
        {
            return Runs.FirstMaps.Load(Path.Combine(Folder, CheckpointLayout.FirstMaps));
        }
        catch (SerializationException e)
        {
            // Only pictures depend on it.
            _warn(e.Message);
            return null;
        }
    }

    /// <summary>Puts a session back to where the checkpoint left it.</summary>
    /// <exception cref="ConfigException">The run has another configuration or other data.</exception>
    /// <exception cref="SerializationException">No checkpoint is whole.</exception>
    public void Restore(TrainingSession session) => FirstSound(c =>
    {
        CheckpointStore.Restore(session, c);
        return true;
    });

    private T FirstSound<T>(Func<string, T> read)
    {
        while (true)
        {
            try
            {
                return read(Folder);
            }
            catch (Exception e) when (e is SerializationException or ModelException or EngineException
                && _at + 1 < _candidates.Length)
            {
                var damaged = Folder;
                _at++;
                _warn($"{damaged}: damaged ({e.Message.ReplaceLineEndings(" ")}); going on from {Folder}");
            }
        }
    }
}
