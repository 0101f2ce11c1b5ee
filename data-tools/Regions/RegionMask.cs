namespace AmcEngine.DataTools;

/// <summary>
/// What each cell of a grid over a picture counts: 0 outside of a region, and inside its weight, 1 as a rule
/// (specification 5, "Regions").
/// </summary>
public sealed class RegionMask
{
    private RegionMask(int width, int height)
    {
        Width = width;
        Height = height;
        Values = new float[checked(width * height)];
    }

    /// <summary>Columns.</summary>
    public int Width { get; }

    /// <summary>Rows.</summary>
    public int Height { get; }

    /// <summary>height × width weights, 0…1.</summary>
    public float[] Values { get; }

    /// <summary>
    /// Draws regions over one another, of which the greatest weight counts; without any, the mask is empty.
    /// </summary>
    /// <param name="regions">The regions in pixels of the picture.</param>
    /// <param name="width">Width of the picture in pixels.</param>
    /// <param name="height">Height of the picture in pixels.</param>
    /// <exception cref="ArgumentOutOfRangeException">A side is not positive.</exception>
    public static RegionMask Of(IReadOnlyList<Region> regions, int width, int height)
    {
        CheckSides(width, height);
        return Draw(regions, RegionGrid.Whole(width, height));
    }

    /// <summary>
    /// The same at another grid than the picture's: each cell is the pixel that OpenCV's nearest neighbour takes.
    /// </summary>
    /// <param name="regions">The regions in pixels of the picture.</param>
    /// <param name="width">Width of the picture in pixels.</param>
    /// <param name="height">Height of the picture in pixels.</param>
    /// <param name="gridWidth">Columns of the grid.</param>
    /// <param name="gridHeight">Rows of the grid.</param>
    /// <exception cref="ArgumentOutOfRangeException">A side is not positive.</exception>
    public static RegionMask Of(IReadOnlyList<Region> regions, int width, int height, int gridWidth, int gridHeight)
    {
        CheckSides(width, height);
        CheckSides(gridWidth, gridHeight);
        return Draw(regions, RegionGrid.Nearest(width, height, gridWidth, gridHeight));
    }

    private static RegionMask Draw(IReadOnlyList<Region> regions, RegionGrid grid)
    {
        var mask = new RegionMask(grid.Columns.Length, grid.Rows.Length);
        foreach (var region in regions)
        {
            for (var y = 0; y < mask.Height; y++)
                region.FillRow(grid, grid.Rows[y], 1, mask.Values.AsSpan(y * mask.Width, mask.Width));
        }
        return mask;
    }

    private static void CheckSides(int width, int height)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(width);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(height);
    }
}
