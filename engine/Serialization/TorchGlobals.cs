using AmcEngine.Files.Pickle;

namespace AmcEngine.Serialization;

/// <summary>
/// What the names in a checkpoint stand for: those that build tensors and plain containers for functions of this file,
/// all others for opaque objects. None leads to code outside it.
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

    /// <summary>
    /// Storage classes of tensors that are not read: what such a tensor is called, and the bytes an element takes.
    /// </summary>
    private static readonly Dictionary<string, (string Kind, int Size)> UnsupportedStorages =
        new(StringComparer.Ordinal)
        {
            ["ComplexFloatStorage"] = ("complex tensor", 8),
            ["ComplexDoubleStorage"] = ("complex tensor", 16),
            ["QInt8Storage"] = ("quantised tensor", 1),
            ["QUInt8Storage"] = ("quantised tensor", 1),
            ["QInt32Storage"] = ("quantised tensor", 4),
            ["QUInt4x2Storage"] = ("quantised tensor", 1),
            ["QUInt2x4Storage"] = ("quantised tensor", 1),
        };

    /// <summary>Functions of torch that make tensors of kinds that are not read.</summary>
    private static readonly Dictionary<string, string> UnsupportedTensors = new(StringComparer.Ordinal)
    {
        ["_rebuild_sparse_tensor"] = "sparse tensor",
        ["_rebuild_sparse_csr_tensor"] = "sparse tensor",
        ["_rebuild_qtensor"] = "quantised tensor",
        ["_rebuild_nested_tensor"] = "nested tensor",
        ["_rebuild_meta_tensor_no_storage"] = "tensor without values (device meta)",
        ["_rebuild_device_tensor_from_numpy"] = "tensor of another device",
        ["_rebuild_wrapper_subclass"] = "tensor of a class of its own",
        ["_rebuild_from_type_v2"] = "tensor of a class of its own",
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

    /// <summary>The name of PyTorch's storage class of an element type.</summary>
    public static string StorageClass(TensorDataType type) => StorageTypes.First(pair => pair.Value == type).Key;

    /// <summary>What a name stands for; nothing of it is run.</summary>
    public object Resolve(string module, string name)
    {
        if (module is "torch" or "torch.cuda" && StorageClass(name) is { } storage) return storage;
        if (module == "torch" && ScalarTypes.ContainsKey(name)) return $"torch.{name}";
        if (module is "torch._utils" or "torch._tensor" && UnsupportedTensors.TryGetValue(name, out var kind))
            return new OpaqueObject(kind, IsTensor: true);
        return (module, name) switch
        {
            ("torch.storage", "UntypedStorage") => StorageClass(name)!,
            ("torch._utils", "_rebuild_tensor" or "_rebuild_tensor_v2") => Function(RebuildTensor),
            ("torch._utils", "_rebuild_tensor_v3") => Function(RebuildTypedTensor),
            ("torch._utils", "_rebuild_parameter" or "_rebuild_parameter_with_state") => Function(Parameter),
            ("torch", "Size") => Container(arguments => Items(arguments).ToArray()),
            ("torch", "device") => Function(Device),
            ("collections", "OrderedDict" or "Counter") => Container(Dictionary),
            // Its argument is what makes missing values.
            ("collections", "defaultdict") => Function(_ => new OrderedDictionary<object, object?>()),
            ("builtins" or "__builtin__", "dict") => Container(Dictionary),
            ("builtins" or "__builtin__", "list" or "set" or "frozenset") =>
                Container(arguments => new List<object?>(Items(arguments))),
            ("builtins" or "__builtin__", "tuple") => Container(arguments => Items(arguments).ToArray()),
            ("numpy", "dtype") => Function(NumpyScalars.Type),
            ("numpy.core.multiarray" or "numpy._core.multiarray", "scalar") => Function(NumpyScalars.Scalar),
            ("_codecs", "encode") => Function(EncodeLatin1),
            _ => new OpaqueObject($"{module}.{name}"),
        };
    }

    /// <summary>
    /// A storage class; one that no table knows has elements of unknown size, which are never looked at.
    /// </summary>
    private static TorchStorageClass? StorageClass(string name)
    {
        if (StorageTypes.TryGetValue(name, out var type))
            return new TorchStorageClass($"torch.{name}", type, type.Size());
        if (name == "UntypedStorage") return new TorchStorageClass("torch.UntypedStorage", null, 1);
        if (UnsupportedStorages.TryGetValue(name, out var known))
            return new TorchStorageClass($"torch.{name}", null, known.Size, known.Kind);
        return name.EndsWith("Storage", StringComparison.Ordinal)
            ? new TorchStorageClass(
                $"torch.{name}", null, 0, $"tensor of {SerializationException.Quote($"torch.{name}")}")
            : null;
    }

    // Switch arms need one delegate type; a method group alone has none.
    private static PickleFunction Function(PickleFunction function) => function;

    /// <summary>A container made of something opaque is opaque.</summary>
    private static PickleFunction Container(PickleFunction make) =>
        arguments => arguments is [OpaqueObject opaque] ? opaque : make(arguments);

    /// <summary><c>(storage, offset, size, stride, requires_grad, hooks, …)</c>.</summary>
    private object RebuildTensor(object?[] arguments)
    {
        if (arguments is [TorchStorageView { Class.Unsupported: { } kind }, ..])
            return new OpaqueObject(kind, IsTensor: true);
        if (arguments is not [TorchStorageView { Type: { } type } view, long offset, object?[] size,
            object?[] stride, ..])
            throw input.Broken("a tensor without storage, offset, size and stride");
        return TorchTensorBuilder.Build(input.Path, view, type, offset, Longs(size), Longs(stride));
    }

    /// <summary>
    /// The same for an untyped storage: <c>(storage, offset, size, stride, requires_grad, hooks, dtype, …)</c>.
    /// </summary>
    private object RebuildTypedTensor(object?[] arguments)
    {
        if (arguments is [TorchStorageView, _, _, _, _, _, OpaqueObject other, ..])
            return new OpaqueObject($"tensor of {SerializationException.Quote(other.Name)}", IsTensor: true);
        if (arguments is not [TorchStorageView view, long offset, object?[] size, object?[] stride, _, _,
            string dtype, ..]
            || !dtype.StartsWith("torch.", StringComparison.Ordinal)
            || !ScalarTypes.TryGetValue(dtype["torch.".Length..], out var type))
            throw input.Broken("a tensor without storage, offset, size, stride and dtype");
        return TorchTensorBuilder.Build(input.Path, view, type, offset, Longs(size), Longs(stride));
    }

    private object Parameter(object?[] arguments) =>
        arguments is [TensorData or OpaqueObject, ..] ? arguments[0]! : throw input.Broken(
            "a parameter without its tensor");

    /// <summary>
    /// Bytes, as protocol 2 writes them; opaque where they would copy too much (arrays beside the weights).
    /// </summary>
    private object EncodeLatin1(object?[] arguments)
    {
        if (arguments is [string text, ..])
        {
            if (_copies + text.Length > MaxCopies) return new OpaqueObject("bytes");
            Charge(text.Length);
        }
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
        foreach (var item in Items(arguments))
        {
            // Python 2 wrote pairs as lists.
            if (item is not IReadOnlyList<object?> { Count: 2 } pair)
                throw input.Broken("a dict made of something else than pairs");
            PickleReader.Set(input, dictionary, pair[0], pair[1]);
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

    private long[] Longs(object?[] values) => values.Length > TorchTensorBuilder.MaxRank
        ? throw input.Broken($"a tensor of {values.Length} dimensions")
        : [.. values.Select(
            value => value is long number ? number : throw input.Broken("a size that is no whole number"))];
}
