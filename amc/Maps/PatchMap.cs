using AmcEngine.DataTools;
using AmcEngine.Model;

namespace AmcEngine.Amc.Maps;

/// <summary>How much each patch of a picture speaks for a phrase: the explanation before it is enlarged.</summary>
/// <param name="Side">Patches a side.</param>
/// <param name="Values">Side × side numbers, row by row.</param>
internal sealed record PatchMap(int Side, float[] Values)
{
    /// <summary>
    /// Where the model saw only the square in the middle of the picture: the map covers that square, and outside of it
    /// is nothing. Null where it saw the whole picture.
    /// </summary>
    public CentreCrop? Crop { get; init; }

    /// <summary>The map of an answer that was read without it: no patch at all.</summary>
    public static PatchMap Unknown { get; } = new(0, []);

    /// <summary>Whether all values are equal: such a map points nowhere.</summary>
    public bool IsFlat => !Values.AsSpan().ContainsAnyExcept(Values[0]);

    /// <summary>Whether no value is NaN or infinite.</summary>
    public bool IsFinite => Array.TrueForAll(Values, float.IsFinite);

    /// <summary>Refuses a map with NaN or infinity.</summary>
    /// <param name="phrase">The phrase, for the message.</param>
    /// <param name="image">The picture, for the message.</param>
    /// <returns>The map.</returns>
    /// <exception cref="ModelException">A value is not finite.</exception>
    public PatchMap RequireFinite(string phrase, string image)
    {
        var bad = Values.Count(v => !float.IsFinite(v));
        return bad == 0 ? this : throw new ModelException(
            $"{image}: the heatmap of \"{phrase}\" holds {bad} of {Values.Length} values that are not finite; "
                + "the weights give no answer, use another checkpoint");
    }

    /// <summary>
    /// The pointed pixel of a picture (specification 7): of the map enlarged to the picture's size, the first that has
    /// the largest value, row by row. Null where the map is flat. The enlarged map is never held: rows come one by one.
    /// </summary>
    /// <param name="width">Width of the picture.</param>
    /// <param name="height">Height of the picture.</param>
    public (int X, int Y)? Peak(int width, int height)
    {
        if (IsFlat)
            return null;
        var window = Window(width, height);
        var rows = new EnlargedRows(Values, Side, window.Width, window.Height);
        var row = new float[window.Width];
        var best = float.NegativeInfinity;
        (int, int) point = default;
        for (var y = 0; y < window.Height; y++)
        {
            var largest = rows.Read(y, row);
            if (largest > best)
                (best, point) = (largest, (window.X + Array.IndexOf(row, largest), window.Y + y));
        }
        return point;
    }

    /// <summary>
    /// The map in another size, for a picture of it; 0 where the model saw nothing, unless the map is flat.
    /// </summary>
    /// <param name="width">New width.</param>
    /// <param name="height">New height.</param>
    public Heatmap Enlarge(int width, int height)
    {
        var values = new float[width * height];
        // A flat map points nowhere: it must not show as a square.
        var window = IsFlat ? (X: 0, Y: 0, Width: width, Height: height) : Window(width, height);
        var rows = new EnlargedRows(Values, Side, window.Width, window.Height);
        for (var y = 0; y < window.Height; y++)
            rows.Read(y, values.AsSpan((window.Y + y) * width + window.X, window.Width));
        return new Heatmap(width, height, values);
    }

    /// <summary>The map on a square grid that is stretched over the whole picture, whatever its shape.</summary>
    /// <param name="side">Cells a side.</param>
    /// <param name="width">Width of the picture.</param>
    /// <param name="height">Height of the picture.</param>
    /// <returns>Side × side numbers, row by row.</returns>
    public float[] OnGrid(int side, int width, int height)
    {
        if (Crop is null)
            return Enlarge(side, side).Values;
        // The square is one in the picture's own shape alone: enlarged in that shape, then read at the cells' middles.
        var scale = Math.Min(4.0 * side / Math.Min(width, height), 4096.0 / Math.Max(width, height));
        var heat = Enlarge(Math.Max(1, (int)Math.Round(width * scale)), Math.Max(1, (int)Math.Round(height * scale)));
        var cells = new float[side * side];
        for (var y = 0; y < side; y++)
            for (var x = 0; x < side; x++)
                cells[y * side + x] = heat.Values[Middle(y, heat.Height) * heat.Width + Middle(x, heat.Width)];
        return cells;

        int Middle(int cell, int length) => (int)((cell + 0.5) * length / side);
    }

    private (int X, int Y, int Width, int Height) Window(int width, int height) =>
        Crop?.Window(width, height) ?? (0, 0, width, height);
}
