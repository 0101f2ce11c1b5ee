namespace AmcEngine.Amc.Evaluation.Metrics;

/// <summary>
/// ROAD, "remove and debias" (Rong et al. 2022): the score after the coldest pixels are removed minus the score after
/// the hottest are, averaged over shares of pixels. Removed pixels are filled by <see cref="NoisyLinearImputation"/>,
/// so that the shape of the hole gives nothing away. −1..1 for scores in 0..1; a good map is far above 0, a random
/// order is about 0.
/// </summary>
internal static class Road
{
    /// <summary>Shares of the pixels that are removed.</summary>
    public static IReadOnlyList<double> Shares { get; } = [0.1, 0.3, 0.5, 0.7, 0.9];

    /// <summary>The mean difference.</summary>
    /// <param name="input">The picture with its map.</param>
    /// <param name="score">Scores changed pictures.</param>
    /// <param name="seed">Seed of the noise.</param>
    public static double Of(ModelInput input, PictureScores score, ulong seed = 0)
    {
        var order = input.HottestFirst();
        var filling = new NoisyLinearImputation(input.Side, seed: seed);
        // Hottest first, then coldest first.
        var scores = input.Scores(2 * Shares.Count, Fill, score);
        var difference = 0.0;
        for (var i = 0; i < Shares.Count; i++)
            difference += scores[Shares.Count + i] - scores[i];
        return difference / Shares.Count;

        void Fill(int number, Span<float> pixels)
        {
            input.Pixels.CopyTo(pixels);
            var removed = new bool[order.Length];
            var count = (int)(Shares[number % Shares.Count] * order.Length);
            foreach (var pixel in number < Shares.Count ? order[..count] : order[^count..])
                removed[pixel] = true;
            filling.Fill(pixels, removed);
        }
    }
}
