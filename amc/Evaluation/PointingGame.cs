using AmcEngine.DataTools;

namespace AmcEngine.Amc.Evaluation;

/// <summary>The rules of the pointing game (specification 7).</summary>
internal static class PointingGame
{
    /// <summary>Whether a pixel lies strictly inside any of the boxes; a point on an edge is a miss.</summary>
    public static bool IsHit(int x, int y, IReadOnlyList<Box> boxes)
    {
        foreach (Box box in boxes)
        {
            if (x > box.X1 && x < box.X2 && y > box.Y1 && y < box.Y2)
                return true;
        }
        return false;
    }

    /// <summary>How likely a pixel drawn at random is a hit: the share of pixels strictly inside any box.</summary>
    public static double RandomChance(int width, int height, IReadOnlyList<Box> boxes)
    {
        long hits = 0;
        for (int y = 0; y < height; y++)
        {
            for (int x = 0; x < width; x++)
                hits += IsHit(x, y, boxes) ? 1 : 0;
        }
        return hits / ((double)width * height);
    }
}
