using AmcEngine.Backends;
using AmcEngine.Tensors;

namespace AmcEngine.Model.Modules;

/// <summary>One line of a state dict: a parameter under its own name or under that of a tied alias.</summary>
/// <param name="Name">Full name.</param>
/// <param name="Parameter">What it stands for.</param>
/// <param name="IsAlias">Whether the name is a second one of a tied parameter.</param>
public readonly record struct StateEntry(string Name, Parameter Parameter, bool IsAlias);

/// <summary>
/// A part of a network: owns parameters, buffers and child modules. Entries come in PyTorch's order (own parameters,
/// own buffers, then the children as registered), because optimizer states of the reference are numbered by it.
/// </summary>
public abstract class Module : IDisposable
{
    private readonly List<StateEntry> _own = [];
    private readonly List<(string Name, Module Module)> _children = [];

    /// <summary>All entries of the state dict, tied aliases included.</summary>
    public IReadOnlyList<StateEntry> StateEntries => field ??= [.. Collect("")];

    /// <summary>All weights once, in the order of PyTorch's <c>named_parameters</c>.</summary>
    public IEnumerable<Parameter> Parameters =>
        StateEntries.Where(e => !e.IsAlias && e.Parameter.Kind == ParameterKind.Weight).Select(e => e.Parameter);

    /// <summary>Registers a weight.</summary>
    protected Parameter AddWeight(string name, Shape shape, Initialization initialization) =>
        Add(new Parameter(name, shape, ParameterKind.Weight, initialization));

    /// <summary>Registers embeddings of a class token and of a square grid of patches.</summary>
    protected Parameter AddPositions(string name, Shape shape, int grid, Initialization initialization) =>
        Add(new Parameter(name, shape, ParameterKind.Weight, initialization) { PositionGrid = grid });

    /// <summary>Registers floating state that is not trained.</summary>
    protected Parameter AddBuffer(string name, Shape shape, Initialization initialization) =>
        Add(new Parameter(name, shape, ParameterKind.Buffer, initialization));

    /// <summary>Registers whole numbers.</summary>
    protected Parameter AddIntegers(string name, Shape shape, long[] values) =>
        Add(new Parameter(name, shape, ParameterKind.Integers, Initialization.Constant(0), values));

    /// <summary>Registers a second name of a parameter of another module.</summary>
    protected void AddAlias(string name, Parameter parameter) => _own.Add(new StateEntry(name, parameter, true));

    /// <summary>Registers a child.</summary>
    protected T AddChild<T>(string name, T child) where T : Module
    {
        _children.Add((name, child));
        return child;
    }

    /// <summary>Writes the full names into the parameters; called by the root when the tree is complete.</summary>
    protected void NameParameters()
    {
        foreach (var entry in StateEntries)
            if (!entry.IsAlias) entry.Parameter.Name = entry.Name;
    }

    /// <summary>Draws the first values that have neither been drawn nor been overwritten.</summary>
    public virtual void DrawWeights()
    {
        foreach (var entry in StateEntries) entry.Parameter.Draw();
    }

    /// <summary>
    /// Allocates all floating entries. Their first values come from a random stream each, so that none depends on
    /// whether others are drawn.
    /// </summary>
    /// <param name="backend">Device.</param>
    /// <param name="dtype">Element type of weights and computation.</param>
    /// <param name="seed">Seed of the initialisation.</param>
    protected void AllocateWeights(IBackend backend, DType dtype, ulong seed)
    {
        var random = new RandomSource(seed);
        foreach (var entry in StateEntries)
            if (!entry.IsAlias && entry.Parameter.Kind != ParameterKind.Integers)
                entry.Parameter.Allocate(backend, dtype, random.NextKey());
    }

    /// <summary>Returns the memory of all entries.</summary>
    public virtual void Dispose()
    {
        foreach (var entry in StateEntries) entry.Parameter.Release();
        GC.SuppressFinalize(this);
    }

    private Parameter Add(Parameter parameter)
    {
        _own.Add(new StateEntry(parameter.Name, parameter, false));
        return parameter;
    }

    private IEnumerable<StateEntry> Collect(string prefix)
    {
        foreach (var entry in _own) yield return entry with { Name = prefix + entry.Name };
        foreach (var (name, child) in _children)
            foreach (var entry in child.Collect($"{prefix}{name}.")) yield return entry;
    }
}
