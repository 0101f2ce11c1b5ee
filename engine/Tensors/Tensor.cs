using System.Runtime.InteropServices;
using AmcEngine.Autograd;
using AmcEngine.Backends;
using AmcEngine.Backends.Kernels;
using AmcEngine.Memory;

namespace AmcEngine.Tensors;

/// <summary>
/// A handle on contiguous, row-major device memory: shape, element type, back end and the graph node that made it.
/// Ops are extension methods (namespace <c>AmcEngine.Ops</c>), so that this floor points at no op.
/// </summary>
public sealed class Tensor : IDisposable
{
    private Storage? _storage;

    internal Tensor(Storage storage, Shape shape, DType dtype, int offset = 0)
    {
        _storage = storage;
        Shape = shape;
        DType = dtype;
        Offset = offset;
        MemoryScope.Register(this);
    }

    /// <summary>Extents, outermost first.</summary>
    public Shape Shape { get; }

    /// <summary>Element type.</summary>
    public DType DType { get; }

    /// <summary>Number of elements.</summary>
    public int Count => Shape.Count;

    /// <summary>The back end that holds the memory; while a profiler is open, the same with a clock.</summary>
    public IBackend Backend => BackendWatch.Current is { } watcher ? watcher.Watched(Storage.Backend) : Storage.Backend;

    /// <summary>A name for error messages and NaN traces (parameters carry their state-dict name).</summary>
    public string? Name { get; set; }

    /// <summary>The accumulated gradient of a leaf; null before the first backward pass.</summary>
    public Tensor? Grad { get; set; }

    /// <summary>Whether gradients flow to or through this tensor.</summary>
    public bool RequiresGrad => Edge.Node is not null;

    /// <summary>Whether this is a leaf: not made by a recorded op.</summary>
    public bool IsLeaf => Edge.Node is null or LeafNode;

    internal Edge Edge { get; set; }

    internal MemoryScope? Owner { get; set; }

    /// <summary>First element within the storage.</summary>
    internal int Offset { get; }

    internal Storage Storage => _storage ?? throw new EngineException(
        Name ?? "tensor", $"the memory of this {Shape} tensor was given back when its scope ended or a backward pass "
            + "consumed it; keep it with MemoryScope.Keep or read it earlier");

    internal nint Pointer => Storage.Pointer + (nint)Offset * DType.Size();

    /// <summary>Makes this leaf require gradients (or not), like PyTorch's <c>requires_grad_</c>.</summary>
    /// <exception cref="AutogradException">The tensor was made by a recorded op, or holds integers.</exception>
    public Tensor SetRequiresGrad(bool value = true)
    {
        if (!IsLeaf)
            throw new AutogradException(Name ?? "tensor", "only a leaf can change requires_grad; use Detach() first");
        if (!DType.IsFloating()) throw new AutogradException(Name ?? "tensor", "integer tensors have no gradient");
        if (value && Edge.Node is null) Edge = new Edge(new LeafNode(this), 0);
        if (!value) Edge = default;
        return this;
    }

    /// <summary>An uninitialised tensor.</summary>
    public static Tensor Empty(Shape shape, DType dtype, IBackend backend)
    {
        var storage = backend.Allocate((long)shape.Count * dtype.Size());
        CheckpointRegion.NoteBirth(storage);
        return new Tensor(storage, shape, dtype);
    }

    /// <summary>A tensor of one value.</summary>
    public static Tensor Full(Shape shape, double value, DType dtype, IBackend backend)
    {
        var t = Empty(shape, dtype, backend);
        t.Backend.Run(new FillArgs(t, value));
        return t;
    }

    /// <summary>A tensor of zeros.</summary>
    public static Tensor Zeros(Shape shape, DType dtype, IBackend backend) => Full(shape, 0, dtype, backend);

    /// <summary>A tensor of ones.</summary>
    public static Tensor Ones(Shape shape, DType dtype, IBackend backend) => Full(shape, 1, dtype, backend);

    /// <summary>A tensor with the values of a host array, in row-major order.</summary>
    /// <exception cref="ShapeException">The number of values is not the shape's.</exception>
    public static Tensor From<T>(ReadOnlySpan<T> values, Shape shape, IBackend backend) where T : unmanaged
    {
        if (values.Length != shape.Count)
            throw new ShapeException("from", $"{values.Length} values do not fill {shape}");
        var t = Empty(shape, DTypes.Of<T>(), backend);
        t.Backend.Write(MemoryMarshal.AsBytes(values), t);
        return t;
    }

    /// <summary>A tensor with the values of a host array, in row-major order.</summary>
    public static Tensor From<T>(T[] values, Shape shape, IBackend backend) where T : unmanaged =>
        From<T>(values.AsSpan(), shape, backend);

    /// <summary>Copies the values to the host.</summary>
    /// <exception cref="DTypeException"><typeparamref name="T"/> is not the element type.</exception>
    public T[] ToArray<T>() where T : unmanaged
    {
        if (DTypes.Of<T>() != DType)
            throw new DTypeException("to_array", $"a {DType} tensor cannot be read as {typeof(T).Name}");
        var values = new T[Count];
        Backend.Read(this, MemoryMarshal.AsBytes(values.AsSpan()));
        return values;
    }

    /// <summary>Copies the values to the host as double, whatever the element type.</summary>
    public double[] ToDoubles() => DType switch
    {
        DType.F64 => ToArray<double>(),
        DType.F32 => Array.ConvertAll(ToArray<float>(), v => (double)v),
        _ => Array.ConvertAll(ToArray<int>(), v => (double)v),
    };

    /// <summary>The value of a tensor with one element.</summary>
    /// <exception cref="ShapeException">The tensor has more than one element.</exception>
    public double Item() => Count == 1
        ? ToDoubles()[0]
        : throw new ShapeException("item", $"{Shape} has {Count} elements; Item() reads exactly one");

    /// <summary>Overwrites the values from the host (an in-place write: never during a recorded graph).</summary>
    public void Load<T>(ReadOnlySpan<T> values) where T : unmanaged
    {
        if (DTypes.Of<T>() != DType)
            throw new DTypeException("load", $"{typeof(T).Name} values cannot fill a {DType} tensor");
        if (values.Length != Count) throw new ShapeException("load", $"{values.Length} values do not fill {Shape}");
        Backend.Write(MemoryMarshal.AsBytes(values), this);
        Storage.Touch();
    }

    /// <summary>
    /// Overwrites some values from the host, in row-major order (an in-place write as of <see cref="Load"/>).
    /// </summary>
    /// <param name="values">The new values.</param>
    /// <param name="first">Index of the first value to overwrite.</param>
    public void LoadRange<T>(ReadOnlySpan<T> values, int first) where T : unmanaged
    {
        if (DTypes.Of<T>() != DType)
            throw new DTypeException("load", $"{typeof(T).Name} values cannot fill a {DType} tensor");
        if (first < 0 || first > Count - values.Length)
            throw new ShapeException("load", $"{values.Length} values from {first} on do not lie within {Shape}");
        using (var part = Share([values.Length], default, first)) Backend.Write(MemoryMarshal.AsBytes(values), part);
        Storage.Touch();
    }

    /// <summary>
    /// Copies the bytes of some values to the host, in row-major order; waits for them. On the processor another thread
    /// may do so while kernels read the tensor.
    /// </summary>
    /// <param name="target">Where to; as many bytes as the values take.</param>
    /// <param name="first">Index of the first value.</param>
    /// <exception cref="ShapeException">The values do not lie within the tensor.</exception>
    public void ReadBytes(Span<byte> target, int first)
    {
        var count = target.Length / DType.Size();
        if (target.Length % DType.Size() != 0 || first < 0 || first > Count - count)
            throw new ShapeException("read", $"{target.Length} bytes from value {first} on do not lie within {Shape}");
        if (count == 0) return;
        using var part = Share([count], default, first);
        Backend.Read(part, target);
    }

    /// <summary>
    /// Whether the values lie in the host's own memory: then threads may write to different parts of them at once.
    /// </summary>
    public bool IsOnHost => Storage.Pointer != 0;

    /// <summary>
    /// Counts the in-place writes to this tensor's memory: whoever reads a tensor in parts can tell whether it stayed
    /// the same meanwhile.
    /// </summary>
    public int Version => Storage.Version;

    /// <summary>The same memory without history: gradients stop here.</summary>
    public Tensor Detach() => Share(Shape, default);

    /// <summary>Another handle on the same memory.</summary>
    internal Tensor Share(Shape shape, Edge edge, int offset = 0)
    {
        var storage = Storage;
        storage.Retain();
        return new Tensor(storage, shape, DType, Offset + offset) { Edge = edge, Name = Name };
    }

    /// <summary>Gives this handle's hold on the memory back.</summary>
    public void Dispose()
    {
        if (_storage is not { } storage) return;
        _storage = null;
        Owner = null;
        storage.Release();
    }

    /// <summary>Element type and shape, for messages.</summary>
    public override string ToString() => $"{(Name is null ? "tensor" : Name)} {DType}{Shape}";
}
