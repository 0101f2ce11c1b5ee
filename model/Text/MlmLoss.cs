using AmcEngine.Ops;
using AmcEngine.Tensors;

namespace AmcEngine.Model.Text;

/// <summary>The masked-language loss with soft labels (specification 2.6).</summary>
internal static class MlmLoss
{
    /// <summary>
    /// (1 − α)·mean CE + α·mean over the masked positions of −Σ q·ℓ, q = softmax of the momentum logits.
    /// </summary>
    /// <param name="logits">Student logits <c>[B, L, V]</c>.</param>
    /// <param name="positions">Flat masked positions (I32), at least one.</param>
    /// <param name="labels">Original ids at these positions.</param>
    /// <param name="momentumLogits">Momentum logits at these positions <c>[S, V]</c>.</param>
    /// <param name="alpha">Weight of the soft labels.</param>
    /// <param name="axis">Axis that ℓ is normalised over.</param>
    public static Tensor Compute(
        Tensor logits, Tensor positions, int[] labels, Tensor momentumLogits, double alpha, MlmDistillAxis axis)
    {
        var vocabulary = logits.Shape[2];
        var selected = logits.Reshape(-1, vocabulary).IndexSelect(0, positions);
        var hard = selected.CrossEntropy(labels);
        if (alpha == 0) return hard;
        var targets = momentumLogits.Softmax(-1);
        var logProbabilities = axis == MlmDistillAxis.Vocab
            ? selected.LogSoftmax(-1)
            : logits.LogSoftmax(1).Reshape(-1, vocabulary).IndexSelect(0, positions);
        var soft = logProbabilities.Mul(targets).Sum().Scale(-1.0 / positions.Count);
        return hard.Scale(1 - alpha).Add(soft.Scale(alpha));
    }
}
