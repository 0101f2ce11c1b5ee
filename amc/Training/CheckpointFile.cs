using AmcEngine.Amc.Configuration;
using AmcEngine.Model;
using AmcEngine.Model.Checkpoints;
using AmcEngine.Model.Tokenization;
using AmcEngine.Serialization;

namespace AmcEngine.Amc.Training;

/// <summary>A checkpoint to use a model from: a folder of ours, a safetensors file, or a PyTorch checkpoint.</summary>
internal sealed class CheckpointFile
{
    private CheckpointFile(string path, string? folder) => (Path, Folder) = (path, folder);

    /// <summary>The file with the weights.</summary>
    public string Path { get; }

    /// <summary>The checkpoint's folder where it is one of ours.</summary>
    private string? Folder { get; }

    /// <summary>Finds a checkpoint; its tensors are read by <see cref="LoadInto"/>.</summary>
    /// <param name="path">A run's folder, a checkpoint's folder, or a file.</param>
    /// <exception cref="ConfigException">There is none.</exception>
    public static CheckpointFile Find(string path)
    {
        if (!File.Exists(path))
        {
            string folder = CheckpointLayout.Find(path);
            return new CheckpointFile(System.IO.Path.Combine(folder, CheckpointLayout.Model), folder);
        }
        string beside = System.IO.Path.GetDirectoryName(System.IO.Path.GetFullPath(path))!;
        bool ours = System.IO.Path.GetFileName(path) == CheckpointLayout.Model && File.Exists(System.IO.Path.Combine(beside, CheckpointLayout.State));
        return new CheckpointFile(path, ours ? beside : null);
    }

    /// <summary>The configuration that the checkpoint was trained with, or null where it carries none.</summary>
    public RunConfig? Config()
    {
        if (Folder is null)
            return null;
        string path = System.IO.Path.Combine(Folder, CheckpointLayout.State);
        return RunConfig.Restore(path, CheckpointState.Load(path).Config);
    }

    /// <summary>The tokenizer that the checkpoint carries, or null.</summary>
    public WordPieceTokenizer? Tokenizer() =>
        Folder is null ? null : WordPieceTokenizer.FromVocabFile(System.IO.Path.Combine(Folder, CheckpointLayout.Vocabulary));

    /// <summary>Loads the weights.</summary>
    /// <exception cref="SerializationException">The file is damaged, or no checkpoint.</exception>
    /// <exception cref="ModelException">The weights do not fit the model.</exception>
    public LoadReport LoadInto(Albef model) => Read(tensors => StateDict.Load(model, tensors));

    /// <summary>All tensors, in memory.</summary>
    /// <exception cref="SerializationException">The file is damaged, or no checkpoint.</exception>
    public IReadOnlyList<TensorData> ReadAll() => Read(tensors => tensors.Select(t => t.ToMemory()).ToList());

    /// <summary>Hands the tensors, which are read when used, to <paramref name="use"/> while the file is open.</summary>
    /// <exception cref="SerializationException">The file is damaged, or no checkpoint.</exception>
    public T Read<T>(Func<IReadOnlyList<TensorData>, T> use)
    {
        if (System.IO.Path.GetExtension(Path) == ".safetensors")
        {
            using SafetensorsReader reader = SafetensorsReader.Open(Path);
            return use(reader.Tensors);
        }
        using TorchCheckpoint torch = TorchCheckpoint.Load(Path);
        return use(torch.Tensors);
    }
}
