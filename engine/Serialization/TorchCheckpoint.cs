using Microsoft.Win32.SafeHandles;

namespace AmcEngine.Serialization;

/// <summary>
/// A PyTorch checkpoint (<c>.pth</c>, <c>.pt</c>, <c>.bin</c>) in the zip form or the legacy form of
/// <c>torch.save</c>. Reading runs nothing from the file: it knows the few names that build tensors, and all others
/// stand for <see cref="OpaqueObject"/>s. Tensors are read when asked for, while the checkpoint is open.
/// </summary>
/// <remarks>
/// <see cref="Root"/> is made of <c>null</c>, <see cref="bool"/>, <see cref="long"/> (<c>BigInteger</c> beyond 64
/// bits), <see cref="double"/>, <see cref="string"/> (also for devices and dtypes: <c>"cuda:0"</c>,
/// <c>"torch.float32"</c>), <c>byte[]</c>, tuple = <c>object?[]</c>, list and set = <c>List&lt;object?&gt;</c>, dict =
/// <c>OrderedDictionary&lt;object, object?&gt;</c> (entries whose keys are neither text nor numbers are left out),
/// <see cref="TensorData"/>, and <see cref="OpaqueObject"/> for everything else. A file may make the graph contain
/// itself: bound the depth when walking it. Layout: specification 8.
/// </remarks>
public sealed class TorchCheckpoint : IDisposable
{
    private readonly SafeFileHandle _handle;

    private TorchCheckpoint(SafeFileHandle handle, string path, object? root)
    {
        (_handle, Path, Root) = (handle, path, root);
    }

    /// <summary>The file.</summary>
    public string Path { get; }

    /// <summary>The saved object; see the remarks for what it is made of.</summary>
    public object? Root { get; }

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
            var root = FileForms.Tell(file) switch
            {
                FileForm.Zip => TorchZipReader.Read(file),
                FileForm.Pickle => TorchLegacyReader.Read(file),
                FileForm.Safetensors or FileForm.Index => throw SerializationException.In(
                    path, null, "is a safetensors file, not a PyTorch checkpoint", "open it as one"),
                _ => throw FileForms.Unrecognised(path),
            };
            if (root is OpaqueObject opaque) throw opaque.Refuse(path, null);
            return new TorchCheckpoint(handle, path, root);
        }
        catch
        {
            handle.Dispose();
            throw;
        }
    }

    /// <summary>Closes the file. Tensors not read before cannot be read any more.</summary>
    public void Dispose() => _handle.Dispose();

    /// <summary>
    /// The state dict under a key, in its saved order; null finds the usual one (<c>model</c>, <c>state_dict</c> and
    /// the like, else the root itself). Entries that are no tensors are skipped; tied tensors appear under each of
    /// their names.
    /// </summary>
    /// <exception cref="SerializationException">There is none.</exception>
    public TorchState StateUnder(string? key) => new TorchStateFinder(Path, Root).Find(key);
}
