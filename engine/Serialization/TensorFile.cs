namespace AmcEngine.Serialization;

/// <summary>An entry of a state dict that is no plain tensor and was left out.</summary>
/// <param name="Name">Its name.</param>
/// <param name="What">What it is, as in "a sparse tensor".</param>
public sealed record SkippedEntry(string Name, string What);

/// <summary>
/// The tensors of a file of weights in any of its forms: safetensors, the index of several such files, or a PyTorch
/// checkpoint as zip or legacy pickle. The bytes tell the form; the file's name does not matter. Tensors are read when
/// asked for, while the file is open.
/// </summary>
public sealed class TensorFile : IDisposable
{
    private readonly IDisposable _reader;

    private TensorFile(IDisposable reader, TorchState state)
    {
        (_reader, State) = (reader, state);
    }

    /// <summary>The tensors by name, in the order of the file.</summary>
    public IReadOnlyList<TensorData> Tensors => State.Tensors;

    /// <summary>Entries beside them that are no plain tensors.</summary>
    public IReadOnlyList<SkippedEntry> Skipped => State.Skipped;

    /// <summary>The key of the checkpoint under which the tensors lie; null where they lie at the top.</summary>
    public string? Key => State.Key;

    /// <summary>
    /// Other keys of the checkpoint under which as many tensors lie; empty where the caller chose the key.
    /// </summary>
    public IReadOnlyList<string> OtherKeys => State.OtherKeys;

    private TorchState State { get; }

    /// <summary>Opens a file.</summary>
    /// <param name="path">The file.</param>
    /// <param name="key">Under which key of a checkpoint to look; null finds the usual ones.</param>
    /// <exception cref="SerializationException">
    /// It cannot be opened, is damaged or no file of weights, or has no such key.
    /// </exception>
    public static TensorFile Open(string path, string? key = null)
    {
        ArgumentNullException.ThrowIfNull(path);
        var form = Tell(path);
        if (form is not (FileForm.Safetensors or FileForm.Index))
        {
            var torch = TorchCheckpoint.Load(path);
            return Wrap(torch, () => torch.StateUnder(key));
        }
        if (key is not null) throw SerializationException.In(
            path, null, $"is a safetensors file, which has no key {SerializationException.Quote(key)} to choose",
            "leave the key out");
        if (form == FileForm.Index)
        {
            var shards = ShardedReader.Open(path);
            return Wrap(shards, () => new TorchState(shards.Tensors, shards.Skipped, null, []));
        }
        var safetensors = SafetensorsReader.Open(path);
        return Wrap(safetensors, () => new TorchState(safetensors.Tensors, safetensors.Skipped, null, []));

        TensorFile Wrap(IDisposable reader, Func<TorchState> state)
        {
            try
            {
                return new TensorFile(reader, state());
            }
            catch
            {
                reader.Dispose();
                throw;
            }
        }
    }

    /// <summary>
    /// The files that hold the tensors: the file itself, and those that it names where it is an index.
    /// </summary>
    /// <exception cref="SerializationException">It cannot be opened, or is no file of weights.</exception>
    public static IReadOnlyList<string> FilesOf(string path) =>
        Tell(path) == FileForm.Index ? [path, .. ShardedReader.FilesOf(path)] : [path];

    /// <summary>Closes the file. Tensors not read before cannot be read any more.</summary>
    public void Dispose() => _reader.Dispose();

    private static FileForm Tell(string path)
    {
        var file = FileSource.Open(path, out var handle);
        using (handle) return FileForms.Tell(file);
    }
}
