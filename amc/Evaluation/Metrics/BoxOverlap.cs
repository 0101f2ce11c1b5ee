using AmcEngine.DataTools;

namespace AmcEngine.Amc.Evaluation.Metrics;

/// <summary>Intersection over union of two boxes, 0..1.</summary>
internal static class BoxOverlap
{
    /// <summary>Share from which on a box counts as found.</summary>
    public const double Found = 0.5;

    /// <summary>Of the rectangles as they are.</summary>
    public static double Of(Box a, Box b)
    {
        double width = Math.Min(a.X2, b.X2) - Math.Max(a.X1, b.X1),
            height = Math.Min(a.Y2, b.Y2) - Math.Max(a.Y1, b.Y1);
        var both = width > 0 && height > 0 ? width * height : 0;
        var either = a.Area + b.Area - both;
        return either > 0 ? both / either : 0;
    }

    /// <summary>
    /// The reference's (specification 7): the last pixel of a box is x + w − 1, an overlap of one pixel's width is
    /// none, and what overlaps is counted in pixels, last included.
    /// </summary>
    public static double Reference(Box a, Box b)
    {
        double x1 = Math.Max(a.X1, b.X1), x2 = Math.Min(a.X2 - 1, b.X2 - 1);
        double y1 = Math.Max(a.Y1, b.Y1), y2 = Math.Min(a.Y2 - 1, b.Y2 - 1);
        var both = x1 < x2 && y1 < y2 ? (x2 - x1 + 1) * (y2 - y1 + 1) : 0;
        return both / (a.Width * a.Height + b.Width * b.Height - both);
    }
}
