namespace AmcEngine.DataTools;

/// <summary>Which pixels of a picture make up the cells of a grid.</summary>
/// <param name="Width">Width of the picture in pixels.</param>
/// <param name="Height">Height of the picture in pixels.</param>
/// <param name="Columns">The picture's column of each column of the grid, ascending.</param>
/// <param name="Rows">The picture's row of each row of the grid, ascending.</param>
internal sealed record RegionGrid(int Width, int Height, int[] Columns, int[] Rows)
{
    /// <summary>All pixels of a picture.</summary>
    public static RegionGrid Whole(int width, int height) =>
        new(width, height, [.. Enumerable.Range(0, width)], [.. Enumerable.Range(0, height)]);

    /// <summary>The pixels that OpenCV's nearest neighbour takes for a grid of another size.</summary>
    public static RegionGrid Nearest(int width, int height, int gridWidth, int gridHeight) =>
        new(width, height, NearestSources(width, gridWidth), NearestSources(height, gridHeight));

    /// <summary>Which row or column OpenCV's INTER_NEAREST takes for each new one: floor(target · scale).</summary>
    /// <param name="size">The old side in pixels.</param>
    /// <param name="newSize">The new side in pixels.</param>
    public static int[] NearestSources(int size, int newSize)
    {
        // Twice divided, as OpenCV computes the scale: size / newSize may differ in the last bit, and floor shows it.
        var scale = 1.0 / ((double)newSize / size);
        var sources = new int[newSize];
        for (var i = 0; i < newSize; i++)
            sources[i] = Math.Min((int)Math.Floor(i * scale), size - 1);
        return sources;
    }

    /// <summary>Raises the weights of the cells whose pixels have their centres in some chords.</summary>
    /// <param name="chords">Stretches of the line through the centres of a row of pixels.</param>
    /// <param name="closed">Whether a centre at the right end of a chord belongs to it.</param>
    /// <param name="weight">The weight.</param>
    /// <param name="target">A weight for each column of the grid.</param>
    public void Fill(List<Chord> chords, bool closed, double weight, Span<float> target)
    {
        foreach (var chord in chords)
        {
            var end = closed ? Math.Floor(chord.To - 0.5) + 1 : Math.Ceiling(chord.To - 0.5);
            var from = Math.Ceiling(chord.From - 0.5);
            Fill((int)Math.Clamp(from, 0, Width), (int)Math.Clamp(end, 0, Width), weight, target);
        }
    }

    /// <summary>
    /// Raises the weights of the cells whose pixels lie from one column up to another, which is not among them.
    /// </summary>
    public void Fill(int from, int to, double weight, Span<float> target)
    {
        for (var i = FirstFrom(from); i < Columns.Length && Columns[i] < to; i++)
            target[i] = Math.Max(target[i], (float)weight);
    }

    private int FirstFrom(int column)
    {
        int low = 0, high = Columns.Length;
        while (low < high)
        {
            var middle = (low + high) / 2;
            if (Columns[middle] < column)
                low = middle + 1;
            else
                high = middle;
        }
        return low;
    }
}
