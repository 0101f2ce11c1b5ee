using System.IO.Hashing;
using System.Runtime.InteropServices;
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

    /// <summary>Bytes of the tensor.</summary>
    public long Bytes => Shape is null || Type is not { } type ? 0 : (long)Shape.Count * type.Size();

    /// <summary>A number that is the same in every process for equal calls, and another one for others.</summary>
    public ulong Hash()
    {
        const int shape = 5;
        var name = shape + (Shape?.Rank ?? 0);
        Span<int> numbers = stackalloc int[name + Name.Length];
        (numbers[0], numbers[1], numbers[2]) = ((int?)Reduction ?? -1, Root ?? -1, Count ?? -1);
        (numbers[3], numbers[4]) = ((int?)Type ?? -1, Shape?.Rank ?? -1);
        Shape?.Dims.CopyTo(numbers[shape..]);
        for (var i = 0; i < Name.Length; i++) numbers[name + i] = Name[i];
        return XxHash3.HashToUInt64(MemoryMarshal.AsBytes(numbers));
    }

    /// <summary>The call for people, as in "all_reduce Sum of F32[4]".</summary>
    public override string ToString() => Name
        + (Reduction is { } reduction ? $" {reduction}" : "")
        + (Root is { } root ? $" {(Name == Reduce ? "to" : "from")} {root}" : "")
        + (Count is { } count ? $" of {count} values" : "")
        + (Shape is null ? "" : $" of {Type}{Shape}");
}
