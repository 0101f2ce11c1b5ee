using AmcEngine.Autograd;
using AmcEngine.Memory;
using AmcEngine.Ops;
using AmcEngine.Tensors;

namespace AmcEngine.Model.Checkpoints;

/// <summary>Position embeddings for another image size (specification 1, positional-embedding interpolation).</summary>
public static class PositionEmbedding
{
    /// <summary>
    /// Resizes <c>[1, 1 + o², D]</c> to <c>[1, 1 + n², D]</c>, with the leading 1 or without it: the class row stays,
    /// the grid is interpolated bicubically (A = −0.75, corners not aligned, no antialiasing). The same tensor where o
    /// = n.
    /// </summary>
    /// <exception cref="ModelException">The rows behind the first do not form a square grid.</exception>
    public static Tensor Resize(Tensor positions, int grid)
    {
        if (positions.Shape.Rank == 2)
            return MemoryScope.Run(() => Resize(positions.Reshape(1, positions.Shape[0], positions.Shape[1]), grid))
                .Reshape(-1, positions.Shape[1]);
        var (rows, width) = (positions.Shape[1] - 1, positions.Shape[2]);
        if (!IsGrid(rows, out var old))
            throw new ModelException(
                $"position embedding: {positions.Shape} does not hold a class row and a square grid");
        if (old == grid) return positions;
        using var noGrad = NoGrad.Begin();
        return MemoryScope.Run(() =>
        {
            var image = positions.Slice(1, 1, 1 + rows).Reshape(1, old, old, width).Permute(0, 3, 1, 2);
            var resized = image.Interpolate(grid, grid, InterpolationMode.Bicubic).Permute(0, 2, 3, 1);
            return Movement.Concat([positions.Slice(1, 0, 1), resized.Reshape(1, grid * grid, width)], 1);
        });
    }

    /// <summary>Whether a number of rows is a square, and of which side.</summary>
    internal static bool IsGrid(long rows, out int side)
    {
        side = (int)Math.Round(Math.Sqrt(rows));
        return rows > 0 && (long)side * side == rows;
    }
}
