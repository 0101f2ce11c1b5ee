namespace AmcEngine.DataTools;

/// <summary>OpenCV's 8-bit RGB ↔ HSV (H in steps of two degrees, 0..179), bit for bit.</summary>
internal static class HsvConversion
{
    private const int HueRange = 180;
    private const int Shift = 12;
    private const int Half = 1 << (Shift - 1);

    // OpenCV converts HSV → RGB in vectors of 32 pixels (AVX2) and cuts to whole numbers there, but rounds the pixels
    // left over at the end of a row. The block is a constant here, so that all machines agree.
    private const int VectorBlock = 32;

    private static readonly int[] SaturationDivisors = MakeDivisors(255 << Shift, 1.0);
    private static readonly int[] HueDivisors = MakeDivisors(HueRange << Shift, 6.0);

    /// <summary>Converts interleaved RGB to interleaved HSV; the spans may be the same.</summary>
    public static void FromRgb(ReadOnlySpan<byte> rgb, Span<byte> hsv)
    {
        for (var i = 0; i < rgb.Length; i += 3)
        {
            int r = rgb[i], g = rgb[i + 1], b = rgb[i + 2];
            var value = Math.Max(r, Math.Max(g, b));
            var range = value - Math.Min(r, Math.Min(g, b));
            var hue = value == r ? g - b : value == g ? b - r + 2 * range : r - g + 4 * range;
            hue = (hue * HueDivisors[range] + Half) >> Shift;
            hsv[i] = (byte)(hue < 0 ? hue + HueRange : hue);
            hsv[i + 1] = (byte)((range * SaturationDivisors[value] + Half) >> Shift);
            hsv[i + 2] = (byte)value;
        }
    }

    /// <summary>Converts interleaved HSV to interleaved RGB, row by row; the spans may be the same.</summary>
    public static void ToRgb(ReadOnlySpan<byte> hsv, Span<byte> rgb, int width)
    {
        var inBlocks = width - width % VectorBlock;
        for (int i = 0, x = 0; i < hsv.Length; i += 3, x = x + 1 == width ? 0 : x + 1)
        {
            (var r, var g, var b) = ToRgb(hsv[i], hsv[i + 1] * (1f / 255f), hsv[i + 2] * (1f / 255f));
            var truncates = x < inBlocks;
            rgb[i] = ToByte(r, truncates);
            rgb[i + 1] = ToByte(g, truncates);
            rgb[i + 2] = ToByte(b, truncates);
        }
    }

    // Single precision and this order of operations are OpenCV's; another order rounds differently.
    private static (float R, float G, float B) ToRgb(byte hue, float s, float v)
    {
        const float hueScale = 6f / HueRange;
        var h = hue * hueScale;
        var sector = (int)h;
        h -= sector;
        float low = v * (1f - s), falling = v * (1f - s * h), rising = v * (1f - s * (1f - h));
        return (sector % 6) switch
        {
            0 => (v, rising, low),
            1 => (falling, v, low),
            2 => (low, v, rising),
            3 => (low, falling, v),
            4 => (rising, low, v),
            _ => (v, low, falling),
        };
    }

    private static byte ToByte(float unit, bool truncates)
    {
        var level = unit * 255f;
        return (byte)Math.Clamp((int)(truncates ? level : MathF.Round(level, MidpointRounding.ToEven)), 0, 255);
    }

    private static int[] MakeDivisors(int numerator, double factor)
    {
        var table = new int[256];
        for (var i = 1; i < table.Length; i++)
            table[i] = (int)Math.Round(numerator / (factor * i), MidpointRounding.ToEven);
        return table;
    }
}
