using AmcEngine.Amc.Configuration;
using AmcEngine.Amc.Evaluation.Cache;
using AmcEngine.Amc.Runs;
using AmcEngine.Model;
using AmcEngine.Model.Checkpoints;
using AmcEngine.Model.Tokenization;
using AmcEngine.Serialization;

namespace AmcEngine.Amc.Training;

/// <summary>
/// A checkpoint to use a model from: a folder of ours, safetensors in one file or several, or a PyTorch checkpoint.
/// </summary>
internal sealed class CheckpointFile
{
    private string? _digest;

    private CheckpointFile(string path, string? folder, string? key) => (Path, Folder, Key) = (path, folder, key);

    /// <summary>The file with the weights.</summary>
    public string Path { get; }

    /// <summary>The checkpoint's folder where it is one of ours.</summary>
    private string? Folder { get; }

    /// <summary>The key that was asked for.</summary>
    private string? Key { get; }

    /// <summary>Finds a checkpoint; its tensors are read by <see cref="LoadInto"/>.</summary>
    /// <param name="path">A run's folder, a checkpoint's folder, a file, or the index of several.</param>
    /// <param name="key">
    /// Under which key of a file that holds several sets of weights to look; null for the usual one.
    /// </param>
    /// <exception cref="ConfigException">There is none.</exception>
    public static CheckpointFile Find(string path, string? key = null)
    {
        if (!File.Exists(path))
        {
            var folder = CheckpointLayout.Find(path);
            return new CheckpointFile(
                CheckpointLayout.WeightsIn(folder), CheckpointLayout.IsCheckpoint(folder) ? folder : null, key);
        }
        var beside = System.IO.Path.GetDirectoryName(System.IO.Path.GetFullPath(path))!;
        var ours = CheckpointLayout.IsWeights(path) && CheckpointLayout.IsCheckpoint(beside);
        return new CheckpointFile(path, ours ? beside : null, key);
    }

    /// <summary>The configuration that the checkpoint was trained with, or null where it carries none.</summary>
    public RunConfig? Config()
    {
        if (Folder is null)
            return null;
        var path = System.IO.Path.Combine(Folder, CheckpointLayout.State);
        return RunConfig.Restore(path, CheckpointState.Load(path).Config);
    }

    /// <summary>The tokenizer that the checkpoint carries, or null.</summary>
    public ITokenizer? Tokenizer() =>
        Folder is null ? null : TokenizerFiles.Load(Folder);

    /// <summary>Loads the weights. What is missing is for the caller to judge.</summary>
    /// <exception cref="SerializationException">The file is damaged, or no checkpoint.</exception>
    /// <exception cref="ModelException">The weights do not fit the model, or are not finite.</exception>
    public LoadReport LoadInto(IVisionLanguageModel model) => Read(
        file => StateDict.Load(model, file.Tensors, file.Skipped) with { Key = file.Key, OtherKeys = file.OtherKeys });

    /// <summary>
    /// SHA-256 of all files that decide on the weights, which are read whole when it is first asked for.
    /// </summary>
    /// <exception cref="SerializationException">The file cannot be opened, or is no checkpoint.</exception>
    public string Digest => _digest ??= RunMark.OfFiles(TensorFile.FilesOf(Path));

    /// <summary>All tensors, in memory.</summary>
    /// <exception cref="SerializationException">The file is damaged, or no checkpoint.</exception>
    public IReadOnlyList<TensorData> ReadAll() => Read(file => file.Tensors.Select(t => t.ToMemory()).ToList());

    /// <summary>Hands the file to <paramref name="use"/>, while its tensors can be read.</summary>
    /// <exception cref="SerializationException">The file is damaged, or no checkpoint.</exception>
    public T Read<T>(Func<TensorFile, T> use)
    {
        using var file = TensorFile.Open(Path, Key);
        if (file.Tensors.Count > 0 && file.Tensors.All(IsMoment))
            throw new SerializationException($"{Path}: holds the moments of the optimizer, not a model; "
                + $"give {CheckpointLayout.Model} beside it, or the folder of the run");
        return use(file);
    }

    private static bool IsMoment(TensorData tensor) =>
        tensor.Name.StartsWith(CheckpointLayout.FirstMoment, StringComparison.Ordinal)
            || tensor.Name.StartsWith(CheckpointLayout.SecondMoment, StringComparison.Ordinal);
}
