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
/// memory; the values exist once the model has been put on a back end.
/// </summary>
public sealed class Parameter
{
    private Tensor? _value;

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

    /// <summary>The tensor on the device.</summary>
    /// <exception cref="ModelException">The model was only described (for counting), not put on a back end.</exception>
    public Tensor Value =>
        _value ?? throw new ModelException($"{Name} has no values: put the model on a back end first");

    /// <summary>
    /// For embeddings of positions in a picture, a class row and then a square grid of rows: the grid's side. A
    /// checkpoint of another picture size is resized to it. Null for everything else.
    /// </summary>
    public int? PositionGrid { get; internal init; }

    internal Initialization Initialization { get; }

    internal void Materialize(IBackend backend, DType dtype)
    {
        if (Kind == ParameterKind.Integers) return;
        using var suspended = MemoryScope.Suspend();
        _value = Tensor.Empty(Shape, dtype, backend);
        _value.Name = Name;
    }

    internal void Release()
    {
        _value?.Grad?.Dispose();
        _value?.Dispose();
        _value = null;
    }

    /// <summary>Name and shape.</summary>
    public override string ToString() => $"{Name} {Shape}";
}
