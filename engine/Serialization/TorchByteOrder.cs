namespace AmcEngine.Serialization;

/// <summary>Checkpoints from big-endian machines: turns the bytes of every element round.</summary>
internal static class TorchByteOrder
{
    /// <summary>The storage as little-endian; itself where <paramref name="swapped"/> is false.</summary>
    /// <exception cref="SerializationException">
    /// The element size is unknown, or the storage has more than 2 GiB.
    /// </exception>
    public static TorchStorageView Apply(string path, TorchStorageView view, bool swapped)
    {
        if (!swapped || view.Class.Unsupported is not null) return view;
        var storage = view.Storage;
        if (view.Type is not { } type || storage.Length > Array.MaxLength) throw SerializationException.In(
            path, $"storage {storage.Key}", "is big-endian, and untyped or above 2 GiB",
            "save the checkpoint again on a little-endian machine");
        var little = new TorchStorage(storage.Key, storage.Length);
        little.Bind(new LazySource(storage.Length, () => Swap(storage, type.Size())), 0);
        return view with { Storage = little };
    }

    private static byte[] Swap(TorchStorage storage, int size)
    {
        var bytes = storage.ReadArray(0, (int)storage.Length);
        for (var at = 0; at < bytes.Length; at += size) Array.Reverse(bytes, at, size);
        return bytes;
    }
}
