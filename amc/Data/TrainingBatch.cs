using AmcEngine.Model.Tokenization;

namespace AmcEngine.Amc.Data;

/// <summary>One batch on the host. Its loader writes the batch after the next one into the same arrays.</summary>
/// <param name="Images">Normalised pictures, count × 3 × side × side.</param>
/// <param name="Masks">Region masks, count × side × side: 0 outside, inside the weights, 1 as a rule.</param>
/// <param name="Text">The tokenized phrases.</param>
/// <param name="Side">Side of the pictures.</param>
internal sealed record TrainingBatch(float[] Images, float[] Masks, TokenBatch Text, int Side)
{
    /// <summary>
    /// Paraphrases of the phrases, the phrase itself where it has none; null where nobody asked for them.
    /// </summary>
    public TokenBatch? Paraphrases { get; init; }

    /// <summary>Which of <see cref="Paraphrases"/> are one.</summary>
    public bool[] HasParaphrase { get; init; } = [];

    /// <summary>A number for each sample that is the same for samples of the same picture.</summary>
    public required long[] Pictures { get; init; }
}
