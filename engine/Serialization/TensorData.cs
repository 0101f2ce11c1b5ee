using System.Buffers;
using System.Runtime.InteropServices;
using AmcEngine.Files.Pickle;

namespace AmcEngine.Serialization;

/// <summary>
/// A named tensor on the host: type, shape, and row-major little-endian bytes that may still lie in a file. A tensor
/// from a file is read when its values are asked for, so the reader it came from must still be open then.
/// </summary>
public sealed class TensorData : IPickleObject
{
    private const int ChunkBytes = 1 << 18;

    private readonly TensorSource _source;
    private readonly long _start;

    internal TensorData(
        string origin, string name, TensorDataType type, long[] shape, TensorSource source, long start)
    {
        (Origin, Name, Type, Shape, _source, _start) = (origin, name, type, shape, source, start);
        Count = ElementCount(shape) ?? throw new ArgumentOutOfRangeException(nameof(shape), "negative or too large");
        ByteLength = checked(Count * type.Size());
        if (start < 0 || start > source.Length - ByteLength)
            throw new ArgumentOutOfRangeException(nameof(start), "the tensor does not lie within its source");
    }

    /// <summary>
    /// The tensor's name in its file; for a tensor inside a checkpoint's object graph, that of its storage.
    /// </summary>
    public string Name { get; }

    /// <summary>Element type as stored.</summary>
    public TensorDataType Type { get; }

    /// <summary>Extents, outermost first; empty for a scalar.</summary>
    public IReadOnlyList<long> Shape { get; }

    /// <summary>Number of elements: the product of the shape.</summary>
    public long Count { get; }

    /// <summary>Number of bytes: <see cref="Count"/> times the element size.</summary>
    public long ByteLength { get; }

    /// <summary>
    /// Which storage of a PyTorch checkpoint holds the values; <c>null</c> elsewhere. Tensors with equal
    /// <see cref="StorageKey"/> and <see cref="StorageOffset"/> are tied (the same memory in the saved model).
    /// </summary>
    public string? StorageKey { get; internal init; }

    /// <summary>First element within the storage of <see cref="StorageKey"/>.</summary>
    public long StorageOffset { get; internal init; }

    internal string Origin { get; }

    /// <summary>
    /// The row-major bytes. For a tensor in a file <b>every access reads the file again</b>: keep the result, or use
    /// <see cref="Read"/> for large tensors.
    /// </summary>
    /// <exception cref="SerializationException">The tensor has more than 2 GiB, or the file cannot be read.</exception>
    public ReadOnlyMemory<byte> Bytes
    {
        get
        {
            var length = ArrayLength(ByteLength);
            return _source.TryGetMemory(_start, length) ?? _source.ReadArray(_start, length);
        }
    }

    /// <summary>Wraps an array, which is not copied: do not change it before the tensor has been written.</summary>
    /// <exception cref="ArgumentException">The shape does not have as many elements as the array.</exception>
    public static TensorData From(string name, IReadOnlyList<long> shape, float[] values) =>
        Wrap(name, TensorDataType.F32, shape, values);

    /// <inheritdoc cref="From(string, IReadOnlyList{long}, float[])"/>
    public static TensorData From(string name, IReadOnlyList<long> shape, double[] values) =>
        Wrap(name, TensorDataType.F64, shape, values);

    /// <inheritdoc cref="From(string, IReadOnlyList{long}, float[])"/>
    public static TensorData From(string name, IReadOnlyList<long> shape, long[] values) =>
        Wrap(name, TensorDataType.I64, shape, values);

    /// <summary>Wraps bytes of any type, which are not copied.</summary>
    /// <exception cref="ArgumentException">The length is not shape × element size.</exception>
    public static TensorData FromBytes(
        string name, TensorDataType type, IReadOnlyList<long> shape, ReadOnlyMemory<byte> bytes)
    {
        ArgumentNullException.ThrowIfNull(name);
        ArgumentNullException.ThrowIfNull(shape);
        long[] extents = [.. shape];
        if (ElementCount(extents) is not { } count || (Int128)count * type.Size() != bytes.Length)
            throw new ArgumentException(
                $"tensor {SerializationException.Quote(name)}: {bytes.Length} bytes do not fill {type} "
                    + $"[{string.Join(",", extents)}]");
        return new TensorData("(memory)", name, type, extents, new MemorySource(bytes), 0);
    }

    /// <summary>
    /// Values that something else holds, such as a device: they are asked for when the tensor is read, each time anew.
    /// </summary>
    /// <param name="name">Name of the tensor.</param>
    /// <param name="type">Element type.</param>
    /// <param name="shape">Extents.</param>
    /// <param name="read">
    /// Fills its second argument with the row-major little-endian bytes from the offset of its first on; both are
    /// whole elements.
    /// </param>
    /// <exception cref="ArgumentOutOfRangeException">The shape is negative or too large.</exception>
    public static TensorData From(
        string name, TensorDataType type, IReadOnlyList<long> shape, Action<long, Span<byte>> read)
    {
        ArgumentNullException.ThrowIfNull(name);
        ArgumentNullException.ThrowIfNull(read);
        long[] extents = [.. shape];
        var count = ElementCount(extents) ?? throw new ArgumentOutOfRangeException(nameof(shape));
        var source = new CallbackSource(checked(count * type.Size()), type.Size(), read);
        return new TensorData("(memory)", name, type, extents, source, 0);
    }

    /// <summary>
    /// Tensors of one type, one behind the other along the first dimension; they are read when the values are asked
    /// for.
    /// </summary>
    /// <param name="name">Name of the whole.</param>
    /// <param name="parts">At least one tensor; all but the first extent are alike.</param>
    /// <exception cref="ArgumentException">The parts differ in type, or in an extent behind the first.</exception>
    public static TensorData Concatenate(string name, IReadOnlyList<TensorData> parts)
    {
        ArgumentNullException.ThrowIfNull(parts);
        var first = parts[0];
        if (parts.Any(
            p => p.Type != first.Type || p.Shape.Count == 0 || !p.Shape.Skip(1).SequenceEqual(first.Shape.Skip(1))))
            throw new ArgumentException($"tensor {SerializationException.Quote(name)}: "
                + $"its parts {string.Join(", ", parts)} differ in type or shape");
        return new TensorData(first.Origin, name, first.Type, [parts.Sum(p => p.Shape[0]), .. first.Shape.Skip(1)],
            new ConcatenatedSource(parts), 0);
    }

    /// <summary>
    /// Some elements in row-major order, as a tensor of one dimension; they are read when the values are asked for.
    /// </summary>
    /// <exception cref="ArgumentOutOfRangeException">They do not lie within the tensor.</exception>
    public TensorData Range(long first, long count) =>
        new(Origin, Name, Type, [count], _source, checked(_start + first * Type.Size()));

    /// <summary>The same values under another name.</summary>
    public TensorData WithName(string name)
    {
        ArgumentNullException.ThrowIfNull(name);
        return new TensorData(Origin, name, Type, (long[])Shape, _source, _start)
        {
            StorageKey = StorageKey,
            StorageOffset = StorageOffset,
        };
    }

    /// <summary>
    /// The values in another floating type, converted when they are read: rounded to nearest, ties to even, through f32
    /// as PyTorch does. Whole numbers and tensors of that type already stay as they are.
    /// </summary>
    /// <param name="type">A floating type.</param>
    /// <exception cref="ArgumentOutOfRangeException">It is none.</exception>
    /// <remarks>
    /// Reading throws a <see cref="SerializationException"/> where a finite number is too large for the type.
    /// </remarks>
    public TensorData ConvertTo(TensorDataType type)
    {
        if (!type.IsFloatingPoint()) throw new ArgumentOutOfRangeException(nameof(type), type, "not a floating type");
        if (type == Type || !Type.IsFloatingPoint()) return this;
        return new TensorData(Origin, Name, type, (long[])Shape, new ConvertedSource(this, type), 0);
    }

    /// <summary>
    /// Whether both are names of the same values in the same place (a tied weight), of one type and shape.
    /// </summary>
    internal bool IsTiedTo(TensorData other) => Count > 0 && Type == other.Type && _start == other._start
        && _source.Equals(other._source) && Shape.SequenceEqual(other.Shape);

    /// <summary>Equal for tensors that are tied.</summary>
    internal int PlaceHash => HashCode.Combine(_source, _start, Type);

    /// <summary>A copy whose values are in memory, so that the file may be closed.</summary>
    /// <exception cref="SerializationException">The tensor has more than 2 GiB, or the file cannot be read.</exception>
    public TensorData ToMemory() =>
        new(Origin, Name, Type, (long[])Shape, new MemorySource(_source.ReadArray(_start, ArrayLength(ByteLength))), 0)
        {
            StorageKey = StorageKey,
            StorageOffset = StorageOffset,
        };

    /// <summary>Reads a range of the row-major bytes.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The range does not lie within the tensor.</exception>
    /// <exception cref="SerializationException">The file cannot be read.</exception>
    public void Read(long byteOffset, Span<byte> destination)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(byteOffset);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(byteOffset, ByteLength - destination.Length);
        _source.Read(_start + byteOffset, destination);
    }

    /// <summary>All values in single precision (from F64 and the wide integers rounded to nearest).</summary>
    /// <exception cref="SerializationException">The file cannot be read.</exception>
    public float[] ToF32()
    {
        var values = GC.AllocateUninitializedArray<float>(ArrayLength(Count));
        CopyTo(values);
        return values;
    }

    /// <summary>All values in double precision.</summary>
    /// <exception cref="SerializationException">The file cannot be read.</exception>
    public double[] ToF64()
    {
        var values = GC.AllocateUninitializedArray<double>(ArrayLength(Count));
        CopyTo(values);
        return values;
    }

    /// <summary>All values as integers; floating values must be whole numbers.</summary>
    /// <exception cref="SerializationException">
    /// A value has a fraction or is out of range, or the file cannot be read.
    /// </exception>
    public long[] ToI64()
    {
        var values = GC.AllocateUninitializedArray<long>(ArrayLength(Count));
        ForEachChunk(values.AsSpan(), TensorDataType.I64, (bytes, chunk) =>
        {
            if (!TensorConversion.TryToI64(Type, bytes, chunk)) throw SerializationException.In(
                Origin, Name, $"holds {Type} values that are not whole 64-bit numbers", "read it as floating point");
        });
        return values;
    }

    /// <summary>
    /// Like <see cref="ToF32"/>, into memory of the caller with exactly <see cref="Count"/> elements.
    /// </summary>
    /// <exception cref="ArgumentException">The destination has another length.</exception>
    /// <exception cref="SerializationException">The file cannot be read.</exception>
    public void CopyTo(Span<float> destination) =>
        ForEachChunk(
            destination, TensorDataType.F32, (bytes, chunk) => TensorConversion.ToFloating(Type, bytes, chunk));

    /// <summary>
    /// Like <see cref="ToF64"/>, into memory of the caller with exactly <see cref="Count"/> elements.
    /// </summary>
    /// <exception cref="ArgumentException">The destination has another length.</exception>
    /// <exception cref="SerializationException">The file cannot be read.</exception>
    public void CopyTo(Span<double> destination) =>
        ForEachChunk(
            destination, TensorDataType.F64, (bytes, chunk) => TensorConversion.ToFloating(Type, bytes, chunk));

    /// <summary>Name, type and shape, for messages and listings.</summary>
    public override string ToString() => $"{Name} {Type} [{string.Join(",", Shape)}]";

    /// <summary>The product of a shape; <c>null</c> where an extent is negative or the product overflows.</summary>
    internal static long? ElementCount(ReadOnlySpan<long> shape)
    {
        long count = 1;
        foreach (var extent in shape)
        {
            var product = (Int128)count * extent;
            if (extent < 0 || product > long.MaxValue) return null;
            count = (long)product;
        }
        return count;
    }

    private static TensorData Wrap<T>(string name, TensorDataType type, IReadOnlyList<long> shape, T[] values)
        where T : unmanaged
    {
        ArgumentNullException.ThrowIfNull(values);
        if ((long)values.Length * type.Size() > int.MaxValue)
            throw new ArgumentException(
                $"tensor {SerializationException.Quote(name)}: {values.Length} values take more than 2 GiB; "
                    + "split the tensor");
        return FromBytes(name, type, shape, new CastMemoryManager<T>(values).Memory);
    }

    private delegate void ChunkConversion<T>(ReadOnlySpan<byte> source, Span<T> destination);

    /// <summary>
    /// Reads chunk by chunk, so that a conversion never holds the stored bytes of the whole tensor as well.
    /// </summary>
    private void ForEachChunk<T>(Span<T> destination, TensorDataType target, ChunkConversion<T> convert)
        where T : unmanaged
    {
        if (destination.Length != Count)
            throw new ArgumentException($"{this} has {Count} elements, the destination {destination.Length}");
        var size = Type.Size();
        var step = ChunkBytes / size;
        var buffer = ArrayPool<byte>.Shared.Rent(ChunkBytes);
        try
        {
            for (var done = 0; done < destination.Length; done += step)
            {
                var chunk = destination.Slice(done, Math.Min(step, destination.Length - done));
                var offset = _start + (long)done * size;
                if (Type == target)
                {
                    _source.Read(offset, MemoryMarshal.AsBytes(chunk));
                    continue;
                }
                var bytes = buffer.AsSpan(0, chunk.Length * size);
                _source.Read(offset, bytes);
                convert(bytes, chunk);
            }
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    private int ArrayLength(long length) => length <= Array.MaxLength
        ? (int)length
        : throw SerializationException.In(
            Origin, Name, $"{length} entries do not fit one array", "read it in parts with TensorData.Read");
}
