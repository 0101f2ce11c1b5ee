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
}
