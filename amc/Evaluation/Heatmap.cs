namespace AmcEngine.Amc.Evaluation;

/// <summary>A map of how much each pixel speaks for a phrase.</summary>
/// <param name="Width">Width in pixels.</param>
/// <param name="Height">Height in pixels.</param>
/// <param name="Values">height × width numbers, row by row.</param>
internal sealed record Heatmap(int Width, int Height, float[] Values)
{
    /// <summary>The pointed pixel: the first, row by row, that has the largest value (specification 7).</summary>
    public (int X, int Y) Peak()
    {
        int best = 0;
        for (int i = 1; i < Values.Length; i++)
        {
            if (Values[i] > Values[best])
                best = i;
        }
        return (best % Width, best / Width);
    }
}
