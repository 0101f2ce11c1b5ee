using AmcEngine.Files;

namespace AmcEngine.Serialization;

/// <summary>
/// Writes PyTorch checkpoints (<c>.pth</c>) in the zip form: what <c>torch.load(path, weights_only=True)</c> reads as
/// an <c>OrderedDict</c> of tensors on the processor. Tied tensors share a storage; every storage begins at a multiple
/// of 64 bytes; beyond 4 GiB the archive is zip64. The values pass through 1 MiB, wherever they come from.
/// </summary>
public static class TorchWriter
{
    private const string Archive = "archive";

    /// <summary>Writes a file that is there whole or not at all.</summary>
    /// <param name="path">The file to create or replace; its folder must exist.</param>
    /// <param name="tensors">The state dict in its order; names must differ.</param>
    /// <param name="key">
    /// The key under which it lies in a dict of its own (<c>model</c>); null leaves it at the top.
    /// </param>
    /// <exception cref="SerializationException">A name is unusable or double, or a source cannot be read.</exception>
    /// <exception cref="FileWriteException">The file cannot be written.</exception>
    public static void Write(string path, IEnumerable<TensorData> tensors, string? key)
    {
        ArgumentNullException.ThrowIfNull(path);
        ArgumentNullException.ThrowIfNull(tensors);
        TensorData[] list = [.. tensors];
        SafetensorsWriter.CheckNames(path, list);
        DurableFile.Write(path, stream => Write(new ZipWriter(stream), list, key));
    }

    /// <summary>Writes the archive.</summary>
    internal static void Write(ZipWriter zip, TensorData[] tensors, string? key)
    {
        var (stored, tied) = TiedNames.Split(tensors);
        var storages = new Dictionary<string, int>(StringComparer.Ordinal);
        foreach (var tensor in stored) storages.Add(tensor.Name, storages.Count);
        foreach (var (name, storedAs, _) in tied) storages.Add(name, storages[storedAs]);
        zip.Add($"{Archive}/data.pkl",
            TorchPickleWriter.Write(tensors, [.. tensors.Select(t => storages[t.Name])], key));
        zip.Add($"{Archive}/byteorder", "little"u8.ToArray());
        for (var i = 0; i < stored.Length; i++)
        {
            var tensor = stored[i];
            zip.Add($"{Archive}/data/{i}", tensor.ByteLength, write => TensorStream.Copy(tensor, write));
        }
        zip.Add($"{Archive}/version", "3\n"u8.ToArray());
        zip.Finish();
    }
}
