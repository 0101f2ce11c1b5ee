namespace AmcEngine.Amc.Explanation.Methods;

/// <summary>
/// Relevance propagation (Chefer et al., ICCV 2021): maps weighted by their positive gradients, multiplied through all
/// layers; of one modality where text never looks at the picture, else of both, from the picture's tower into the
/// text's.
/// </summary>
public sealed class Relevance : IAttentionMethod
{
    /// <inheritdoc/>
    public string Name => "relevance";

    /// <inheritdoc/>
    public AttentionNeeds Needs => new(AttentionNeed.None, AttentionNeed.Gradients, AttentionNeed.Gradients);

    /// <inheritdoc/>
    public double[] Explain(AttentionInputs inputs) => inputs.Fusion.Any(layer => layer.Cross is not null)
        ? OfBoth(inputs.Picture, inputs.Fusion).TextToPicture.PatchesOf(0)
        : OfOne(inputs.Picture).PatchesOf(0);

    /// <summary>One modality: R ← R + bar·R from the first layer up, R₀ = I.</summary>
    public static Matrix OfOne(IReadOnlyList<AttentionLayer> layers) =>
        layers.Aggregate(Matrix.Identity(layers[0].Queries), (r, layer) => r.Plus(layer.Relevance().Times(r)));

    /// <summary>
    /// Both modalities, text looking at the picture. Each text layer's self-attention moves R_tt ← R_tt + bar·R_tt and
    /// R_ti ← R_ti + bar·R_ti, then its cross-attention R_ti ← R_ti + hat(R_tt)ᵀ·bar·hat(R_ii).
    /// </summary>
    /// <param name="picture">Self-attention of the picture's tower.</param>
    /// <param name="text">
    /// Text layers; those without cross-attention move R_tt alone, since R_ti is 0 before the first.
    /// </param>
    public static FusionRelevance OfBoth(IReadOnlyList<AttentionLayer> picture, IReadOnlyList<TextLayer> text)
    {
        var pictureToPicture = OfOne(picture);
        var mixing = Hat(pictureToPicture);
        var textToText = Matrix.Identity(text[0].Self.Queries);
        var textToPicture = new Matrix(textToText.Rows, pictureToPicture.Rows);
        foreach (var (self, cross) in text)
        {
            var bar = self.Relevance();
            textToText = textToText.Plus(bar.Times(textToText));
            textToPicture = textToPicture.Plus(bar.Times(textToPicture));
            if (cross is null) continue;
            textToPicture = textToPicture.Plus(Hat(textToText).Transposed().Times(cross.Relevance()).Times(mixing));
        }
        return new FusionRelevance(textToText, textToPicture, pictureToPicture);
    }

    // (R − I) with rows of sum one, plus I. A row to which nothing was added stays that of I, where the reference
    // divides by 0.
    private static Matrix Hat(Matrix r)
    {
        var identity = Matrix.Identity(r.Rows);
        var added = new Matrix(r.Rows, r.Columns);
        for (var i = 0; i < added.Values.Length; i++) added.Values[i] = r.Values[i] - identity.Values[i];
        return added.WithRowsOfSumOne().Plus(identity);
    }
}

/// <summary>Relevances between the tokens of both modalities; the rows are what is explained.</summary>
/// <param name="TextToText">R_tt <c>[L, L]</c>.</param>
/// <param name="TextToPicture">R_ti <c>[L, 1 + n²]</c>.</param>
/// <param name="PictureToPicture">R_ii <c>[1 + n², 1 + n²]</c>.</param>
public sealed record FusionRelevance(Matrix TextToText, Matrix TextToPicture, Matrix PictureToPicture);
