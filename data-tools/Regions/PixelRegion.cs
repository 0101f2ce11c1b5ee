namespace AmcEngine.DataTools;

/// <summary>A region of whole pixels; it is the union of their closed squares. Its size is the picture's.</summary>
public abstract record PixelRegion : Region
{
    private protected PixelRegion()
    {
    }

    /// <summary>Width of the picture in pixels.</summary>
    public abstract int Width { get; }

    /// <summary>Height of the picture in pixels.</summary>
    public abstract int Height { get; }

    /// <summary>
    /// What a pixel of the picture counts, 0…1, before <see cref="Region.Weight"/>; above 0 it belongs to the region.
    /// </summary>
    /// <param name="x">0 ≤ x &lt; <see cref="Width"/>.</param>
    /// <param name="y">0 ≤ y &lt; <see cref="Height"/>.</param>
    public abstract float this[int x, int y] { get; }

    /// <inheritdoc/>
    /// <remarks>
    /// A point inside of a pixel's square belongs to it alone, a point on an edge to both neighbours, a corner to four:
    /// strictly inside, all of them are set; with the edge, any.
    /// </remarks>
    public override bool Contains(double x, double y, Edges edges)
    {
        if (!(x >= 0 && x <= Width && y >= 0 && y <= Height))
            return false;
        int right = (int)x, below = (int)y;
        int left = x == right ? right - 1 : right, above = y == below ? below - 1 : below;
        return edges == Edges.Strict
            ? IsSet(left, above) && IsSet(right, above) && IsSet(left, below) && IsSet(right, below)
            : IsSet(left, above) || IsSet(right, above) || IsSet(left, below) || IsSet(right, below);
    }

    /// <summary>Whether a pixel belongs to the region; those outside of the picture do not.</summary>
    public bool IsSet(int x, int y) => x >= 0 && x < Width && y >= 0 && y < Height && this[x, y] > 0;

    /// <inheritdoc/>
    internal override Box? Coordinates => null;

    /// <inheritdoc/>
    internal override Region Scale(double width, double height) => this;

    /// <inheritdoc/>
    internal override Region Fit(int width, int height, Func<string, MaskPicture>? read)
    {
        if ((Width, Height) == (width, height))
            return this;
        throw new DataException(
            $"{Text} does not fit the {width}×{height} picture; a mask has the size of its picture");
    }

    /// <inheritdoc/>
    internal override void FillRow(RegionGrid grid, int row, double weight, Span<float> target)
    {
        if (row >= Height)
            return;
        for (var i = 0; i < target.Length && grid.Columns[i] < Width; i++)
            target[i] = Math.Max(target[i], (float)(this[grid.Columns[i], row] * weight * Weight));
    }

    /// <inheritdoc/>
    internal override void AddChords(double y, List<Chord> chords)
    {
        var row = (int)Math.Floor(y);
        for (int x = 0, from = -1; x <= Width; x++)
        {
            var set = IsSet(x, row);
            if (set && from < 0)
                from = x;
            if (set || from < 0)
                continue;
            chords.Add(new Chord(from, x));
            from = -1;
        }
    }
}
