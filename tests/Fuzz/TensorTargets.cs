using AmcEngine.Serialization;

namespace AmcEngine.Tests.Fuzz;

/// <summary>
/// The readers of tensors: after the structure, the values are read too, since that happens on demand.
/// </summary>
internal static class TensorTargets
{
    /// <summary>
    /// Most bytes of values read of one file. An expanded tensor may be larger than its file by a documented cap, and
    /// reading many such would be slow without showing more.
    /// </summary>
    private const long MaxValueBytes = 1 << 20;

    private const int MaxDepth = 8;

    /// <summary>Reads a safetensors file, and holds that writing what was read gives the same back.</summary>
    public static void Safetensors(FuzzSession session)
    {
        using var reader = SafetensorsReader.Open(session.Path);
        ReadValues(session, reader.Tensors);
        var copy = session["copy.safetensors"];
        SafetensorsWriter.Write(copy, reader.Tensors, reader.Metadata);
        using var again = SafetensorsReader.Open(copy);
        if (!again.Metadata.OrderBy(p => p.Key, StringComparer.Ordinal).SequenceEqual(
            reader.Metadata.OrderBy(p => p.Key, StringComparer.Ordinal)))
            throw new FuzzFailure("the metadata changed on the way through a file");
        if (again.Tensors.Count != reader.Tensors.Count)
            throw new FuzzFailure("a tensor was lost on the way through a file");
        foreach (var tensor in reader.Tensors) HoldSame(tensor, again[tensor.Name]);
    }

    /// <summary>Reads a checkpoint of PyTorch in either form: its objects, its state dict, its values.</summary>
    public static void Torch(FuzzSession session)
    {
        using var checkpoint = TorchCheckpoint.Load(session.Path);
        var tensors = new List<TensorData>();
        Collect(checkpoint.Root, 0, tensors, new(ReferenceEqualityComparer.Instance));
        ReadValues(session, tensors);
        ReadValues(session, checkpoint.Tensors);
        // As commands open it: by its bytes, with what is skipped.
        using var file = TensorFile.Open(session.Path);
        ReadValues(session, file.Tensors);
    }

    private static void HoldSame(TensorData tensor, TensorData copy)
    {
        if (tensor.Type != copy.Type || !tensor.Shape.SequenceEqual(copy.Shape)
            || !tensor.Bytes.Span.SequenceEqual(copy.Bytes.Span))
            throw new FuzzFailure($"tensor {tensor.Name} changed on the way through a file");
    }

    private static void ReadValues(FuzzSession session, IEnumerable<TensorData> tensors)
    {
        var budget = MaxValueBytes;
        foreach (var tensor in tensors)
        {
            if (tensor.ByteLength > budget) continue;
            budget -= tensor.ByteLength;
            long bytes = tensor.Bytes.Length;
            if (bytes != tensor.ByteLength || tensor.ToF32().Length != tensor.Count
                || tensor.ToF64().Length != tensor.Count)
                throw new FuzzFailure($"tensor {tensor.Name} has another length than it says");
            ReadIntegers(session, tensor);
        }
    }

    /// <summary>Values with fractions are refused as integers, which must not end the reading of the others.</summary>
    private static void ReadIntegers(FuzzSession session, TensorData tensor)
    {
        try
        {
            tensor.ToI64();
        }
        catch (SerializationException e)
        {
            FuzzTarget.CheckRefusal(e, session);
        }
    }

    /// <summary>The tensors of an object graph, which may share its parts and contain itself.</summary>
    private static void Collect(object? value, int depth, List<TensorData> tensors, HashSet<object> seen)
    {
        if (value is null || depth > MaxDepth || !seen.Add(value)) return;
        if (value is TensorData tensor) tensors.Add(tensor);
        IEnumerable<object?> children = value switch
        {
            OrderedDictionary<object, object?> dictionary => dictionary.Values,
            IReadOnlyList<object?> list => list,
            _ => [],
        };
        foreach (var child in children) Collect(child, depth + 1, tensors, seen);
    }
}
