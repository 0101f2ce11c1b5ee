using AmcEngine.Amc.Maps;

namespace AmcEngine.Amc.Evaluation.Metrics;

/// <summary>Scores of pictures for one phrase, by the model.</summary>
/// <param name="pictures">Normalised pictures <c>[count, 3, side, side]</c>, one behind the other.</param>
/// <returns>One score a picture: how likely phrase and picture belong together.</returns>
internal delegate IReadOnlyList<double> PictureScores(ReadOnlySpan<float> pictures);

/// <summary>A picture as a model takes it, with the order that a map gives its pixels.</summary>
/// <param name="Pixels">3 × side × side normalised numbers; 0 is the mean colour.</param>
/// <param name="Side">Width and height in pixels.</param>
/// <param name="Heat">The map, side × side numbers.</param>
internal sealed record ModelInput(float[] Pixels, int Side, float[] Heat)
{
    private const int Batch = 16;

    /// <summary>A picture with the map of its patches.</summary>
    public static ModelInput Of(float[] pixels, int side, PatchMap map) =>
        new(pixels, side, map.Enlarge(side, side).Values);

    /// <summary>The pixels, hottest first; of equal ones the first, row by row.</summary>
    public int[] HottestFirst()
    {
        int[] order = [.. Enumerable.Range(0, Heat.Length)];
        Array.Sort(order, (a, b) => Heat[a] != Heat[b] ? Heat[b].CompareTo(Heat[a]) : a.CompareTo(b));
        return order;
    }

    /// <summary>Scores changed pictures, a few at a time, which are written at the same time.</summary>
    /// <param name="count">How many.</param>
    /// <param name="fill">Writes the picture of a number.</param>
    /// <param name="score">Scores them.</param>
    public double[] Scores(int count, PictureWriter fill, PictureScores score)
    {
        var size = Pixels.Length;
        var scores = new double[count];
        var pictures = new float[Math.Min(Batch, count) * size];
        for (var first = 0; first < count; first += Batch)
        {
            var now = Math.Min(Batch, count - first);
            var start = first;
            Parallel.For(0, now, i => fill(start + i, pictures.AsSpan(i * size, size)));
            var answers = score(pictures.AsSpan(0, now * size));
            for (var i = 0; i < now; i++)
                scores[first + i] = answers[i];
        }
        return scores;
    }
}

/// <summary>Writes a changed picture.</summary>
/// <param name="number">Which.</param>
/// <param name="pixels">3 × side × side numbers to write; what they hold is of no account.</param>
internal delegate void PictureWriter(int number, Span<float> pixels);
