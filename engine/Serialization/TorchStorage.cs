namespace AmcEngine.Serialization;

/// <summary>
/// A storage of a checkpoint: raw bytes that several tensors may share. The legacy format names storages long before
/// their bytes, so the place is filled in later.
/// </summary>
internal sealed class TorchStorage(string key, long length) : TensorSource
{
    private TensorSource? _source;
    private long _start;

    public string Key { get; } = key;

    public override long Length { get; } = length;

    public bool IsBound => _source is not null;

    public void Bind(TensorSource source, long start) => (_source, _start) = (source, start);

    public override void Read(long offset, Span<byte> destination) => Bound().Read(_start + offset, destination);

    public override ReadOnlyMemory<byte>? TryGetMemory(long offset, int length) =>
        Bound().TryGetMemory(_start + offset, length);

    private TensorSource Bound() =>
        _source ?? throw new InvalidOperationException($"storage {Key} was used before the checkpoint was complete");
}

/// <summary>A storage as a pickle mentions it: with the element type under which it is seen there.</summary>
/// <param name="Storage">The shared bytes.</param>
/// <param name="Class">The class under which the pickle mentions it.</param>
internal sealed record TorchStorageView(TorchStorage Storage, TorchStorageClass Class)
{
    /// <summary>Element type; <c>null</c> for an untyped storage, where the tensor states it.</summary>
    public TensorDataType? Type => Class.Type;
}

/// <summary>A storage class named by a pickle, such as <c>torch.FloatStorage</c>.</summary>
/// <param name="Name">Its Python name.</param>
/// <param name="Type">Element type; <c>null</c> where it is untyped or not supported.</param>
/// <param name="ElementSize">Bytes an element, 0 where that is not known.</param>
/// <param name="Unsupported">What tensors of it are called where they cannot be read: complex, quantised.</param>
internal sealed record TorchStorageClass(string Name, TensorDataType? Type, int ElementSize, string? Unsupported = null)
{
    /// <summary>The class under its Python name.</summary>
    public override string ToString() => Name;
}
