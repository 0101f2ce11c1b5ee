using System.Globalization;

namespace AmcEngine.DataTools;

/// <summary>
/// A line drawn by hand: everything within half its width of the lines between successive points. Its pixels are those
/// whose centres lie in it.
/// </summary>
/// <param name="Points">The points of the line, at least one.</param>
/// <param name="Width">The line's width in pixels, above 0.</param>
public sealed record Scribble(IReadOnlyList<(double X, double Y)> Points, double Width) : Region
{
    /// <inheritdoc/>
    public override string Kind => "scribble";

    /// <inheritdoc/>
    public override Box Bounds => Box.Around(Points, Width / 2);

    /// <summary>
    /// length · width + π (width / 2)² for a straight line between two points; a longer line, which may bend and cross
    /// itself, is measured by <see cref="ChordArea"/>.
    /// </summary>
    public override double Area =>
        Points.Count <= 2 ? Length * Width + Math.PI * Width * Width / 4 : ChordArea.Of(this, [Bounds]);

    /// <inheritdoc/>
    public override bool Contains(double x, double y, Edges edges)
    {
        var squared = double.MaxValue;
        for (var i = 0; i < Math.Max(1, Points.Count - 1); i++)
            squared = Math.Min(squared, SquaredDistance(x, y, Points[i], Points[Math.Min(i + 1, Points.Count - 1)]));
        return edges == Edges.Strict ? squared < Width * Width / 4 : squared <= Width * Width / 4;
    }

    /// <summary>Equal where points and width are.</summary>
    public bool Equals(Scribble? other) =>
        base.Equals(other) && Width == other.Width && Points.SequenceEqual(other.Points);

    /// <inheritdoc/>
    public override int GetHashCode() => HashCode.Combine(Points.Count, Points[0], Width);

    /// <inheritdoc/>
    // A wide line is in pixels even where its points would pass for shares.
    internal override Box Coordinates => Width > 1 ? Bounds : Box.Around(Points);

    /// <inheritdoc/>
    internal override Scribble Scale(double width, double height) =>
        this with { Points = [.. Points.Select(p => (p.X * width, p.Y * height))], Width = Width * width };

    /// <inheritdoc/>
    internal override void FillRow(RegionGrid grid, int row, double weight, Span<float> target) =>
        FillChords(grid, row, closed: true, weight, target);

    /// <inheritdoc/>
    // A piece of the line with round ends is convex, so that it meets a horizontal line in one chord: that of its discs
    // and its band.
    internal override void AddChords(double y, List<Chord> chords)
    {
        var r = Width / 2;
        for (var i = 0; i < Math.Max(1, Points.Count - 1); i++)
        {
            var (a, b) = (Points[i], Points[Math.Min(i + 1, Points.Count - 1)]);
            double from = double.MaxValue, to = double.MinValue;
            foreach (var (x, cy) in new[] { a, b })
            {
                if (Math.Abs(y - cy) > r)
                    continue;
                var half = Math.Sqrt(r * r - (y - cy) * (y - cy));
                (from, to) = (Math.Min(from, x - half), Math.Max(to, x + half));
            }
            if (Band(y, a, b, r) is { } band)
                (from, to) = (Math.Min(from, band.From), Math.Max(to, band.To));
            if (from <= to)
                chords.Add(new Chord(from, to));
        }
    }

    /// <inheritdoc/>
    internal override string Text =>
        string.Create(CultureInfo.InvariantCulture, $"scribble of {Points.Count} points in {Bounds.Text}");

    private double Length =>
        Math.Sqrt(Math.Pow(Points[^1].X - Points[0].X, 2) + Math.Pow(Points[^1].Y - Points[0].Y, 2));

    // The chord of the rectangle along a line, without its round ends.
    private static Chord? Band(double y, (double X, double Y) a, (double X, double Y) b, double r)
    {
        double dx = b.X - a.X, dy = b.Y - a.Y, length = Math.Sqrt(dx * dx + dy * dy);
        if (length == 0)
            return null;
        double nx = -dy / length * r, ny = dx / length * r;
        List<Chord> chords = [];
        Polygon band = new([(a.X + nx, a.Y + ny), (b.X + nx, b.Y + ny), (b.X - nx, b.Y - ny), (a.X - nx, a.Y - ny)]);
        band.AddChords(y, chords);
        return chords.Count > 0 ? chords[0] : null;
    }

    private static double SquaredDistance(double x, double y, (double X, double Y) a, (double X, double Y) b)
    {
        double dx = b.X - a.X, dy = b.Y - a.Y, squared = dx * dx + dy * dy;
        var along = squared == 0 ? 0 : Math.Clamp(((x - a.X) * dx + (y - a.Y) * dy) / squared, 0, 1);
        double px = x - a.X - along * dx, py = y - a.Y - along * dy;
        return px * px + py * py;
    }
}
