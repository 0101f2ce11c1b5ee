namespace AmcEngine.DataTools;

/// <summary>Fills pictures with a muted texture: noise, stripes, a checkerboard or a gradient.</summary>
internal static class ShapeBackground
{
    private const int Noise = 7;

    /// <summary>Paints the whole picture; the level stays in the darker middle, away from every named colour.</summary>
    public static void Paint(RgbImage picture, SeededRandom random)
    {
        var level = random.NextInt(64, 120);
        int[] tint = [random.NextInt(-10, 10), random.NextInt(-10, 10), random.NextInt(-10, 10)];
        var contrast = random.NextInt(10, 20);
        var pattern = MakePattern(picture.Width, contrast, random);
        for (int y = 0, i = 0; y < picture.Height; y++)
        {
            for (var x = 0; x < picture.Width; x++)
            {
                var value = level + pattern(x, y) + random.NextInt(-Noise, Noise);
                for (var c = 0; c < 3; c++)
                    picture.Pixels[i++] = (byte)Math.Clamp(value + tint[c], 0, 255);
            }
        }
    }

    private static Func<int, int, int> MakePattern(int size, int contrast, SeededRandom random)
    {
        int texture = random.NextInt(4), direction = random.NextInt(4), period = random.NextInt(3, 7);
        return texture switch
        {
            0 => (_, _) => random.NextInt(-contrast, contrast),
            1 => (x, y) => (Along(direction, x, y, size) / period & 1) == 0 ? contrast : -contrast,
            2 => (x, y) => ((x / period + y / period) & 1) == 0 ? contrast : -contrast,
            _ => (x, y) => 3 * contrast * (2 * Along(direction, x, y, size) - (direction < 2 ? size : 2 * size))
                / (2 * (direction < 2 ? size : 2 * size)),
        };
    }

    // How far a pixel lies along one of four directions: right, down and the two diagonals; never negative.
    private static int Along(int direction, int x, int y, int size) => direction switch
    {
        0 => x,
        1 => y,
        2 => x + y,
        _ => x + size - y,
    };
}
