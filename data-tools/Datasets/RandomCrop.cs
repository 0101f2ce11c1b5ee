namespace AmcEngine.DataTools;

/// <summary>
/// torchvision's RandomResizedCrop: a window of a random share of the picture's area and a random shape between 3:4 and
/// 4:3.
/// </summary>
internal static class RandomCrop
{
    private const int Tries = 10;
    private const double Widest = 4.0 / 3;
    private const double Narrowest = 3.0 / 4;

    /// <summary>Draws a window; the middle of the picture where none fits.</summary>
    /// <param name="width">Width of the picture.</param>
    /// <param name="height">Height of the picture.</param>
    /// <param name="leastShare">Least share of the area; the largest is 1.</param>
    /// <param name="random">The sample's random numbers.</param>
    public static PictureWindow Draw(
        int width, int height, double leastShare, SeededRandom random)
    {
        for (var i = 0; i < Tries; i++)
        {
            var area = (double)width * height * random.Uniform(leastShare, 1);
            var shape = Math.Exp(random.Uniform(Math.Log(Narrowest), Math.Log(Widest)));
            int w = Round(Math.Sqrt(area * shape)), h = Round(Math.Sqrt(area / shape));
            if (w > 0 && h > 0 && w <= width && h <= height)
            {
                var y = random.NextInt(height - h + 1);
                return new PictureWindow(random.NextInt(width - w + 1), y, w, h);
            }
        }
        var ratio = (double)width / height;
        var (cropWidth, cropHeight) = ratio < Narrowest ? (width, Round(width / Narrowest))
            : ratio > Widest ? (Round(height * Widest), height)
            : (width, height);
        return new PictureWindow((width - cropWidth) / 2, (height - cropHeight) / 2, cropWidth, cropHeight);
    }

    // As Python does.
    private static int Round(double number) => (int)Math.Round(number, MidpointRounding.ToEven);
}
