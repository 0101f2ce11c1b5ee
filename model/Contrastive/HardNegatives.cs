using AmcEngine.Backends;
using AmcEngine.Tensors;

namespace AmcEngine.Model.Contrastive;

/// <summary>Draws one negative a row.</summary>
public interface IHardNegativeSampler
{
    /// <summary>
    /// For each row of <paramref name="weights"/> (<c>[batch, batch]</c>, diagonal 0, no row all zero) a column.
    /// </summary>
    int[] Sample(double[] weights, int batch, RandomSource random);
}

/// <summary>Draws in proportion to the weights, as training does.</summary>
public sealed class MultinomialSampler : IHardNegativeSampler
{
    /// <summary>The only instance.</summary>
    public static MultinomialSampler Instance { get; } = new();

    /// <inheritdoc/>
    public int[] Sample(double[] weights, int batch, RandomSource random)
    {
        var draws = random.Uniforms(batch);
        var picks = new int[batch];
        for (var row = 0; row < batch; row++) picks[row] = Pick(weights.AsSpan(row * batch, batch), draws[row]);
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
    public int[] Sample(double[] weights, int batch, RandomSource random)
    {
        var picks = new int[batch];
        for (var row = 0; row < batch; row++)
        {
            var best = 0;
            for (var i = 1; i < batch; i++)
                if (weights[row * batch + i] > weights[row * batch + best]) best = i;
            picks[row] = best;
        }
        return picks;
    }
}

/// <summary>Sampling weights of hard negatives (specification 3.8).</summary>
internal static class HardNegatives
{
    /// <summary>
    /// Softmax of the in-batch columns of similarities <c>[B, B + Q]</c>, its diagonal set to 0 afterwards.
    /// </summary>
    /// <param name="inBatch">Similarities of the batch <c>[B, B]</c>.</param>
    /// <param name="batch">Pairs, B.</param>
    /// <param name="pictures">
    /// Which picture each pair is about: pairs of the same one are no negatives either; null where all differ.
    /// </param>
    public static double[] Weights(double[] inBatch, int batch, long[]? pictures = null)
    {
        if (batch < 2)
            throw new ModelException("hard negatives: a batch of one pair has no negatives; use a batch of at least 2");
        var weights = new double[batch * batch];
        for (var row = 0; row < batch; row++)
            Row(inBatch.AsSpan(row * batch, batch), weights.AsSpan(row * batch, batch), row, pictures);
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
