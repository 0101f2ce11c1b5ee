using AmcEngine.Backends;
using AmcEngine.Tensors;

namespace AmcEngine.Model.Contrastive;

/// <summary>Draws one negative a row.</summary>
public interface IHardNegativeSampler
{
    /// <summary>
    /// For each row of <paramref name="weights"/> (<c>[rows, columns]</c>, no row all zero) a column.
    /// </summary>
    int[] Sample(double[] weights, int rows, RandomSource random);
}

/// <summary>Draws in proportion to the weights, as training does.</summary>
public sealed class MultinomialSampler : IHardNegativeSampler
{
    /// <summary>The only instance.</summary>
    public static MultinomialSampler Instance { get; } = new();

    /// <inheritdoc/>
    public int[] Sample(double[] weights, int rows, RandomSource random)
    {
        var draws = random.Uniforms(rows);
        var (picks, columns) = (new int[rows], weights.Length / rows);
        for (var row = 0; row < rows; row++) picks[row] = Pick(weights.AsSpan(row * columns, columns), draws[row]);
        return picks;
    }

    private static int Pick(ReadOnlySpan<double> weights, double draw)
    {
        double total = 0;
        foreach (var w in weights) total += w;
        var (target, last) = (draw * total, 0);
        for (var i = 0; i < weights.Length; i++)
        {
            if (weights[i] == 0) continue;
            last = i;
            target -= weights[i];
            if (target < 0) return i;
        }
        // Rounding may leave a rest after the last column; it belongs to the last possible one.
        return last;
    }
}

/// <summary>Takes the most likely negative: reproducible by any implementation.</summary>
public sealed class ArgmaxSampler : IHardNegativeSampler
{
    /// <summary>The only instance.</summary>
    public static ArgmaxSampler Instance { get; } = new();

    /// <inheritdoc/>
    public int[] Sample(double[] weights, int rows, RandomSource random)
    {
        var (picks, columns) = (new int[rows], weights.Length / rows);
        for (var row = 0; row < rows; row++)
        {
            var best = 0;
            for (var i = 1; i < columns; i++)
                if (weights[row * columns + i] > weights[row * columns + best]) best = i;
            picks[row] = best;
        }
        return picks;
    }
}

/// <summary>Sampling weights of hard negatives (specification 3.8).</summary>
internal static class HardNegatives
{
    /// <summary>
    /// Softmax of the in-batch columns of similarities <c>[B, B + Q]</c>, each row's own column set to 0 afterwards.
    /// </summary>
    /// <param name="inBatch">
    /// Similarities <c>[b, n]</c> of b pairs with the n that negatives are drawn from, among which they stand.
    /// </param>
    /// <param name="rows">Pairs, b.</param>
    /// <param name="first">Column of the first pair itself.</param>
    /// <param name="pictures">
    /// Which picture each column is about: pairs of the same one are no negatives either; null where all differ.
    /// </param>
    public static double[] Weights(double[] inBatch, int rows, int first = 0, long[]? pictures = null)
    {
        var columns = inBatch.Length / rows;
        if (columns < 2)
            throw new ModelException("hard negatives: a batch of one pair has no negatives; use a batch of at least 2");
        var weights = new double[inBatch.Length];
        for (var row = 0; row < rows; row++)
        {
            Row(inBatch.AsSpan(row * columns, columns), weights.AsSpan(row * columns, columns), first + row,
                pictures);
        }
        return weights;
    }

    private static void Row(ReadOnlySpan<double> similarities, Span<double> weights, int self, long[]? pictures)
    {
        var max = double.NegativeInfinity;
        foreach (var s in similarities) max = Math.Max(max, s);
        double sum = 0, rest = 0;
        for (var i = 0; i < weights.Length; i++) sum += weights[i] = Math.Exp(similarities[i] - max);
        for (var i = 0; i < weights.Length; i++)
            if (i == self || (pictures is not null && pictures[i] == pictures[self])) weights[i] = 0;
        for (var i = 0; i < weights.Length; i++) rest += weights[i] /= sum;
        if (rest > 0) return;
        // At a low temperature everything but the diagonal can underflow (or be NaN after a diverged step), or all
        // pairs may be of one picture: all other samples are then equally likely. The reference stops with an invalid
        // multinomial here.
        weights.Fill(1.0 / (weights.Length - 1));
        weights[self] = 0;
    }
}
