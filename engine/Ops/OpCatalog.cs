using System.Reflection;
using AmcEngine.Tensors;

namespace AmcEngine.Ops;

/// <summary>
/// Marks a static class that holds ops and enters them in <see cref="OpCatalog"/> by a field <c>Entries</c>.
/// </summary>
[AttributeUsage(AttributeTargets.Class)]
public sealed class OpFamilyAttribute : Attribute;

/// <summary>Names the op that a public method is; the name is the one in the catalog and in error messages.</summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class OpAttribute(string name) : Attribute
{
    /// <summary>Name in the catalog.</summary>
    public string Name { get; } = name;
}

/// <summary>How the values of one input of a sample case are drawn.</summary>
/// <param name="Dims">Extents.</param>
/// <param name="Low">Smallest value.</param>
/// <param name="High">Largest value.</param>
/// <param name="Differentiable">Whether gradients are checked.</param>
/// <param name="Integers">Exclusive upper bound of an index input; 0 for a floating one.</param>
/// <param name="MinimumGap">Least distance from zero, for ops that are singular or kinked there.</param>
/// <param name="Floating">Whole numbers, but in the floating type (0/1 masks).</param>
public sealed record OpInput(
    int[] Dims, double Low, double High, bool Differentiable = true, int Integers = 0, double MinimumGap = 0,
    bool Floating = false)
{
    /// <summary>Uniform in [−1.5, 1.5].</summary>
    public static OpInput Uniform(int[] dims) => new(dims, -1.5, 1.5);

    /// <summary>Uniform in [−1.5, 1.5] without a band of 0.2 around zero.</summary>
    public static OpInput Away(int[] dims) => new(dims, -1.5, 1.5, MinimumGap: 0.2);

    /// <summary>Uniform in [0.3, 2].</summary>
    public static OpInput Positive(int[] dims) => new(dims, 0.3, 2);

    /// <summary>A constant input, uniform in [low, high].</summary>
    public static OpInput Constant(int[] dims, double low = -1.5, double high = 1.5) =>
        new(dims, low, high, Differentiable: false);

    /// <summary>Indices in [0, bound).</summary>
    public static OpInput Index(int[] dims, int bound) => new(dims, 0, 0, Differentiable: false, Integers: bound);
}

/// <summary>Attributes of an op: what is neither a tensor nor learnt.</summary>
public sealed class OpAttributes : Dictionary<string, object>
{
    /// <summary>A number.</summary>
    public double Double(string name, double fallback = double.NaN) =>
        TryGetValue(name, out var v) ? Convert.ToDouble(v) : Present(name, fallback);

    /// <summary>A whole number.</summary>
    public int Int(string name, int? fallback = null) =>
        TryGetValue(name, out var v) ? Convert.ToInt32(v) : fallback ?? throw Missing(name);

    /// <summary>A switch.</summary>
    public bool Bool(string name, bool fallback = false) => TryGetValue(name, out var v) ? (bool)v : fallback;

    /// <summary>A word.</summary>
    public string Text(string name, string fallback) => TryGetValue(name, out var v) ? (string)v : fallback;

    /// <summary>A list of whole numbers; a single number is a list of one.</summary>
    public int[] Ints(string name) =>
        TryGetValue(name, out var v) ? v as int[] ?? [Convert.ToInt32(v)] : throw Missing(name);

    private static double Present(string name, double fallback) =>
        double.IsNaN(fallback) ? throw Missing(name) : fallback;

    private static EngineException Missing(string name) => new("op_attributes", $"'{name}' is not given");
}

/// <summary>
/// One sample call of an op, taken by the finite-difference tests, the back-end comparison and the benchmarks alike.
/// </summary>
/// <param name="Inputs">All inputs, in the op's order.</param>
/// <param name="Attributes">Attributes.</param>
public sealed record OpCase(OpInput[] Inputs, OpAttributes Attributes)
{
    /// <summary>A case whose first input is uniform.</summary>
    public OpCase(int[] first, OpInput[]? rest = null, OpAttributes? attributes = null)
        : this([OpInput.Uniform(first), .. rest ?? []], attributes ?? [])
    {
    }

    /// <summary>A case of explicit inputs.</summary>
    public static OpCase Of(OpAttributes attributes, params OpInput[] inputs) => new(inputs, attributes);

    /// <summary>Extents, for test names.</summary>
    public override string ToString() =>
        string.Join(" ", Inputs.Select(i => "[" + string.Join(",", i.Dims) + "]")) +
        string.Concat(Attributes.Select(a => $" {a.Key}={(a.Value is int[] list ? string.Join(',', list) : a.Value)}"));
}

/// <summary>An op as the tests and benchmarks see it: entered once, beside its implementation.</summary>
/// <param name="Name">The op's name.</param>
/// <param name="Run">Calls the op.</param>
/// <param name="Cases">Sample cases, at least one.</param>
public sealed record OpEntry(string Name, Func<Tensor[], OpAttributes, Tensor> Run, params OpCase[] Cases)
{
    /// <summary>The same function composed of basic ops: the oracle of a fused op, and its fallback.</summary>
    public Func<Tensor[], OpAttributes, Tensor>? Decomposition { get; init; }

    /// <summary>A large case for the benchmarks.</summary>
    public OpCase? Benchmark { get; init; }
}

/// <summary>Every op, gathered from the classes marked <see cref="OpFamilyAttribute"/>.</summary>
public static class OpCatalog
{
    /// <summary>All entries by name.</summary>
    public static IReadOnlyDictionary<string, OpEntry> Entries { get; } = Families()
        .SelectMany(t => (OpEntry[])(t.GetField("Entries", BindingFlags.NonPublic | BindingFlags.Static)?.GetValue(null)
            ?? throw new EngineException("op_catalog", $"{t.Name} is an op family without a field Entries")))
        .OrderBy(e => e.Name, StringComparer.Ordinal)
        .ToDictionary(e => e.Name);

    private static IEnumerable<Type> Families() =>
        typeof(OpCatalog).Assembly.GetTypes().Where(t => t.GetCustomAttribute<OpFamilyAttribute>() is not null);
}
