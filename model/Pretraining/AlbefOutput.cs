using AmcEngine.Model.Text;
using AmcEngine.Ops;
using AmcEngine.Tensors;

namespace AmcEngine.Model.Pretraining;

/// <summary>Losses and intermediate results of a pre-training step; all tensors belong to the caller's scope.</summary>
public sealed record AlbefOutput
{
    /// <summary>Image-text contrastive loss, a scalar (specification 3.5).</summary>
    public required Tensor LossIta { get; init; }

    /// <summary>Image-text matching loss, a scalar (specification 3.10).</summary>
    public required Tensor LossItm { get; init; }

    /// <summary>Masked-language loss, a scalar; 0 where no token is masked (specification 2.6).</summary>
    public required Tensor LossMlm { get; init; }

    /// <summary>Image tokens <c>[B, N, D]</c>.</summary>
    public required Tensor ImageEmbeds { get; init; }

    /// <summary>Text-mode hidden states <c>[B, L, D]</c>.</summary>
    public required Tensor TextEmbeds { get; init; }

    /// <summary>Contrastive image features of length 1 <c>[B, E]</c>.</summary>
    public required Tensor ImageFeat { get; init; }

    /// <summary>Contrastive text features of length 1 <c>[B, E]</c>.</summary>
    public required Tensor TextFeat { get; init; }

    /// <summary>Image-to-text similarities over batch and queue <c>[B, B + Q]</c>.</summary>
    public required Tensor SimI2T { get; init; }

    /// <summary>Text-to-image similarities over batch and queue <c>[B, B + Q]</c>.</summary>
    public required Tensor SimT2I { get; init; }

    /// <summary>Fusion states of the positive pairs: <c>[B, L, D]</c> with full outputs, else possibly <c>[B, 1, D]</c>.</summary>
    public required Tensor FusionHidden { get; init; }

    /// <summary>Cross-attention map of the AMC layer <c>[B, H, L, N]</c> for the positive pairs, a graph node.</summary>
    public Tensor? CrossAttentionMap { get; init; }

    /// <summary>ITM logits of the positive pairs <c>[B, 2]</c>; column 1 is "match".</summary>
    public required Tensor MatchLogits { get; init; }

    /// <summary>ITM logits of positive pairs, then negative image, then negative text <c>[3B, 2]</c>.</summary>
    public required Tensor ItmLogits { get; init; }

    /// <summary>MLM logits <c>[B', L, V]</c>: all texts with full outputs, else those with a masked token; null where there is none.</summary>
    public Tensor? MlmLogits { get; init; }

    /// <summary>For each text the image it was wrongly paired with.</summary>
    public required int[] NegativeImages { get; init; }

    /// <summary>For each image the text it was wrongly paired with.</summary>
    public required int[] NegativeTexts { get; init; }

    /// <summary>The text mask.</summary>
    public required TextMask TextMask { get; init; }

    /// <summary>ALBEF's own objective: MLM + ITA + ITM.</summary>
    public Tensor BaseLoss() => LossMlm.Add(LossIta).Add(LossItm);
}
