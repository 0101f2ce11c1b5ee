using AmcEngine.DataTools;

namespace AmcEngine.Amc.Evaluation.Protocols;

/// <summary>Which pixels of a picture a region covers: those whose middle lies in it, edges included.</summary>
/// <param name="Width">Width in pixels.</param>
/// <param name="Height">Height in pixels.</param>
/// <param name="Pixels">height × width, row by row.</param>
internal sealed record PixelMask(int Width, int Height, bool[] Pixels)
{
    /// <summary>Share of the picture that is covered.</summary>
    public double Share => Pixels.Count(p => p) / ((double)Width * Height);

    /// <summary>The pixels of any region of a question.</summary>
    public static PixelMask Of(EvaluationSample sample)
    {
        int width = sample.Width, height = sample.Height;
        var pixels = new bool[width * height];
        foreach (var region in sample.Regions)
        {
            var bounds = region.Bounds;
            int left = Cut(bounds.X1, width), right = Cut(bounds.X2 + 1, width), bottom = Cut(bounds.Y2 + 1, height);
            for (var y = Cut(bounds.Y1, height); y < bottom; y++)
            {
                for (var x = left; x < right; x++)
                    pixels[y * width + x] |= region.Contains(x + 0.5, y + 0.5, Edges.Inclusive);
            }
        }
        return new PixelMask(width, height, pixels);
    }

    /// <summary>Whether any region covers a pixel.</summary>
    public static bool Covers(IReadOnlyList<Region> regions, int x, int y)
    {
        foreach (var region in regions)
        {
            if (region.Contains(x + 0.5, y + 0.5, Edges.Inclusive))
                return true;
        }
        return false;
    }

    /// <summary>The pixels less than a distance from a covered one.</summary>
    /// <param name="distance">Pixels.</param>
    public PixelMask Within(int distance)
    {
        var across = Across(distance);
        var near = new bool[Pixels.Length];
        for (var i = 0; i < near.Length; i++)
        {
            for (var dy = 1 - distance; dy < distance && !near[i]; dy++)
            {
                var other = i + dy * Width;
                if (other >= 0 && other < near.Length)
                    near[i] = dy * dy + across[other] * across[other] < distance * distance;
            }
        }
        return this with { Pixels = near };
    }

    // Distance to the nearest covered pixel of the same row, at most the given one.
    private int[] Across(int most)
    {
        var distances = new int[Pixels.Length];
        for (var y = 0; y < Height; y++)
        {
            var row = distances.AsSpan(y * Width, Width);
            var far = most;
            for (var x = 0; x < Width; x++)
                row[x] = far = Pixels[y * Width + x] ? 0 : Math.Min(far + 1, most);
            far = most;
            for (var x = Width - 1; x >= 0; x--)
                row[x] = far = Math.Min(row[x], far + 1);
        }
        return distances;
    }

    private static int Cut(double edge, int size) => (int)Math.Clamp(Math.Floor(edge), 0, size);
}
