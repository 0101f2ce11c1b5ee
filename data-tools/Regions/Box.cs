using System.Globalization;

namespace AmcEngine.DataTools;

/// <summary>
/// A rectangle in pixels of a picture, corners as (x1, y1) top left and (x2, y2) bottom right. The pixels it covers are
/// x1 ≤ x &lt; x2, y1 ≤ y &lt; y2, as the training mask of the recipe cuts them (specification 5).
/// </summary>
/// <param name="X1">Left edge, pixels.</param>
/// <param name="Y1">Top edge, pixels.</param>
/// <param name="X2">Right edge, pixels.</param>
/// <param name="Y2">Bottom edge, pixels.</param>
public sealed record Box(double X1, double Y1, double X2, double Y2) : Region
{
    /// <inheritdoc/>
    public override string Kind => "box";

    /// <summary>X2 − X1, pixels.</summary>
    public double Width => X2 - X1;

    /// <summary>Y2 − Y1, pixels.</summary>
    public double Height => Y2 - Y1;

    /// <inheritdoc/>
    public override Box Bounds => Weight == 1 ? this : this with { Weight = 1 };

    /// <summary>Width × height, square pixels; 0 where a side is not positive.</summary>
    public override double Area => Width > 0 && Height > 0 ? Width * Height : 0;

    /// <summary>Whether all four numbers are finite.</summary>
    public bool IsFinite =>
        double.IsFinite(X1) && double.IsFinite(Y1) && double.IsFinite(X2) && double.IsFinite(Y2);

    /// <inheritdoc/>
    /// <remarks>
    /// The reference's rule (specification 7): strictly inside is x1 &lt; x &lt; x2 and y1 &lt; y &lt; y2.
    /// </remarks>
    public override bool Contains(double x, double y, Edges edges) => edges == Edges.Strict
        ? x > X1 && x < X2 && y > Y1 && y < Y2
        : x >= X1 && x <= X2 && y >= Y1 && y <= Y2;

    /// <inheritdoc/>
    public override bool Covers(int width, int height)
    {
        // Clamping alone would turn a box beyond the right edge into its last column of pixels.
        if (!IsFinite || X1 >= width || Y1 >= height || X2 <= 0 || Y2 <= 0)
            return false;
        (var x1, var y1, var x2, var y2) = PixelsIn(width, height);
        return x1 < x2 && y1 < y2;
    }

    /// <summary>The box around several.</summary>
    public static Box Around(IEnumerable<Box> boxes) =>
        boxes.Aggregate((a, b) =>
            new Box(Math.Min(a.X1, b.X1), Math.Min(a.Y1, b.Y1), Math.Max(a.X2, b.X2), Math.Max(a.Y2, b.Y2)));

    /// <summary>The box around points.</summary>
    /// <param name="points">At least one.</param>
    /// <param name="margin">What to add on every side.</param>
    internal static Box Around(IReadOnlyList<(double X, double Y)> points, double margin = 0) => new(
        points.Min(p => p.X) - margin, points.Min(p => p.Y) - margin,
        points.Max(p => p.X) + margin, points.Max(p => p.Y) + margin);

    /// <inheritdoc/>
    internal override Box Coordinates => Bounds;

    /// <inheritdoc/>
    internal override Box Scale(double width, double height) =>
        new(X1 * width, Y1 * height, X2 * width, Y2 * height) { Weight = Weight };

    /// <inheritdoc/>
    internal override void FillRow(RegionGrid grid, int row, double weight, Span<float> target)
    {
        if (!Covers(grid.Width, grid.Height))
            return;
        (var x1, var y1, var x2, var y2) = PixelsIn(grid.Width, grid.Height);
        if (row >= y1 && row < y2)
            grid.Fill(x1, x2, weight * Weight, target);
    }

    /// <inheritdoc/>
    internal override void AddChords(double y, List<Chord> chords)
    {
        if (y >= Y1 && y <= Y2 && Area > 0)
            chords.Add(new Chord(X1, X2));
    }

    /// <summary>The corners for a message, such as <c>[1, 2.5, 30, 40]</c>.</summary>
    internal override string Text =>
        string.Create(CultureInfo.InvariantCulture, $"[{X1:G7}, {Y1:G7}, {X2:G7}, {Y2:G7}]");

    // Corners in whole pixels of a picture, by the reference's rule: starts in [0, side − 1], ends in [1, side],
    // fractions cut off.
    private (int X1, int Y1, int X2, int Y2) PixelsIn(int width, int height) => (
        (int)Math.Clamp(X1, 0, width - 1),
        (int)Math.Clamp(Y1, 0, height - 1),
        (int)Math.Clamp(X2, 1, width),
        (int)Math.Clamp(Y2, 1, height));
}
