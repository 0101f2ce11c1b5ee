using System.Numerics;
using AmcEngine.Tensors;

namespace AmcEngine.Collectives;

/// <summary>A call that all ranks have to make alike: what they compare before each collective.</summary>
/// <param name="Name">The collective.</param>
/// <param name="Reduction">How values become one.</param>
/// <param name="Root">The rank that sends to all, or gets from all.</param>
/// <param name="Count">Values on the host.</param>
/// <param name="Type">Element type of the tensor.</param>
/// <param name="Shape">Its shape.</param>
internal readonly record struct CollectiveCall(string Name, Reduction? Reduction = null, int? Root = null,
    int? Count = null, DType? Type = null, Shape? Shape = null)
{
    /// <summary>The collective that brings a sum to one rank.</summary>
    public const string Reduce = "reduce";

    private const ulong Prime = 1099511628211;

    /// <summary>A number that is the same in every process for equal calls, and another one for others.</summary>
    public ulong Hash()
    {
        // FNV-1a on numbers. The runtime's own hash differs from process to process.
        var hash = 14695981039346656037UL;
        foreach (var letter in Name) hash = Next(hash, letter);
        hash = Next(Next(Next(hash, (int?)Reduction ?? -1), Root ?? -1), Count ?? -1);
        if (Shape is null) return hash;
        hash = Next(Next(hash, (int?)Type ?? -1), Shape.Rank);
        foreach (var extent in Shape.Dims) hash = Next(hash, extent);
        return hash;
    }

    /// <summary>The call for people, as in "all_reduce Sum of F32[4]".</summary>
    public override string ToString() => Name
        + (Reduction is { } reduction ? $" {reduction}" : "")
        + (Root is { } root ? $" {(Name == Reduce ? "to" : "from")} {root}" : "")
        + (Count is { } count ? $" of {count} values" : "")
        + (Shape is null ? "" : $" of {Type}{Shape}");

    // The high half of a product reaches the low one, as it does not in the original.
    private static ulong Next(ulong hash, int number) => BitOperations.RotateLeft((hash ^ (uint)number) * Prime, 29);
}
