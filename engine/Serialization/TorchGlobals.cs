namespace AmcEngine.Serialization;

/// <summary>
/// The names that a checkpoint may use: those that build tensors and plain containers. Each stands for a function of
/// this file; none leads to code outside it.
/// </summary>
internal sealed class TorchGlobals(PickleInput input)
{
    private static readonly Dictionary<string, TensorDataType> StorageTypes = new(StringComparer.Ordinal)
    {
        ["FloatStorage"] = TensorDataType.F32,
        ["DoubleStorage"] = TensorDataType.F64,
        ["HalfStorage"] = TensorDataType.F16,
        ["BFloat16Storage"] = TensorDataType.BF16,
        ["LongStorage"] = TensorDataType.I64,
        ["IntStorage"] = TensorDataType.I32,
        ["ShortStorage"] = TensorDataType.I16,
        ["CharStorage"] = TensorDataType.I8,
        ["ByteStorage"] = TensorDataType.U8,
        ["BoolStorage"] = TensorDataType.Bool,
    };

    /// <summary>Scalar types of torch, under every name they go by; they stay text in the object graph.</summary>
    private static readonly Dictionary<string, TensorDataType> ScalarTypes = new(StringComparer.Ordinal)
    {
        ["float32"] = TensorDataType.F32,
        ["float64"] = TensorDataType.F64,
        ["float16"] = TensorDataType.F16,
        ["bfloat16"] = TensorDataType.BF16,
        ["int64"] = TensorDataType.I64,
        ["int32"] = TensorDataType.I32,
        ["int16"] = TensorDataType.I16,
        ["int8"] = TensorDataType.I8,
        ["uint8"] = TensorDataType.U8,
        ["bool"] = TensorDataType.Bool,
    };

    /// <summary>
    /// Most items that all calls together may copy: a small pickle could otherwise copy one long list again and again.
    /// </summary>
    private const long MaxCopies = 4_000_000;

    private long _copies;

    /// <summary>What a name stands for.</summary>
    /// <exception cref="SerializationException">The name is not on the list; nothing of it is run.</exception>
    public object Resolve(string module, string name)
    {
        if (module == "torch" && StorageTypes.TryGetValue(name, out var element))
            return new TorchStorageClass($"torch.{name}", element);
        if (module == "torch" && ScalarTypes.ContainsKey(name)) return $"torch.{name}";
        return (module, name) switch
        {
            ("torch" or "torch.storage", "UntypedStorage") => new TorchStorageClass("torch.UntypedStorage", null),
            ("torch._utils", "_rebuild_tensor_v2") => Function(RebuildTensor),
            ("torch._utils", "_rebuild_tensor_v3") => Function(RebuildTypedTensor),
            ("torch._utils", "_rebuild_parameter") => Function(arguments => First<TensorData>(arguments)),
            ("torch", "Size") => Function(arguments => Items(arguments).ToArray()),
            ("torch", "device") => Function(Device),
            ("collections", "OrderedDict") => Function(Dictionary),
            ("builtins" or "__builtin__", "dict") => Function(Dictionary),
            ("builtins" or "__builtin__", "list" or "set" or "frozenset") => Function(arguments => new List<object?>(Items(arguments))),
            ("builtins" or "__builtin__", "tuple") => Function(arguments => Items(arguments).ToArray()),
            ("numpy", "dtype") => Function(arguments => NumpyScalars.Type(input, arguments)),
            ("numpy.core.multiarray" or "numpy._core.multiarray", "scalar") =>
                Function(arguments => NumpyScalars.Scalar(input, arguments)),
            ("_codecs", "encode") => Function(EncodeLatin1),
            _ => throw Refuse(module, name),
        };
    }

    private SerializationException Refuse(string module, string name) => SerializationException.In(
        input.Path, null,
        $"the pickle asks for {SerializationException.Quote($"{module}.{name}")}, which is not among the names that build tensors; reading a file runs no code, so it was refused",
        "save plain tensors instead: torch.save({'model': model.state_dict()}, path)");

    // Switch arms need one delegate type; a method group alone has none.
    private static PickleReader.Function Function(PickleReader.Function function) => function;

    /// <summary><c>(storage, offset, size, stride, requires_grad, hooks, …)</c>.</summary>
    private TensorData RebuildTensor(object?[] arguments)
    {
        if (arguments is not [TorchStorageView { Type: { } type } view, long offset, object?[] size, object?[] stride, ..])
            throw input.Broken("a tensor without storage, offset, size and stride");
        return TorchTensorBuilder.Build(input.Path, view, type, offset, Longs(size), Longs(stride));
    }

    /// <summary>The same for an untyped storage: <c>(storage, offset, size, stride, requires_grad, hooks, dtype, …)</c>.</summary>
    private TensorData RebuildTypedTensor(object?[] arguments)
    {
        if (arguments is not [TorchStorageView view, long offset, object?[] size, object?[] stride, _, _, string dtype, ..]
            || !dtype.StartsWith("torch.", StringComparison.Ordinal)
            || !ScalarTypes.TryGetValue(dtype["torch.".Length..], out var type))
            throw input.Broken("a tensor without storage, offset, size, stride and dtype");
        return TorchTensorBuilder.Build(input.Path, view, type, offset, Longs(size), Longs(stride));
    }

    private byte[] EncodeLatin1(object?[] arguments)
    {
        if (arguments is [string text, ..]) Charge(text.Length);
        return NumpyScalars.EncodeLatin1(input, arguments);
    }

    private object Device(object?[] arguments) => arguments switch
    {
        [string device] => device,
        [string device, long index] => $"{device}:{index}",
        _ => throw input.Broken("a device without a name"),
    };

    /// <summary>Empty, from pairs, or from another dict.</summary>
    private object Dictionary(object?[] arguments)
    {
        var dictionary = new OrderedDictionary<object, object?>();
        if (arguments is [OrderedDictionary<object, object?> other])
        {
            Charge(other.Count);
            foreach (var (key, value) in other) dictionary[key] = value;
            return dictionary;
        }
        foreach (object? item in Items(arguments))
        {
            // Python 2 wrote pairs as lists.
            if (item is not IReadOnlyList<object?> { Count: 2 } pair)
                throw input.Broken("a dict made of something else than pairs");
            dictionary[PickleReader.CheckKey(input, pair[0])] = pair[1];
        }
        return dictionary;
    }

    /// <summary>The items of the one optional argument of a container.</summary>
    private IReadOnlyList<object?> Items(object?[] arguments)
    {
        IReadOnlyList<object?> items = arguments switch
        {
            [] => [],
            [object?[] tuple] => tuple,
            [List<object?> list] => list,
            _ => throw input.Broken("a container made of something that is none"),
        };
        Charge(items.Count);
        return items;
    }

    private void Charge(long copies)
    {
        _copies += copies;
        if (_copies > MaxCopies) throw input.Broken($"it copies more than {MaxCopies} items");
    }

    private T First<T>(object?[] arguments) =>
        arguments is [T first, ..] ? first : throw input.Broken($"an object without its {typeof(T).Name}");

    private long[] Longs(object?[] values) => values.Length > TorchTensorBuilder.MaxRank
        ? throw input.Broken($"a tensor of {values.Length} dimensions")
        : [.. values.Select(value => value is long number ? number : throw input.Broken("a size that is no whole number"))];
}
