using AmcEngine.Amc.Maps;
using AmcEngine.DataTools;

namespace AmcEngine.Amc.Drawing;

/// <summary>Lays a heatmap over a picture as the reference's demonstration does (specification 7).</summary>
internal static class HeatmapOverlay
{
    /// <summary>A strength at which the picture is seen where the map is highest, too.</summary>
    public const double SeeThrough = 0.6;

    private const double Exponent = 0.7;

    /// <summary>
    /// out = (1 − s·a^0.7)·picture + s·a^0.7·colour, where a is the map scaled to 0..1.
    /// </summary>
    /// <param name="picture">The picture.</param>
    /// <param name="map">The map, of the picture's size.</param>
    /// <param name="strength">s: 1 as in the demonstration, less to see the picture everywhere.</param>
    /// <param name="colors">The colours; null takes jet's.</param>
    /// <exception cref="ArgumentException">The sizes differ.</exception>
    public static RgbImage Draw(RgbImage picture, Heatmap map, double strength = 1, ColorMap? colors = null)
    {
        if (map.Width != picture.Width || map.Height != picture.Height)
            throw new ArgumentException(
                $"a map of {map.Width}×{map.Height} does not fit a picture of {picture.Width}×{picture.Height}.",
                nameof(map));
        float low = map.Values.Min(), range = map.Values.Max() - low;
        var result = new RgbImage(picture.Width, picture.Height);
        colors ??= ColorMap.Default;
        Parallel.For(0, map.Height, y =>
        {
            for (var i = y * map.Width; i < (y + 1) * map.Width; i++)
            {
                // A map without any difference points nowhere: it shows as cold, not as hot.
                double value = range > 0 ? (map.Values[i] - low) / range : 0;
                var weight = strength * Math.Pow(value, Exponent);
                (var r, var g, var b) = colors.At(value);
                result.Pixels[i * 3] = Blend(picture.Pixels[i * 3], r, weight);
                result.Pixels[i * 3 + 1] = Blend(picture.Pixels[i * 3 + 1], g, weight);
                result.Pixels[i * 3 + 2] = Blend(picture.Pixels[i * 3 + 2], b, weight);
            }
        });
        return result;
    }

    private static byte Blend(byte picture, double color, double weight) =>
        (byte)Math.Round((1 - weight) * picture + weight * color);
}
