using System.Buffers.Binary;
using Microsoft.Win32.SafeHandles;

namespace AmcEngine.Serialization;

/// <summary>
/// A PyTorch checkpoint (<c>.pth</c>, <c>.pt</c>, <c>.bin</c>) in the zip form or the legacy form of
/// <c>torch.save</c>. Reading runs nothing from the file: it knows the few names that build tensors and refuses all
/// others. Tensors are read when asked for, while the checkpoint is open.
/// </summary>
/// <remarks>
/// <see cref="Root"/> is made of <c>null</c>, <see cref="bool"/>, <see cref="long"/> (<c>BigInteger</c> beyond 64 bits),
/// <see cref="double"/>, <see cref="string"/> (also for devices and dtypes: <c>"cuda:0"</c>, <c>"torch.float32"</c>),
/// <c>byte[]</c>, tuple = <c>object?[]</c>, list and set = <c>List&lt;object?&gt;</c>,
/// dict = <c>OrderedDictionary&lt;object, object?&gt;</c> with keys of text or numbers, and <see cref="TensorData"/>.
/// A file may make the graph contain itself: bound the depth when walking it. Layout: specification 8.
/// </remarks>
public sealed class TorchCheckpoint : IDisposable
{
    private static readonly string[] StateKeys = ["model", "state_dict"];

    private readonly SafeFileHandle _handle;
    private IReadOnlyList<TensorData>? _tensors;

    private TorchCheckpoint(SafeFileHandle handle, string path, object? root)
    {
        (_handle, Path, Root) = (handle, path, root);
    }

    /// <summary>The file.</summary>
    public string Path { get; }

    /// <summary>The saved object; see the remarks for what it is made of.</summary>
    public object? Root { get; }

    /// <summary>
    /// The state dict in its saved order: what lies under <c>model</c>, else under <c>state_dict</c>, else the root
    /// itself. Entries that are no tensors are left out; tied tensors appear under each of their names.
    /// </summary>
    /// <exception cref="SerializationException">The checkpoint holds no state dict.</exception>
    public IReadOnlyList<TensorData> Tensors => _tensors ??= FindTensors();

    /// <summary>Opens a checkpoint and reads its structure.</summary>
    /// <exception cref="SerializationException">
    /// The file cannot be opened, is no checkpoint, is damaged, or asks for code to be run; the message says which.
    /// </exception>
    public static TorchCheckpoint Load(string path)
    {
        ArgumentNullException.ThrowIfNull(path);
        var file = FileSource.Open(path, out var handle);
        try
        {
            if (file.Length < 4) throw SerializationException.In(
                path, null, $"has only {file.Length} bytes", "the file is cut off: fetch it again");
            uint start = BinaryPrimitives.ReadUInt32LittleEndian(file.ReadArray(0, 4));
            object? root = (start, start & 0xff) switch
            {
                (0x04034b50, _) => TorchZipReader.Read(file),
                (_, 0x80) => TorchLegacyReader.Read(file),
                _ => throw SerializationException.In(
                    path, null, "is neither form of a PyTorch checkpoint", "give a file that torch.save wrote, or safetensors"),
            };
            return new TorchCheckpoint(handle, path, root);
        }
        catch
        {
            handle.Dispose();
            throw;
        }
    }

    /// <summary>
    /// Follows a path through dicts (keys: text or whole numbers) and lists or tuples (positions), for example
    /// <c>Find("optimizer", "state", 0, "exp_avg")</c>.
    /// </summary>
    /// <returns>What lies there, or <c>null</c> where the path leads nowhere (or to a saved <c>None</c>).</returns>
    public object? Find(params ReadOnlySpan<object> path)
    {
        object? here = Root;
        foreach (object step in path)
        {
            object key = step is int number ? (long)number : step;
            here = here switch
            {
                OrderedDictionary<object, object?> dictionary => dictionary.GetValueOrDefault(key),
                IReadOnlyList<object?> list when key is long index && index >= 0 && index < list.Count => list[(int)index],
                _ => null,
            };
        }
        return here;
    }

    /// <summary>Closes the file. Tensors not read before cannot be read any more.</summary>
    public void Dispose() => _handle.Dispose();

    private IReadOnlyList<TensorData> FindTensors()
    {
        if (Root is not OrderedDictionary<object, object?> root) throw SerializationException.In(
            Path, null, "holds no dict", "save the weights: torch.save({'model': model.state_dict()}, path)");
        var state = StateKeys.Select(key => root.GetValueOrDefault(key))
            .OfType<OrderedDictionary<object, object?>>().FirstOrDefault(root);
        TensorData[] tensors = [.. state
            .Where(pair => pair is { Key: string, Value: TensorData })
            .Select(pair => ((TensorData)pair.Value!).WithName((string)pair.Key))];
        if (tensors.Length == 0) throw SerializationException.In(
            Path, null,
            $"holds no tensors under 'model', 'state_dict' or the root (keys: {SerializationException.Quote(string.Join(", ", root.Keys.Take(8)))})",
            "save the weights: torch.save({'model': model.state_dict()}, path)");
        return tensors;
    }
}
