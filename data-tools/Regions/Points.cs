using System.Globalization;

namespace AmcEngine.DataTools;

/// <summary>Clicks: the discs around some points. Their pixels are those whose centres lie in a disc.</summary>
/// <param name="Centers">The points, at least one.</param>
/// <param name="Radius">Radius of every disc in pixels, above 0.</param>
public sealed record Points(IReadOnlyList<(double X, double Y)> Centers, double Radius) : Region
{
    /// <inheritdoc/>
    public override string Kind => "points";

    /// <inheritdoc/>
    public override Box Bounds => Box.Around(Centers, Radius);

    /// <summary>
    /// The area of the union of the discs, exact: Green's theorem, ½ ∮ (x dy − y dx), along those arcs of the circles
    /// that lie in no other disc.
    /// </summary>
    public override double Area
    {
        get
        {
            var centers = Centers.Distinct().ToArray();
            return centers.Sum(c => FreeArcs(c, centers).Sum(arc => AlongArc(c, arc)));
        }
    }

    /// <inheritdoc/>
    public override bool Contains(double x, double y, Edges edges)
    {
        foreach (var (cx, cy) in Centers)
        {
            var squared = (x - cx) * (x - cx) + (y - cy) * (y - cy);
            if (edges == Edges.Strict ? squared < Radius * Radius : squared <= Radius * Radius)
                return true;
        }
        return false;
    }

    /// <summary>Equal where points and radius are.</summary>
    public bool Equals(Points? other) =>
        base.Equals(other) && Radius == other.Radius && Centers.SequenceEqual(other.Centers);

    /// <inheritdoc/>
    public override int GetHashCode() => HashCode.Combine(Centers.Count, Centers[0], Radius);

    /// <inheritdoc/>
    // A large radius is in pixels even where the points would pass for shares.
    internal override Box Coordinates => Radius > 1 ? Bounds : Box.Around(Centers);

    /// <inheritdoc/>
    internal override Points Scale(double width, double height) =>
        this with { Centers = [.. Centers.Select(p => (p.X * width, p.Y * height))], Radius = Radius * width };

    /// <inheritdoc/>
    internal override void FillRow(RegionGrid grid, int row, double weight, Span<float> target) =>
        FillChords(grid, row, closed: true, weight, target);

    /// <inheritdoc/>
    internal override void AddChords(double y, List<Chord> chords)
    {
        foreach (var (cx, cy) in Centers)
        {
            if (Math.Abs(y - cy) > Radius)
                continue;
            var half = Math.Sqrt(Radius * Radius - (y - cy) * (y - cy));
            chords.Add(new Chord(cx - half, cx + half));
        }
    }

    /// <inheritdoc/>
    internal override string Text =>
        string.Create(CultureInfo.InvariantCulture, $"{Centers.Count} points in {Bounds.Text}");

    // ½ ∫ (x dy − y dx) along an arc of the circle around a point.
    private double AlongArc((double X, double Y) center, Chord arc)
    {
        double sines = Math.Sin(arc.To) - Math.Sin(arc.From), cosines = Math.Cos(arc.To) - Math.Cos(arc.From);
        return Radius * (Radius * (arc.To - arc.From) + center.X * sines - center.Y * cosines) / 2;
    }

    // The arcs of a circle, by their angles in 0…2π, that lie in no other disc.
    private List<Chord> FreeArcs((double X, double Y) center, (double X, double Y)[] centers)
    {
        List<Chord> hidden = [];
        foreach (var (x, y) in centers.Where(c => c != center))
        {
            var distance = Math.Sqrt((x - center.X) * (x - center.X) + (y - center.Y) * (y - center.Y));
            if (distance >= 2 * Radius)
                continue;
            double half = Math.Acos(distance / (2 * Radius)), from = Math.Atan2(y - center.Y, x - center.X) - half;
            if (from < 0)
                from += Math.Tau;
            var to = from + 2 * half;
            hidden.Add(new Chord(from, Math.Min(to, Math.Tau)));
            if (to > Math.Tau)
                hidden.Add(new Chord(0, to - Math.Tau));
        }
        List<Chord> free = [];
        double at = 0;
        foreach (var arc in hidden.OrderBy(h => h.From))
        {
            if (arc.From > at)
                free.Add(new Chord(at, arc.From));
            at = Math.Max(at, arc.To);
        }
        if (at < Math.Tau)
            free.Add(new Chord(at, Math.Tau));
        return free;
    }
}
