using AmcEngine.Amc.Maps;
using AmcEngine.DataTools;

namespace AmcEngine.Amc.Evaluation.Metrics;

/// <summary>How a map chooses among the boxes that a detector proposes.</summary>
internal static class DetectorScore
{
    /// <summary>
    /// Σ of the map inside a box / area^power. The pixels are those of the reference: from one corner to the other,
    /// both cut to whole numbers, as far as the picture goes. The area is that of the box as it is given.
    /// </summary>
    /// <param name="map">The map in the picture's size.</param>
    /// <param name="box">A box.</param>
    /// <param name="power">0.5: the reference's √area; 1: the mean heat.</param>
    public static double Of(Heatmap map, Box box, double power)
    {
        int left = Math.Clamp((int)box.X1, 0, map.Width), right = Math.Clamp((int)box.X2, left, map.Width);
        int top = Math.Clamp((int)box.Y1, 0, map.Height), bottom = Math.Clamp((int)box.Y2, top, map.Height);
        double sum = 0;
        for (var y = top; y < bottom; y++)
        {
            foreach (var value in map.Values.AsSpan(y * map.Width + left, right - left))
                sum += value;
        }
        return sum / Math.Pow(box.Area, power);
    }

    /// <summary>The boxes of a positive score, best first; of equal ones the first.</summary>
    public static IReadOnlyList<Box> Ranked(Heatmap map, IReadOnlyList<Box> boxes, double power) =>
        [.. boxes.Select(b => (Box: b, Score: Of(map, b, power))).Where(b => b.Score > 0)
            .OrderByDescending(b => b.Score).Select(b => b.Box)];
}
