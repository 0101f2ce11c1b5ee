using AmcEngine.Autograd;
using AmcEngine.Backends;
using AmcEngine.Memory;
using AmcEngine.Tensors;

namespace AmcEngine.Model.Modules;

/// <summary>What a state-dict entry is.</summary>
public enum ParameterKind
{
    /// <summary>Trained, or a momentum copy of something trained.</summary>
    Weight,

    /// <summary>Floating state that no optimizer touches (feature queues).</summary>
    Buffer,

    /// <summary>Whole numbers that live on the host (queue pointers, position ids).</summary>
    Integers,
}

/// <summary>
/// A named entry of a state dict. It knows its shape from the start, so that a full-size model can be counted without
/// memory; the values exist once the model has been put on a back end. First values are drawn when they are asked for,
/// from a random stream of the entry's own: whoever overwrites them before spares the draw, and changes no other entry.
/// </summary>
public sealed class Parameter
{
    private readonly Lock _gate = new();
    private Tensor? _tensor;
    private FirstValues? _undrawn;

    internal Parameter(
        string name, Shape shape, ParameterKind kind, Initialization initialization, long[]? integers = null)
    {
        (Name, Shape, Kind, Initialization, Integers) = (name, shape, kind, initialization, integers);
    }

    /// <summary>State-dict name; complete once the root module is built.</summary>
    public string Name { get; internal set; }

    /// <summary>Extents.</summary>
    public Shape Shape { get; }

    /// <summary>What the entry is.</summary>
    public ParameterKind Kind { get; }

    /// <summary>The values of an <see cref="ParameterKind.Integers"/> entry; null for the others.</summary>
    public long[]? Integers { get; }

    /// <summary>The tensor on the device, with values.</summary>
    /// <exception cref="ModelException">The model was only described (for counting), not put on a back end.</exception>
    public Tensor Value
    {
        get
        {
            Draw();
            return Tensor;
        }
    }

    /// <summary>
    /// For embeddings of positions in a picture, a class row and then a square grid of rows: the grid's side. A
    /// checkpoint of another picture size is resized to it. Null for everything else.
    /// </summary>
    public int? PositionGrid { get; internal init; }

    /// <summary>
    /// The tensor as a place of values that may still have to be drawn: for who holds it until they are there.
    /// </summary>
    /// <exception cref="ModelException">The model was only described (for counting), not put on a back end.</exception>
    internal Tensor Tensor =>
        _tensor ?? throw new ModelException($"{Name} has no values: put the model on a back end first");

    /// <summary>Whether the first values have neither been drawn nor been overwritten.</summary>
    internal bool IsUndrawn => Volatile.Read(ref _undrawn) is not null;

    private Initialization Initialization { get; }

    /// <summary>Takes memory; the values are drawn when they are asked for.</summary>
    /// <param name="backend">Device.</param>
    /// <param name="dtype">Element type.</param>
    /// <param name="key">The entry's random stream.</param>
    internal void Allocate(IBackend backend, DType dtype, RandomKey key)
    {
        using var suspended = MemoryScope.Suspend();
        _tensor = Tensor.Empty(Shape, dtype, backend);
        _tensor.Name = Name;
        _undrawn = new FirstValues(Initialization, key);
    }

    /// <summary>Makes the first values those that another entry of this shape begins with.</summary>
    internal void BeginAs(Parameter other) => _undrawn = other._undrawn;

    /// <summary>Draws the first values, unless they are there or were overwritten.</summary>
    internal void Draw()
    {
        if (!IsUndrawn) return;
        lock (_gate)
        {
            if (_undrawn is not { } first) return;
            using var suspended = MemoryScope.Suspend();
            using var mode = NoGrad.Begin();
            first.Initialization.Fill(Tensor, first.Key);
            Volatile.Write(ref _undrawn, null);
        }
    }

    /// <summary>
    /// Overwrites all values: first values that have not been drawn yet will not be. Where that fails they still are.
    /// </summary>
    internal void Overwrite(Action<Tensor> write)
    {
        lock (_gate)
        {
            write(Tensor);
            Volatile.Write(ref _undrawn, null);
        }
    }

    internal void Release()
    {
        _tensor?.Grad?.Dispose();
        _tensor?.Dispose();
        (_tensor, _undrawn) = (null, null);
    }

    /// <summary>Name and shape.</summary>
    public override string ToString() => $"{Name} {Shape}";

    private sealed record FirstValues(Initialization Initialization, RandomKey Key);
}
