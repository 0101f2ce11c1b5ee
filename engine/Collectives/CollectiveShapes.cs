using AmcEngine.Tensors;

namespace AmcEngine.Collectives;

/// <summary>What every communicator asks of its operands.</summary>
internal static class CollectiveShapes
{
    /// <summary>That one tensor has a rank's rows of another.</summary>
    /// <param name="op">The collective.</param>
    /// <param name="whole">The tensor of all ranks, <c>[size·n, …]</c>.</param>
    /// <param name="part">That of one rank, <c>[n, …]</c>.</param>
    /// <param name="size">The number of ranks.</param>
    /// <exception cref="ShapeException">It has not.</exception>
    /// <exception cref="DTypeException">The element types differ.</exception>
    public static void CheckParts(string op, Tensor whole, Tensor part, int size)
    {
        if (whole.DType != part.DType)
            throw new DTypeException(op, $"the operands are {whole.DType} and {part.DType}; both need one type");
        if (part.Shape.Rank == 0 || !whole.Shape.Equals(part.Shape.With(0, checked(size * part.Shape[0]))))
            throw new ShapeException(op, $"{whole.Shape} is not {size} times {part.Shape}, one after the other");
    }

    /// <summary>That there is such a rank.</summary>
    /// <exception cref="ArgumentOutOfRangeException">There is not.</exception>
    public static void CheckRoot(int root, int size)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(root);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(root, size);
    }
}
