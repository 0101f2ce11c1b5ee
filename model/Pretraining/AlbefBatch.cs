using AmcEngine.Model.Tokenization;
using AmcEngine.Tensors;

namespace AmcEngine.Model.Pretraining;

/// <summary>Image-text pairs.</summary>
/// <param name="Image">Normalised RGB <c>[B, 3, S, S]</c> in the model's element type.</param>
/// <param name="Text">One tokenized text an image.</param>
public sealed record AlbefBatch(Tensor Image, TokenBatch Text);

/// <summary>What one pre-training step is to do.</summary>
/// <param name="Alpha">Weight of the momentum targets (specification 3: 0 to 0.4 during the first epoch).</param>
/// <param name="Random">Source of dropout masks, hard negatives and masked tokens.</param>
public sealed record StepOptions(double Alpha, Backends.RandomSource Random)
{
    /// <summary>How hard negatives are drawn; multinomial by default.</summary>
    public IHardNegativeSampler Negatives { get; init; } = MultinomialSampler.Instance;

    /// <summary>Given masked tokens; null draws them.</summary>
    public MaskedTokens? Masked { get; init; }

    /// <summary>Materialise the cross-attention map of the AMC layer; without it every attention is fused.</summary>
    public bool CaptureMap { get; init; } = true;

    /// <summary>
    /// Also compute what no loss reads (all rows of the last fusion layer, MLM logits of texts without a masked token),
    /// for comparison with another implementation. The losses are the same either way.
    /// </summary>
    public bool FullOutputs { get; init; }
}
