namespace AmcEngine.Serialization;

/// <summary>
/// Turns a storage, an offset, sizes and strides into a tensor: a view into the file where it is contiguous, otherwise
/// gathered into row-major order on first use.
/// </summary>
internal static class TorchTensorBuilder
{
    /// <summary>PyTorch's own limit on dimensions.</summary>
    internal const int MaxRank = 64;

    /// <summary>
    /// Most elements an expanded tensor (stride 0) may have beyond its storage: a few bytes of file must not turn into
    /// gigabytes of memory.
    /// </summary>
    private const long MaxExpandedElements = 1 << 26;

    private const string Remedy = "the checkpoint is damaged: fetch or save it again";

    public static TensorData Build(
        string path, TorchStorageView view, TensorDataType type, long offset, long[] shape, long[] strides)
    {
        var name = $"storage {view.Storage.Key}";
        var capacity = view.Storage.Length / type.Size();
        if (shape.Length != strides.Length || shape.Length > MaxRank)
            throw SerializationException.In(
                path, name, $"has {shape.Length} sizes and {strides.Length} strides", Remedy);
        if (TensorData.ElementCount(shape) is not { } count || count > long.MaxValue / 8)
            throw SerializationException.In(path, name, "its shape is negative or overflows", Remedy);
        Int128 last = offset;
        for (var axis = 0; axis < shape.Length; axis++)
        {
            if (strides[axis] < 0) throw SerializationException.In(path, name, "has a negative stride", Remedy);
            if (count > 0) last += (Int128)(shape[axis] - 1) * strides[axis];
        }
        var inside = offset >= 0 && offset <= capacity && (count == 0 || last < capacity);
        if (!inside) throw SerializationException.In(
            path, name,
            $"[{string.Join(",", shape)}] from element {offset} reaches beyond its {capacity} elements", Remedy);
        if (count > capacity && count > MaxExpandedElements) throw SerializationException.In(
            path, name, $"expands {capacity} stored elements to {count}", "save it with .contiguous()");

        var contiguous = count == 0 || IsContiguous(shape, strides);
        TensorSource source = contiguous
            ? view.Storage
            : new LazySource(
                count * type.Size(), () => Gather(path, view.Storage, type.Size(), offset, (long)last, shape, strides));
        return new TensorData(path, name, type, shape, source, contiguous ? offset * type.Size() : 0)
        {
            StorageKey = view.Storage.Key,
            StorageOffset = offset,
        };
    }

    private static bool IsContiguous(long[] shape, long[] strides)
    {
        long expected = 1;
        for (var axis = shape.Length - 1; axis >= 0; axis--)
        {
            // The stride of an axis with one element is never used, and PyTorch stores any number there.
            if (shape[axis] != 1 && strides[axis] != expected) return false;
            expected *= shape[axis];
        }
        return true;
    }

    private static byte[] Gather(
        string path, TorchStorage storage, int size, long first, long last, long[] shape, long[] strides)
    {
        var window = ((Int128)last - first + 1) * size;
        var count = shape.Aggregate(1L, (product, extent) => product * extent);
        if (window > Array.MaxLength || count * size > Array.MaxLength) throw SerializationException.In(
            path, $"storage {storage.Key}", "a strided tensor of more than 2 GiB", "save it with .contiguous()");
        var source = storage.ReadArray(first * size, (int)window);
        var result = GC.AllocateUninitializedArray<byte>((int)(count * size));
        var index = new long[shape.Length];
        long from = 0;
        for (var to = 0; to < result.Length; to += size)
        {
            source.AsSpan((int)(from * size), size).CopyTo(result.AsSpan(to, size));
            for (var axis = shape.Length - 1; axis >= 0; axis--)
            {
                from += strides[axis];
                if (++index[axis] < shape[axis]) break;
                from -= strides[axis] * shape[axis];
                index[axis] = 0;
            }
        }
        return result;
    }
}
