using AmcEngine.DataTools;

namespace AmcEngine.Amc.Evaluation.Metrics;

/// <summary>
/// Infidelity (Yeh et al. 2019): how badly a map foretells by how much the score falls when something is removed.
/// Random squares are set to the mean colour; the foretold fall is the heat in the square times one factor for all
/// squares, the best one, since maps have no unit. Mean squared error, 0 for a perfect map; without any map it is the
/// mean square of the falls.
/// </summary>
internal static class Infidelity
{
    /// <summary>Squares that are removed, one after the other.</summary>
    public const int Squares = 64;

    /// <summary>min over β of the mean of (β·Σ heat in the square − fall of the score)².</summary>
    /// <param name="input">The picture with its map.</param>
    /// <param name="score">Scores changed pictures.</param>
    /// <param name="seed">Seed of the squares.</param>
    /// <param name="squares">How many squares.</param>
    public static double Of(ModelInput input, PictureScores score, ulong seed = 0, int squares = Squares)
    {
        var side = input.Side;
        var random = new SeededRandom(seed, (ulong)side);
        var places = new (int X, int Y, int Size)[squares];
        for (var i = 0; i < squares; i++)
        {
            // An eighth to a half of the side.
            var size = random.NextInt(Math.Max(1, side / 8), Math.Max(1, side / 2));
            places[i] = (random.NextInt(side - size + 1), random.NextInt(side - size + 1), size);
        }
        // The last picture is the whole one.
        var scores = input.Scores(squares + 1, Fill, score);
        double hh = 0, hf = 0, ff = 0;
        for (var i = 0; i < squares; i++)
        {
            double heat = Heat(places[i]), fall = scores[squares] - scores[i];
            (hh, hf, ff) = (hh + heat * heat, hf + heat * fall, ff + fall * fall);
        }
        // With the best factor hf/hh the error is what the heat cannot explain; rounding may leave it a little below 0.
        return Math.Max(0, hh > 0 ? ff - hf * hf / hh : ff) / squares;

        void Fill(int number, Span<float> pixels)
        {
            input.Pixels.CopyTo(pixels);
            if (number == squares)
                return;
            (var x, var y, var size) = places[number];
            for (var row = 0; row < 3 * side; row++)
            {
                if (row % side >= y && row % side < y + size)
                    pixels.Slice(row * side + x, size).Clear();
            }
        }

        double Heat((int X, int Y, int Size) square)
        {
            double sum = 0;
            for (var row = square.Y; row < square.Y + square.Size; row++)
            {
                foreach (var value in input.Heat.AsSpan(row * side + square.X, square.Size))
                    sum += value;
            }
            return sum;
        }
    }
}
