namespace AmcEngine.DataTools;

/// <summary>One item of a scene: what it is and the square it is drawn in.</summary>
/// <param name="Kind">Its shape.</param>
/// <param name="Color">Its colour, an index into <see cref="NamedColor.All"/>.</param>
/// <param name="Large">Whether phrases call it large or small.</param>
/// <param name="Side">Side of its square in pixels.</param>
/// <param name="X">Left edge in pixels.</param>
/// <param name="Y">Top edge in pixels.</param>
internal readonly record struct ShapeItem(ShapeKind Kind, int Color, bool Large, int Side, int X, int Y)
{
    /// <summary>Twice the centre's x, so that it stays a whole number.</summary>
    public int CentreX2 => 2 * X + Side;

    /// <summary>Twice the centre's y.</summary>
    public int CentreY2 => 2 * Y + Side;

    /// <summary>Whether kind and colour are those of another item.</summary>
    public bool LooksLike(ShapeItem other) => Kind == other.Kind && Color == other.Color;
}
