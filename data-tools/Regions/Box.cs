using System.Globalization;

namespace AmcEngine.DataTools;

/// <summary>
/// A rectangle in pixels of a picture, corners as (x1, y1) top left and (x2, y2) bottom right.
/// The pixels it covers are x1 ≤ x &lt; x2, y1 ≤ y &lt; y2, as the training mask of the recipe cuts them (specification 5).
/// </summary>
/// <param name="X1">Left edge, pixels.</param>
/// <param name="Y1">Top edge, pixels.</param>
/// <param name="X2">Right edge, pixels.</param>
/// <param name="Y2">Bottom edge, pixels.</param>
public readonly record struct Box(double X1, double Y1, double X2, double Y2)
{
    /// <summary>X2 − X1, pixels.</summary>
    public double Width => X2 - X1;

    /// <summary>Y2 − Y1, pixels.</summary>
    public double Height => Y2 - Y1;

    /// <summary>Width × height, square pixels; 0 where a side is not positive.</summary>
    public double Area => Width > 0 && Height > 0 ? Width * Height : 0;

    /// <summary>Whether all four numbers are finite.</summary>
    public bool IsFinite =>
        double.IsFinite(X1) && double.IsFinite(Y1) && double.IsFinite(X2) && double.IsFinite(Y2);

    /// <summary>Whether the box lies at least partly in a picture and covers a pixel of it.</summary>
    /// <param name="width">Width of the picture in pixels.</param>
    /// <param name="height">Height of the picture in pixels.</param>
    public bool Covers(int width, int height)
    {
        // Clamping alone would turn a box beyond the right edge into its last column of pixels.
        if (!IsFinite || X1 >= width || Y1 >= height || X2 <= 0 || Y2 <= 0)
            return false;
        (var x1, var y1, var x2, var y2) = PixelsIn(width, height);
        return x1 < x2 && y1 < y2;
    }

    /// <summary>The corners in whole pixels of a picture, by the reference's rule: starts in [0, side − 1], ends in [1, side], fractions cut off.</summary>
    /// <param name="width">Width of the picture in pixels.</param>
    /// <param name="height">Height of the picture in pixels.</param>
    internal (int X1, int Y1, int X2, int Y2) PixelsIn(int width, int height) => (
        (int)Math.Clamp(X1, 0, width - 1),
        (int)Math.Clamp(Y1, 0, height - 1),
        (int)Math.Clamp(X2, 1, width),
        (int)Math.Clamp(Y2, 1, height));

    /// <summary>The corners for a message, such as <c>[1, 2.5, 30, 40]</c>.</summary>
    internal string Text => string.Create(CultureInfo.InvariantCulture, $"[{X1:G7}, {Y1:G7}, {X2:G7}, {Y2:G7}]");
}
