using AmcEngine.DataTools;

namespace AmcEngine.Tests.DataTools;

/// <summary>
/// A mask resized as OpenCV's INTER_NEAREST does, source = floor(target · scale), which its recordings hold. Regions
/// that are drawn in another size have to be the same.
/// </summary>
internal static class NearestMask
{
    /// <summary>height × width bytes to newHeight × newWidth.</summary>
    public static byte[] Resize(byte[] mask, int width, int height, int newWidth, int newHeight)
    {
        int[] columns = RegionGrid.NearestSources(width, newWidth), rows = RegionGrid.NearestSources(height, newHeight);
        return [.. rows.SelectMany(row => columns.Select(column => mask[row * width + column]))];
    }
}
