namespace AmcEngine.DataTools;

/// <summary>
/// CLIP's own preparation of a picture: the shorter side is resized to <see cref="Side"/>, and of that the square in
/// the middle is cut out. What lies outside of the square is not seen.
/// </summary>
/// <param name="Side">Side of the square in pixels.</param>
public sealed record CentreCrop(int Side)
{
    /// <summary>The size before the square is cut out; the longer side is rounded down, as in torchvision.</summary>
    /// <param name="width">Width of the picture.</param>
    /// <param name="height">Height of the picture.</param>
    /// <exception cref="DataException">The picture is so narrow that no array holds it in that size.</exception>
    public (int Width, int Height) Resized(int width, int height)
    {
        var longer = (long)Side * Math.Max(width, height) / Math.Min(width, height);
        if (longer * Side * RgbImage.Channels > Array.MaxLength)
            throw new DataException(
                $"a picture of {width}×{height} is too narrow to be cropped to a square; use eval_crop: square.");
        return width < height ? (Side, (int)longer) : ((int)longer, Side);
    }

    /// <summary>What of a picture the square shows, in whole pixels of the picture.</summary>
    /// <param name="width">Width of the picture.</param>
    /// <param name="height">Height of the picture.</param>
    public (int X, int Y, int Width, int Height) Window(int width, int height)
    {
        var (resizedWidth, resizedHeight) = Resized(width, height);
        var (x, right) = Part(resizedWidth, width);
        var (y, bottom) = Part(resizedHeight, height);
        return (x, y, right - x, bottom - y);
    }

    /// <summary>Cuts the square out of a picture of the size <see cref="Resized"/>.</summary>
    internal RgbImage Cut(RgbImage resized)
    {
        if (resized.Width == Side && resized.Height == Side)
            return resized;
        int left = First(resized.Width), top = First(resized.Height), row = Side * RgbImage.Channels;
        var square = new RgbImage(Side, Side);
        for (var y = 0; y < Side; y++)
            resized.Pixels.AsSpan(((top + y) * resized.Width + left) * RgbImage.Channels, row)
                .CopyTo(square.Pixels.AsSpan(y * row));
        return square;
    }

    // torchvision rounds halves to even.
    private int First(int resized) => (int)Math.Round((resized - Side) / 2.0);

    private (int From, int To) Part(int resized, int whole)
    {
        double first = First(resized), scale = whole / (double)resized;
        return ((int)Math.Round(first * scale), (int)Math.Round((first + Side) * scale));
    }
}
