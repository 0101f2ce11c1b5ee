namespace AmcEngine.DataTools;

/// <summary>
/// Pillow's BICUBIC resize for 8-bit pictures, bit for bit: Keys kernel with a = −0.5 that widens when shrinking
/// (antialiasing), a horizontal pass rounded to 8 bits, then a vertical one, 22-bit fixed-point weights (specification 7).
/// </summary>
internal static class BicubicResampler
{
    private const int PrecisionBits = 22;
    private const double KernelSupport = 2.0;

    /// <summary>Resizes interleaved 8-bit pixels (height, width, channels).</summary>
    public static byte[] Resize(ReadOnlySpan<byte> source, int width, int height, int channels, int newWidth, int newHeight)
    {
        // A side that keeps its size is passed through, as Pillow does.
        byte[] horizontal = width == newWidth
            ? source.ToArray()
            : ResizeHorizontally(source, width, height, channels, newWidth);
        return height == newHeight ? horizontal : ResizeVertically(horizontal, newWidth * channels, height, newHeight);
    }

    private static byte[] ResizeHorizontally(ReadOnlySpan<byte> source, int width, int height, int channels, int newWidth)
    {
        Taps[] columns = MakeTaps(width, newWidth);
        byte[] result = new byte[newWidth * height * channels];
        for (int y = 0, o = 0; y < height; y++)
        {
            ReadOnlySpan<byte> row = source.Slice(y * width * channels, width * channels);
            foreach (Taps taps in columns)
            {
                for (int c = 0; c < channels; c++)
                {
                    int sum = 1 << (PrecisionBits - 1);
                    for (int k = 0, i = taps.First * channels + c; k < taps.Weights.Length; k++, i += channels)
                        sum += row[i] * taps.Weights[k];
                    result[o++] = Clip(sum);
                }
            }
        }
        return result;
    }

    private static byte[] ResizeVertically(ReadOnlySpan<byte> source, int stride, int height, int newHeight)
    {
        Taps[] rows = MakeTaps(height, newHeight);
        byte[] result = new byte[stride * newHeight];
        int[] sums = new int[stride];
        for (int y = 0; y < newHeight; y++)
        {
            Array.Fill(sums, 1 << (PrecisionBits - 1));
            for (int k = 0; k < rows[y].Weights.Length; k++)
            {
                int weight = rows[y].Weights[k];
                ReadOnlySpan<byte> row = source.Slice((rows[y].First + k) * stride, stride);
                for (int i = 0; i < row.Length; i++)
                    sums[i] += row[i] * weight;
            }
            for (int i = 0; i < stride; i++)
                result[y * stride + i] = Clip(sums[i]);
        }
        return result;
    }

    private static Taps[] MakeTaps(int size, int newSize)
    {
        double scale = (double)size / newSize;
        double filterScale = Math.Max(scale, 1.0);
        double support = KernelSupport * filterScale;
        double inverse = 1.0 / filterScale;
        var taps = new Taps[newSize];
        for (int i = 0; i < newSize; i++)
        {
            double centre = (i + 0.5) * scale;
            int first = Math.Max((int)(centre - support + 0.5), 0);
            int end = Math.Min((int)(centre + support + 0.5), size);
            double[] weights = new double[end - first];
            double total = 0;
            for (int k = 0; k < weights.Length; k++)
            {
                weights[k] = Kernel((k + first - centre + 0.5) * inverse);
                total += weights[k];
            }
            taps[i] = new Taps(first, Array.ConvertAll(weights, w => Quantise(total == 0 ? w : w / total)));
        }
        return taps;
    }

    private static double Kernel(double x)
    {
        const double a = -0.5;
        x = Math.Abs(x);
        if (x < 1.0)
            return ((a + 2.0) * x - (a + 3.0)) * x * x + 1.0;
        return x < 2.0 ? (((x - 5.0) * x + 8.0) * x - 4.0) * a : 0.0;
    }

    private static int Quantise(double weight) =>
        (int)((weight < 0 ? -0.5 : 0.5) + weight * (1 << PrecisionBits));

    private static byte Clip(int sum) => (byte)Math.Clamp(sum >> PrecisionBits, 0, 255);

    private readonly record struct Taps(int First, int[] Weights);
}
