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

    private static readonly Hue[] Hues = MakeHues();

    /// <summary>Converts interleaved RGB to interleaved HSV; the spans may be the same.</summary>
    public static void FromRgb(ReadOnlySpan<byte> rgb, Span<byte> hsv)
    {
        for (var i = 0; i < rgb.Length; i += 3)
        {
            int r = rgb[i], g = rgb[i + 1], b = rgb[i + 2];
            var value = Math.Max(r, Math.Max(g, b));
            var range = value - Math.Min(r, Math.Min(g, b));
            // All ones where red, or green, is not the largest: pixels of any colour come in any order, so that a
            // branch would be guessed wrong half of the time.
            int notRed = (r - value) >> 31, notGreen = (g - value) >> 31;
            var hue = (~notRed & (g - b))
                | (notRed & ((~notGreen & (b - r + 2 * range)) | (notGreen & (r - g + 4 * range))));
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
            float s = hsv[i + 1] * (1f / 255f), v = hsv[i + 2] * (1f / 255f);
            ref readonly var hue = ref Hues[hsv[i]];
            float low = v * (1f - s), between = v * (1f - s * hue.Slope);
            var truncates = x < inBlocks;
            rgb[i + hue.Largest] = ToByte(v, truncates);
            rgb[i + hue.Between] = ToByte(between, truncates);
            rgb[i + hue.Smallest] = ToByte(low, truncates);
        }
    }

    // Single precision and this order of operations are OpenCV's; another order rounds differently.
    private static Hue[] MakeHues()
    {
        const float hueScale = 6f / HueRange;
        var hues = new Hue[256];
        for (var i = 0; i < hues.Length; i++)
        {
            var h = i * hueScale;
            var sector = (int)h;
            h -= sector;
            // Red, green and blue take turns in being the largest and the smallest; the third rises or falls.
            (var largest, var between, var smallest) = (sector % 6) switch
            {
                0 => (0, 1, 2),
                1 => (1, 0, 2),
                2 => (1, 2, 0),
                3 => (2, 1, 0),
                4 => (2, 0, 1),
                _ => (0, 2, 1),
            };
            hues[i] = new Hue(largest, between, smallest, sector % 2 == 0 ? 1f - h : h);
        }
        return hues;
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

    /// <summary>What a hue says: which channel is the largest, which the smallest, and where the third is.</summary>
    private readonly record struct Hue(int Largest, int Between, int Smallest, float Slope);
}
