namespace AmcEngine.DataTools;

/// <summary>
/// A part of a picture that a phrase names. It is a closed set in continuous coordinates of the picture: pixel (i, j)
/// covers the square [i, i + 1] × [j, j + 1], and a pointed pixel (x, y) stands at that square's top left corner
/// (specification 5, "Regions").
/// </summary>
public abstract record Region
{
    private readonly double _weight = 1;

    private protected Region()
    {
    }

    /// <summary>What annotation files and statistics call the kind of region, such as <c>polygon</c>.</summary>
    public abstract string Kind { get; }

    /// <summary>What a pixel of the region counts in a mask, above 0 up to 1; hits do not depend on it.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The weight is not above 0, or above 1.</exception>
    public double Weight
    {
        get => _weight;
        init => _weight = value is > 0 and <= 1
            ? value
            : throw new ArgumentOutOfRangeException(nameof(value), value, "a weight is above 0 and at most 1");
    }

    /// <summary>The smallest box around the region, of weight 1.</summary>
    public abstract Box Bounds { get; }

    /// <summary>The region's area in square pixels, whatever its weight.</summary>
    public abstract double Area { get; }

    /// <summary>Whether a point lies in the region.</summary>
    /// <param name="x">From the picture's left edge, pixels.</param>
    /// <param name="y">From the picture's upper edge, pixels.</param>
    /// <param name="edges">Whether the region's edge counts.</param>
    public abstract bool Contains(double x, double y, Edges edges);

    /// <summary>The weights of the pixels of a picture.</summary>
    /// <param name="width">Width of the picture in pixels.</param>
    /// <param name="height">Height of the picture in pixels.</param>
    /// <exception cref="ArgumentOutOfRangeException">A side is not positive.</exception>
    public RegionMask Rasterize(int width, int height) => RegionMask.Of([this], width, height);

    /// <summary>The same at another grid than the picture's, as OpenCV's nearest neighbour resizes a mask.</summary>
    /// <param name="width">Width of the picture in pixels.</param>
    /// <param name="height">Height of the picture in pixels.</param>
    /// <param name="gridWidth">Columns of the grid.</param>
    /// <param name="gridHeight">Rows of the grid.</param>
    /// <exception cref="ArgumentOutOfRangeException">A side is not positive.</exception>
    public RegionMask Rasterize(int width, int height, int gridWidth, int gridHeight) =>
        RegionMask.Of([this], width, height, gridWidth, gridHeight);

    /// <summary>Whether the region covers a pixel of a picture.</summary>
    /// <param name="width">Width of the picture in pixels.</param>
    /// <param name="height">Height of the picture in pixels.</param>
    public virtual bool Covers(int width, int height)
    {
        var grid = RegionGrid.Whole(width, height);
        var row = new float[width];
        var bounds = Bounds;
        if (!(bounds.Y1 < height && bounds.Y2 > 0))
            return false;
        int first = (int)Math.Clamp(bounds.Y1, 0, height - 1), last = (int)Math.Clamp(bounds.Y2, 0, height - 1);
        for (var y = first; y <= last; y++)
        {
            FillRow(grid, y, 1, row);
            if (row.AsSpan().ContainsAnyExcept(0f))
                return true;
        }
        return false;
    }

    /// <summary>What messages call the region, such as <c>polygon of 5 points in [1, 2, 30, 40]</c>.</summary>
    public sealed override string ToString() => Text;

    /// <summary>The same for derived records, which may not change <see cref="ToString"/>.</summary>
    internal abstract string Text { get; }

    /// <summary>
    /// The box around the numbers that an annotation gives, from which its unit can be told; null where they are pixels
    /// always.
    /// </summary>
    internal abstract Box? Coordinates { get; }

    /// <summary>
    /// The region with coordinates multiplied by the picture's sides. Radii and widths go with its width.
    /// </summary>
    internal abstract Region Scale(double width, double height);

    /// <summary>The region as a training sample has it: of a <see cref="Choice"/>, one part.</summary>
    internal virtual Region Draw(SeededRandom random) => this;

    /// <summary>The region for a picture: its files read, its size compared.</summary>
    /// <param name="width">Width of the picture in pixels.</param>
    /// <param name="height">Height of the picture in pixels.</param>
    /// <param name="read">Reads the file of a mask by its path; null where no file may be read.</param>
    /// <exception cref="DataException">
    /// The region does not fit the picture, or a file cannot be read; one line without the region's place.
    /// </exception>
    internal virtual Region Fit(int width, int height, Func<string, MaskPicture>? read) => this;

    /// <summary>Raises the weights of a row of the grid to those of the region.</summary>
    /// <param name="grid">Which pixels of the picture are wanted.</param>
    /// <param name="row">The row of the picture.</param>
    /// <param name="weight">What the region's own weights are multiplied by.</param>
    /// <param name="target">A weight for each column of the grid.</param>
    internal abstract void FillRow(RegionGrid grid, int row, double weight, Span<float> target);

    /// <summary>
    /// Adds the stretches in which a horizontal line runs through the region, in no order; they may overlap.
    /// </summary>
    internal abstract void AddChords(double y, List<Chord> chords);

    /// <summary>
    /// <see cref="FillRow"/> of an outline: the pixels whose centres lie on the stretches of <see cref="AddChords"/>.
    /// </summary>
    /// <param name="grid">Which pixels of the picture are wanted.</param>
    /// <param name="row">The row of the picture.</param>
    /// <param name="closed">Whether a centre at the end of a stretch belongs to it.</param>
    /// <param name="weight">What the region's own weight is multiplied by.</param>
    /// <param name="target">A weight for each column of the grid.</param>
    private protected void FillChords(RegionGrid grid, int row, bool closed, double weight, Span<float> target)
    {
        List<Chord> chords = [];
        AddChords(row + 0.5, chords);
        grid.Fill(chords, closed, weight * Weight, target);
    }
}

/// <summary>A stretch of a horizontal line, from one x to another.</summary>
internal readonly record struct Chord(double From, double To);
