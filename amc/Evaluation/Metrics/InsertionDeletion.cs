namespace AmcEngine.Amc.Evaluation.Metrics;

/// <summary>
/// Insertion and deletion (Petsiuk et al. 2018, RISE): how fast the score rises when a blurred picture gets its hottest
/// pixels back, and how fast it falls when the picture loses them to the mean colour. Both are areas under the score
/// over the share of pixels, by the trapezium rule, 0..1 for scores in 0..1. A good map has a high insertion and a low
/// deletion.
/// </summary>
internal static class InsertionDeletion
{
    /// <summary>Steps from the first picture to the last.</summary>
    public const int Steps = 32;

    // The paper's blur at 224 pixels: a Gaussian of 5 pixels cut off at 5 on either side. Other sizes scale it.
    private const double BlurOfSide = 5.0 / 224;

    /// <summary>Area under the score while pixels are deleted.</summary>
    public static double Deletion(ModelInput input, PictureScores score, int steps = Steps) =>
        Area(input, score, steps, input.Pixels, new float[input.Pixels.Length]);

    /// <summary>Area under the score while pixels are inserted.</summary>
    public static double Insertion(ModelInput input, PictureScores score, int steps = Steps) =>
        Area(input, score, steps, Blurred(input.Pixels, input.Side), input.Pixels);

    private static double Area(ModelInput input, PictureScores score, int steps, float[] before, float[] after)
    {
        var order = input.HottestFirst();
        var scores = input.Scores(steps + 1, Fill, score);
        var area = (scores[0] + scores[^1]) / 2;
        for (var i = 1; i < steps; i++)
            area += scores[i];
        return area / steps;

        void Fill(int step, Span<float> pixels)
        {
            before.CopyTo(pixels);
            var plane = order.Length;
            foreach (var pixel in order.AsSpan(0, (int)((long)plane * step / steps)))
            {
                for (var channel = 0; channel < 3; channel++)
                    pixels[channel * plane + pixel] = after[channel * plane + pixel];
            }
        }
    }

    /// <summary>A Gaussian blur of 5 pixels at 224, in each direction; beyond the edge the edge goes on.</summary>
    internal static float[] Blurred(float[] pixels, int side)
    {
        var sigma = BlurOfSide * side;
        var reach = Math.Max(1, (int)Math.Round(sigma));
        double[] weights =
            [.. Enumerable.Range(-reach, 2 * reach + 1).Select(d => Math.Exp(-d * d / (2 * sigma * sigma)))];
        var sum = weights.Sum();
        var across = new float[pixels.Length];
        var result = new float[pixels.Length];
        Pass(pixels, across, step: 1);
        Pass(across, result, step: side);
        return result;

        void Pass(float[] from, float[] to, int step)
        {
            for (var i = 0; i < from.Length; i++)
            {
                var place = i / step % side;
                double total = 0;
                for (var d = -reach; d <= reach; d++)
                    total += weights[d + reach] * from[i + (Math.Clamp(place + d, 0, side - 1) - place) * step];
                to[i] = (float)(total / sum);
            }
        }
    }
}
