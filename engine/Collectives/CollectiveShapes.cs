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

    /// <summary>That rows for each rank, and from each, are those of two tensors.</summary>
    /// <param name="source">Rows to send.</param>
    /// <param name="sent">How many to each rank.</param>
    /// <param name="target">Rows to receive.</param>
    /// <param name="received">How many from each rank.</param>
    /// <param name="size">The number of ranks.</param>
    /// <exception cref="ShapeException">They are not.</exception>
    /// <exception cref="DTypeException">The element types differ.</exception>
    public static void CheckRows(Tensor source, int[] sent, Tensor target, int[] received, int size)
    {
        if (source.DType != target.DType) throw new DTypeException("all_to_all",
            $"the operands are {source.DType} and {target.DType}; both need one type");
        foreach (var (tensor, counts) in new[] { (source, sent), (target, received) })
            if (tensor.Shape.Rank == 0 || counts.Length != size || counts.Any(c => c < 0)
                || counts.Sum() != tensor.Shape[0])
                throw new ShapeException("all_to_all",
                    $"{tensor.Shape} has not the rows [{string.Join(", ", counts)}] of {size} ranks");
        if (!source.Shape.With(0, 0).Equals(target.Shape.With(0, 0)))
            throw new ShapeException("all_to_all", $"rows of {source.Shape} do not fit into {target.Shape}");
    }

    /// <summary>That there is such a rank.</summary>
    /// <exception cref="ArgumentOutOfRangeException">There is not.</exception>
    public static void CheckRoot(int root, int size)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(root);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(root, size);
    }
}
