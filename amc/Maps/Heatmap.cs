namespace AmcEngine.Amc.Maps;

/// <summary>A map of how much each pixel of a drawing speaks for a phrase.</summary>
/// <param name="Width">Width in pixels.</param>
/// <param name="Height">Height in pixels.</param>
/// <param name="Values">height × width numbers, row by row.</param>
internal sealed record Heatmap(int Width, int Height, float[] Values);
