using AmcEngine.Files.Pickle;

namespace AmcEngine.Serialization;

/// <summary>A run of bytes that may still lie in a file. Reading is thread-safe.</summary>
internal abstract class TensorSource : IByteRange
{
    /// <summary>Bytes available.</summary>
    public abstract long Length { get; }

    /// <summary>
    /// Fills <paramref name="destination"/> from byte <paramref name="offset"/> on; the range lies inside.
    /// </summary>
    public abstract void Read(long offset, Span<byte> destination);

    /// <summary>The bytes without a copy, where they are in memory already.</summary>
    public virtual ReadOnlyMemory<byte>? TryGetMemory(long offset, int length) => null;

    /// <summary>Reads a range into a new array.</summary>
    public byte[] ReadArray(long offset, int length)
    {
        var bytes = GC.AllocateUninitializedArray<byte>(length);
        Read(offset, bytes);
        return bytes;
    }
}

/// <summary>Bytes in memory.</summary>
internal sealed class MemorySource(ReadOnlyMemory<byte> memory) : TensorSource
{
    public override long Length => memory.Length;

    public override void Read(long offset, Span<byte> destination) =>
        memory.Span.Slice((int)offset, destination.Length).CopyTo(destination);

    public override ReadOnlyMemory<byte>? TryGetMemory(long offset, int length) => memory.Slice((int)offset, length);
}

/// <summary>
/// Bytes that must be computed as a whole (inflated, gathered from strides, byte-swapped): made on first use, then
/// kept.
/// </summary>
internal sealed class LazySource(long length, Func<byte[]> make) : TensorSource
{
    private readonly Lazy<byte[]> _bytes = new(make);

    public override long Length => length;

    public override void Read(long offset, Span<byte> destination) =>
        _bytes.Value.AsSpan((int)offset, destination.Length).CopyTo(destination);

    public override ReadOnlyMemory<byte>? TryGetMemory(long offset, int length) =>
        _bytes.Value.AsMemory((int)offset, length);
}

/// <summary>Tensors one behind the other.</summary>
internal sealed class ConcatenatedSource(IReadOnlyList<TensorData> parts) : TensorSource
{
    public override long Length { get; } = parts.Sum(p => p.ByteLength);

    public override void Read(long offset, Span<byte> destination)
    {
        foreach (var part in parts)
        {
            if (destination.IsEmpty) return;
            if (offset < part.ByteLength)
            {
                var length = (int)Math.Min(part.ByteLength - offset, destination.Length);
                part.Read(offset, destination[..length]);
                destination = destination[length..];
                offset = part.ByteLength;
            }
            offset -= part.ByteLength;
        }
    }
}

/// <summary>Bytes that are had in whole elements only.</summary>
internal abstract class ElementSource(int size) : TensorSource
{
    public sealed override void Read(long offset, Span<byte> destination)
    {
        var before = (int)(offset % size);
        if (before == 0 && destination.Length % size == 0)
        {
            ReadElements(offset, destination);
            return;
        }
        // Nobody reads parts of elements in bulk; those around the range are read whole.
        var around = new byte[(before + destination.Length + size - 1) / size * size];
        ReadElements(offset - before, around);
        around.AsSpan(before, destination.Length).CopyTo(destination);
    }

    /// <summary>Like <see cref="Read"/>; offset and length are multiples of the element size.</summary>
    protected abstract void ReadElements(long offset, Span<byte> destination);
}

/// <summary>Elements that something else holds and hands over part by part.</summary>
internal sealed class CallbackSource(long length, int size, Action<long, Span<byte>> read) : ElementSource(size)
{
    public override long Length => length;

    protected override void ReadElements(long offset, Span<byte> destination) => read(offset, destination);
}
