using System.Globalization;

namespace AmcEngine.DataTools;

/// <summary>Several regions as one. A point lies in it, with or without its edge, where it lies so in a part.</summary>
/// <param name="Parts">The regions, at least one.</param>
public abstract record CompoundRegion(IReadOnlyList<Region> Parts) : Region
{
    /// <inheritdoc/>
    public override Box Bounds => Box.Around(Parts.Select(p => p.Bounds));

    /// <summary>
    /// The area of the union: the sum of the parts' where their bounds are apart, else by <see cref="ChordArea"/>.
    /// </summary>
    public override double Area
    {
        get
        {
            Box[] bounds = [.. Parts.Select(p => p.Bounds)];
            var meet = bounds.Where((a, i) => bounds.Take(i).Any(b => Meet(a, b))).Any();
            return meet ? ChordArea.Of(this, bounds) : Parts.Sum(p => p.Area);
        }
    }

    /// <inheritdoc/>
    public override bool Contains(double x, double y, Edges edges) => Parts.Any(p => p.Contains(x, y, edges));

    /// <inheritdoc/>
    public override bool Covers(int width, int height) => Parts.Any(p => p.Covers(width, height));

    /// <summary>Equal where the parts are.</summary>
    public virtual bool Equals(CompoundRegion? other) => base.Equals(other) && Parts.SequenceEqual(other.Parts);

    /// <inheritdoc/>
    public override int GetHashCode() => HashCode.Combine(EqualityContract, Parts.Count, Parts[0]);

    /// <inheritdoc/>
    internal override Box? Coordinates
    {
        get
        {
            Box[] known = [.. Parts.Select(p => p.Coordinates).OfType<Box>()];
            return known.Length == 0 ? null : Box.Around(known);
        }
    }

    /// <inheritdoc/>
    internal override Region Scale(double width, double height) =>
        this with { Parts = [.. Parts.Select(p => p.Scale(width, height))] };

    /// <inheritdoc/>
    internal override Region Fit(int width, int height, Func<string, MaskPicture>? read) =>
        this with { Parts = [.. Parts.Select(p => p.Fit(width, height, read))] };

    /// <inheritdoc/>
    internal override void FillRow(RegionGrid grid, int row, double weight, Span<float> target)
    {
        foreach (var part in Parts)
            part.FillRow(grid, row, weight * Weight, target);
    }

    /// <inheritdoc/>
    internal override void AddChords(double y, List<Chord> chords)
    {
        foreach (var part in Parts)
            part.AddChords(y, chords);
    }

    private static bool Meet(Box a, Box b) => a.X1 < b.X2 && b.X1 < a.X2 && a.Y1 < b.Y2 && b.Y1 < a.Y2;
}

/// <summary>Several regions together, as an object in pieces.</summary>
/// <param name="Parts">The regions, at least one.</param>
public sealed record Union(IReadOnlyList<Region> Parts) : CompoundRegion(Parts)
{
    /// <inheritdoc/>
    public override string Kind => "union";

    /// <inheritdoc/>
    internal override string Text => string.Create(CultureInfo.InvariantCulture, $"union of {Parts.Count} regions");

    /// <inheritdoc/>
    internal override Region Draw(SeededRandom random) => this with { Parts = [.. Parts.Select(p => p.Draw(random))] };
}

/// <summary>Several regions of which one is meant: training draws one for each sample, evaluation takes any.</summary>
/// <param name="Parts">The regions, at least one.</param>
public sealed record Choice(IReadOnlyList<Region> Parts) : CompoundRegion(Parts)
{
    /// <inheritdoc/>
    public override string Kind => "choice";

    /// <inheritdoc/>
    internal override string Text => string.Create(CultureInfo.InvariantCulture, $"choice of {Parts.Count} regions");

    /// <inheritdoc/>
    internal override Region Draw(SeededRandom random)
    {
        var part = random.Pick(Parts).Draw(random);
        return part with { Weight = part.Weight * Weight };
    }
}
