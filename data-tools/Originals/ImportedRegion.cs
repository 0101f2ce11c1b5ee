namespace AmcEngine.DataTools;

/// <summary>
/// A region of an original: its box, and its outline or mask as the richer annotation format writes it.
/// </summary>
/// <param name="Box">The box in pixels, as the original gives it.</param>
/// <param name="Shape">JSON of the region in the richer format; empty where the box is all there is.</param>
internal readonly record struct ImportedRegion(Box Box, ReadOnlyMemory<byte> Shape = default);
