using AmcEngine.Backends;
using AmcEngine.Model.Tokenization;

namespace AmcEngine.Model.Text;

/// <summary>Texts with masked tokens.</summary>
/// <param name="InputIds">Ids with some replaced, <c>[B·L]</c>.</param>
/// <param name="Labels">The original id where a token was selected, else <see cref="Ignore"/>.</param>
public sealed record MaskedTokens(int[] InputIds, int[] Labels)
{
    /// <summary>Label of positions that do not count.</summary>
    public const int Ignore = -100;
}

/// <summary>Selection and replacement of tokens for masked language modelling (specification 3.12).</summary>
public static class MlmMasking
{
    private const double MaskShare = 0.8;
    private const double RandomShareOfRest = 0.5;

    /// <summary>
    /// Selects each token with a probability, but never [PAD] or [CLS]. Of the selected 80 % become
    /// [MASK], 10 % a random id, 10 % stay.
    /// </summary>
    /// <param name="text">The texts.</param>
    /// <param name="config">Vocabulary and special ids.</param>
    /// <param name="probability">Probability that a token is selected.</param>
    /// <param name="random">Source of the draws.</param>
    public static MaskedTokens Sample(TokenBatch text, TextConfig config, double probability, RandomSource random)
    {
        var n = text.Ids.Length;
        var (ids, labels) = ((int[])text.Ids.Clone(), new int[n]);
        Array.Fill(labels, MaskedTokens.Ignore);
        double[] select = random.Uniforms(n), mask = random.Uniforms(n), replace = random.Uniforms(n),
            word = random.Uniforms(n);
        for (var i = 0; i < n; i++)
        {
            if (ids[i] == config.PadId || ids[i] == config.ClsId || select[i] >= probability) continue;
            labels[i] = ids[i];
            if (mask[i] < MaskShare) ids[i] = config.MaskId;
            else if (replace[i] < RandomShareOfRest) ids[i] = (int)(word[i] * config.VocabSize);
        }
        return new MaskedTokens(ids, labels);
    }
}
