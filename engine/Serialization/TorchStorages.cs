using AmcEngine.Files.Pickle;

namespace AmcEngine.Serialization;

/// <summary>The storages that a checkpoint's pickle mentions, one per key however often it is mentioned.</summary>
internal sealed class TorchStorages(PickleInput input)
{
    private readonly Dictionary<string, (TorchStorage Storage, int ElementSize)> _storages =
        new(StringComparer.Ordinal);

    /// <summary>Called once for each new key.</summary>
    public Action<TorchStorage>? Added { get; init; }

    /// <summary>
    /// Resolves <c>('storage', class, key, device, element count[, view])</c>, where the legacy format's view is
    /// <c>None</c> or <c>(key, offset, element count)</c> within the storage.
    /// </summary>
    public TorchStorageView Load(object? id)
    {
        if (id is not object?[] parts || parts is not ["storage", TorchStorageClass type, string key, _, long count, ..]
            || key.Length > PickleReader.MaxKeyLength)
            throw input.Broken("a persistent id that is no storage");
        var size = type.ElementSize;
        if (count < 0 || count > long.MaxValue / Math.Max(size, 1))
            throw input.Broken($"a storage of {count} elements");
        if (!_storages.TryGetValue(key, out var known))
        {
            known = (new TorchStorage(key, count * size), size);
            Added?.Invoke(known.Storage);
            _storages.Add(key, known);
        }
        if (known.Storage.Length != count * size) throw input.Broken(
            $"storage {SerializationException.Quote(key)} has {known.Storage.Length} bytes in one place and "
                + $"{count * size} in another");
        return parts.Length > 5 && parts[5] is object?[] view
            ? View(known.Storage, type, view, size)
            : new TorchStorageView(known.Storage, type);
    }

    /// <summary>The storage of a key and the element size under which it was first mentioned.</summary>
    public (TorchStorage Storage, int ElementSize)? Find(string key) =>
        _storages.TryGetValue(key, out var found) ? found : null;

    /// <summary>A storage that no bytes were found for, if there is one.</summary>
    public TorchStorage? Unbound() => _storages.Values.Select(s => s.Storage).FirstOrDefault(s => !s.IsBound);

    private TorchStorageView View(TorchStorage root, TorchStorageClass type, object?[] view, int size)
    {
        if (view is not [string key, long offset, long count] || offset < 0 || count < 0
            || (Int128)(offset + (Int128)count) * size > root.Length)
            throw input.Broken("a view beyond its storage");
        var part = new TorchStorage(key, count * size);
        part.Bind(root, offset * size);
        return new TorchStorageView(part, type);
    }
}
