using AmcEngine.Ops;
using AmcEngine.Tensors;

namespace AmcEngine.Model.Blip;

/// <summary>Losses and intermediate results of BLIP's fine-tuning; all tensors belong to the caller's scope.</summary>
public sealed record BlipOutput : TrainingOutput
{
    /// <summary>Image-text contrastive loss, a scalar.</summary>
    public required Tensor LossIta { get; init; }

    /// <summary>Image-text matching loss, a scalar.</summary>
    public required Tensor LossItm { get; init; }

    /// <summary>Image tokens <c>[B, N, D]</c>.</summary>
    public required Tensor ImageEmbeds { get; init; }

    /// <summary>Contrastive image features of length 1 <c>[B, E]</c>.</summary>
    public required Tensor ImageFeat { get; init; }

    /// <summary>Contrastive text features of length 1 <c>[B, E]</c>.</summary>
    public required Tensor TextFeat { get; init; }

    /// <summary>Image-to-text similarities over batch and queue <c>[B, B + Q]</c>.</summary>
    public required Tensor SimI2T { get; init; }

    /// <summary>Text-to-image similarities over batch and queue <c>[B, B + Q]</c>.</summary>
    public required Tensor SimT2I { get; init; }

    /// <summary>
    /// Multimodal states of the positive pairs: <c>[B, L, D]</c> with full outputs, else possibly <c>[B, 1, D]</c>.
    /// </summary>
    public required Tensor FusionHidden { get; init; }

    /// <summary>
    /// ITM logits of positive pairs, then negative image, then negative text <c>[3B, 2]</c>; column 1 is "match".
    /// </summary>
    public required Tensor ItmLogits { get; init; }

    /// <summary>For each text the image it was wrongly paired with.</summary>
    public required int[] NegativeImages { get; init; }

    /// <summary>For each image the text it was wrongly paired with.</summary>
    public required int[] NegativeTexts { get; init; }

    /// <inheritdoc/>
    public override IReadOnlyList<NamedLoss> Losses => [new("ita", LossIta), new("itm", LossItm)];

    /// <inheritdoc/>
    public override Tensor Total() => LossIta.Add(LossItm);

    /// <inheritdoc/>
    public override IReadOnlyDictionary<string, Tensor?> Intermediate => new Dictionary<string, Tensor?>
    {
        ["image_embeds"] = ImageEmbeds,
        ["image_feat"] = ImageFeat,
        ["text_feat"] = TextFeat,
        ["sim_i2t"] = SimI2T,
        ["sim_t2i"] = SimT2I,
        ["fusion_pos_last_hidden"] = FusionHidden,
        ["cross_attention_map"] = Grounding?.Map,
        ["itm_logits"] = ItmLogits,
    };

    /// <inheritdoc/>
    public override IReadOnlyDictionary<string, int[]> Choices => new Dictionary<string, int[]>
    {
        ["neg_image_idx"] = NegativeImages,
        ["neg_text_idx"] = NegativeTexts,
    };
}
