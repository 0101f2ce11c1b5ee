using AmcEngine.Tensors;

namespace AmcEngine.Backends;

/// <summary>
/// What a kernel call is called and what it costs. Floating-point operations are those of the CPU back end's kernel in
/// f32: a fused multiply-add is two, a minimum, comparison, division or root one, and a function such as exp what its
/// polynomial takes. Bytes are the compulsory traffic: every operand read once, every result written once; what a
/// kernel reads again because a cache is small does not count, nor what it keeps for itself.
/// </summary>
/// <param name="Name">The kernel's name, for people: "matmul nt", "attention forward".</param>
/// <param name="Flop">Floating-point operations.</param>
/// <param name="Bytes">Bytes read and written.</param>
public readonly record struct KernelWork(string Name, double Flop, double Bytes)
{
    /// <summary>Sizes that tell calls of one name apart, where it has them.</summary>
    public KernelShape Shape { get; init; }

    /// <summary>Work of a fixed number of operations for each element of a tensor.</summary>
    /// <param name="name">The kernel's name.</param>
    /// <param name="flop">Operations of an element.</param>
    /// <param name="counted">The tensor whose elements count; it is read or written once.</param>
    /// <param name="others">What else is read or written once; twice where it stands twice.</param>
    public static KernelWork Of(string name, double flop, Tensor counted, params ReadOnlySpan<Tensor?> others)
    {
        var bytes = Size(counted);
        foreach (var t in others) bytes += Size(t);
        return new KernelWork(name, flop * counted.Count, bytes);
    }

    /// <summary>Bytes of a tensor; none where there is none.</summary>
    public static double Size(Tensor? t) => t is null ? 0 : (double)t.Count * t.DType.Size();
}
