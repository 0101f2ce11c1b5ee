namespace AmcEngine.DataTools;

/// <summary>
/// OpenCV's INTER_LINEAR for 8-bit pictures, bit for bit: coefficients in 11-bit fixed point, no antialiasing when
/// shrinking, and an exact reduction by two in both directions replaced by the average of 2×2 pixels (specification 7).
/// </summary>
internal static class BilinearResampler
{
    private const int CoefficientOne = 1 << 11;

    /// <summary>Resizes interleaved 8-bit pixels (height, width, channels).</summary>
    public static byte[] Resize(ReadOnlySpan<byte> source, int width, int height, int channels, int newWidth, int newHeight)
    {
        if (width == newWidth && height == newHeight)
            return source.ToArray();
        if (width == 2 * newWidth && height == 2 * newHeight)
            return Halve(source, width, channels, newWidth, newHeight);

        Taps[] columns = MakeColumns(width, newWidth), rows = MakeRows(height, newHeight);
        int rowLength = newWidth * channels;
        byte[] result = new byte[rowLength * newHeight];
        int[] upper = new int[rowLength], lower = new int[rowLength];
        int upperRow = -1, lowerRow = -1;
        for (int y = 0; y < newHeight; y++)
        {
            Taps taps = rows[y];
            if (lowerRow == taps.First)
                (upper, lower, upperRow, lowerRow) = (lower, upper, lowerRow, upperRow);
            if (upperRow != taps.First)
                ResizeRow(source.Slice(taps.First * width * channels, width * channels), columns, channels, upper);
            upperRow = taps.First;
            if (lowerRow != taps.Second)
                ResizeRow(source.Slice(taps.Second * width * channels, width * channels), columns, channels, lower);
            lowerRow = taps.Second;
            Span<byte> target = result.AsSpan(y * rowLength, rowLength);
            // OpenCV's order of shifts; another order rounds differently.
            for (int i = 0; i < target.Length; i++)
                target[i] = (byte)((((taps.Weight0 * (upper[i] >> 4)) >> 16) + ((taps.Weight1 * (lower[i] >> 4)) >> 16) + 2) >> 2);
        }
        return result;
    }

    private static void ResizeRow(ReadOnlySpan<byte> row, Taps[] columns, int channels, int[] target)
    {
        for (int x = 0, o = 0; x < columns.Length; x++)
        {
            Taps taps = columns[x];
            int first = taps.First * channels, second = taps.Second * channels;
            for (int c = 0; c < channels; c++)
                target[o++] = row[first + c] * taps.Weight0 + row[second + c] * taps.Weight1;
        }
    }

    private static Taps[] MakeColumns(int size, int newSize)
    {
        var taps = new Taps[newSize];
        for (int i = 0; i < newSize; i++)
        {
            (int first, float fraction) = Locate(i, size, newSize);
            if (first < 0)
                (first, fraction) = (0, 0f);
            if (first >= size - 1)
                (first, fraction) = (size - 1, 0f);
            taps[i] = MakeTaps(first, fraction, size);
        }
        return taps;
    }

    // Unlike columns, rows beyond the edge keep their fraction: both taps are then the edge row, and the two products
    // are cut to whole numbers separately, which makes some values one lower.
    private static Taps[] MakeRows(int size, int newSize)
    {
        var taps = new Taps[newSize];
        for (int i = 0; i < newSize; i++)
        {
            (int first, float fraction) = Locate(i, size, newSize);
            taps[i] = MakeTaps(first, fraction, size);
        }
        return taps;
    }

    private static (int First, float Fraction) Locate(int target, int size, int newSize)
    {
        double scale = 1.0 / ((double)newSize / size);
        float position = (float)((target + 0.5) * scale - 0.5);
        int first = (int)MathF.Floor(position);
        return (first, position - first);
    }

    private static Taps MakeTaps(int first, float fraction, int size) => new(
        Math.Clamp(first, 0, size - 1),
        Math.Clamp(first + 1, 0, size - 1),
        (int)MathF.Round((1f - fraction) * CoefficientOne, MidpointRounding.ToEven),
        (int)MathF.Round(fraction * CoefficientOne, MidpointRounding.ToEven));

    private static byte[] Halve(ReadOnlySpan<byte> source, int width, int channels, int newWidth, int newHeight)
    {
        byte[] result = new byte[newWidth * newHeight * channels];
        int stride = width * channels;
        for (int y = 0, o = 0; y < newHeight; y++)
        {
            ReadOnlySpan<byte> upper = source.Slice(2 * y * stride, stride), lower = source.Slice((2 * y + 1) * stride, stride);
            for (int x = 0; x < newWidth; x++)
            {
                for (int c = 0; c < channels; c++)
                {
                    int i = 2 * x * channels + c;
                    result[o++] = (byte)((upper[i] + upper[i + channels] + lower[i] + lower[i + channels] + 2) >> 2);
                }
            }
        }
        return result;
    }

    private readonly record struct Taps(int First, int Second, int Weight0, int Weight1);
}
