using System.Globalization;

namespace AmcEngine.DataTools;

/// <summary>
/// The inside of a closed line, by the even-odd rule. Its pixels are those whose centres lie inside; a centre on the
/// line belongs to the polygon on its right or below it, so that polygons with a common edge share no pixel.
/// </summary>
/// <param name="Points">The corners, at least three; the last is joined to the first.</param>
public sealed record Polygon(IReadOnlyList<(double X, double Y)> Points) : Region
{
    /// <inheritdoc/>
    public override string Kind => "polygon";

    /// <inheritdoc/>
    public override Box Bounds => Box.Around(Points);

    /// <summary>
    /// By the shoelace formula: ½ |Σ (xᵢ yᵢ₊₁ − xᵢ₊₁ yᵢ)|, exact for polygons that do not cross themselves.
    /// </summary>
    public override double Area
    {
        get
        {
            double sum = 0;
            // From the first corner, so that large coordinates of a small polygon lose nothing.
            (var x, var y) = Points[0];
            for (var i = 1; i < Points.Count - 1; i++)
                sum += (Points[i].X - x) * (Points[i + 1].Y - y) - (Points[i + 1].X - x) * (Points[i].Y - y);
            return Math.Abs(sum) / 2;
        }
    }

    /// <summary>Whether the line neither crosses nor touches itself.</summary>
    public bool IsSimple
    {
        get
        {
            for (var i = 0; i < Points.Count; i++)
            {
                for (var j = i + 1; j < Points.Count; j++)
                {
                    if (Meet(i, j))
                        return false;
                }
            }
            return true;
        }
    }

    /// <inheritdoc/>
    public override bool Contains(double x, double y, Edges edges)
    {
        var inside = false;
        for (var i = 0; i < Points.Count; i++)
        {
            var (a, b) = Edge(i);
            if (IsOn((x, y), a, b))
                return edges == Edges.Inclusive;
            if (a.Y <= y != b.Y <= y && x < CrossingX(a, b, y))
                inside = !inside;
        }
        return inside;
    }

    /// <summary>Equal where the corners are.</summary>
    public bool Equals(Polygon? other) => base.Equals(other) && Points.SequenceEqual(other.Points);

    /// <inheritdoc/>
    public override int GetHashCode() => HashCode.Combine(Points.Count, Points[0]);

    /// <inheritdoc/>
    internal override Box Coordinates => Bounds;

    /// <inheritdoc/>
    internal override Polygon Scale(double width, double height) =>
        this with { Points = [.. Points.Select(p => (p.X * width, p.Y * height))] };

    /// <inheritdoc/>
    internal override void FillRow(RegionGrid grid, int row, double weight, Span<float> target) =>
        FillChords(grid, row, closed: false, weight, target);

    /// <inheritdoc/>
    internal override void AddChords(double y, List<Chord> chords)
    {
        List<double> crossings = [];
        for (var i = 0; i < Points.Count; i++)
        {
            var (a, b) = Edge(i);
            if (a.Y <= y != b.Y <= y)
                crossings.Add(CrossingX(a, b, y));
        }
        crossings.Sort();
        for (var i = 0; i + 1 < crossings.Count; i += 2)
            chords.Add(new Chord(crossings[i], crossings[i + 1]));
    }

    /// <inheritdoc/>
    internal override string Text =>
        string.Create(CultureInfo.InvariantCulture, $"polygon of {Points.Count} points in {Bounds.Text}");

    private ((double X, double Y) From, (double X, double Y) To) Edge(int i) =>
        (Points[i], Points[(i + 1) % Points.Count]);

    private static double CrossingX((double X, double Y) a, (double X, double Y) b, double y) =>
        a.X + (y - a.Y) * (b.X - a.X) / (b.Y - a.Y);

    // Which side of the line from a to b a point lies on: above 0, below 0 or on it.
    private static double Side((double X, double Y) a, (double X, double Y) b, (double X, double Y) p) =>
        (b.X - a.X) * (p.Y - a.Y) - (b.Y - a.Y) * (p.X - a.X);

    private static bool IsOn((double X, double Y) p, (double X, double Y) a, (double X, double Y) b) =>
        p.X >= Math.Min(a.X, b.X) && p.X <= Math.Max(a.X, b.X) && p.Y >= Math.Min(a.Y, b.Y) && p.Y <= Math.Max(a.Y, b.Y)
        && Side(a, b, p) == 0;

    // Whether two edges have a point in common, other than the corner between neighbours.
    private bool Meet(int i, int j)
    {
        var (a, b) = Edge(i);
        var (c, d) = Edge(j);
        var follows = j == i + 1;
        if (follows || (i == 0 && j == Points.Count - 1))
            return follows ? IsOn(d, a, b) || IsOn(a, c, d) : IsOn(c, a, b) || IsOn(b, c, d);
        if (IsOn(a, c, d) || IsOn(b, c, d) || IsOn(c, a, b) || IsOn(d, a, b))
            return true;
        return Side(a, b, c) > 0 != Side(a, b, d) > 0 && Side(c, d, a) > 0 != Side(c, d, b) > 0;
    }
}
