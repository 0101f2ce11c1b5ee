namespace AmcEngine.Amc.Explanation.Methods;

/// <summary>
/// Attention rollout (Abnar and Zuidema 2020): how much of each patch reaches the class token through all layers, where
/// each layer mixes by its mean map and keeps its input. It sees the picture alone, whatever the text.
/// </summary>
public sealed class Rollout : IAttentionMethod
{
    /// <inheritdoc/>
    public string Name => "rollout";

    /// <inheritdoc/>
    public AttentionNeeds Needs => new(AttentionNeed.None, AttentionNeed.Maps, AttentionNeed.None);

    /// <inheritdoc/>
    public double[] Explain(AttentionInputs inputs) => Through(inputs.Picture).PatchesOf(0);

    /// <summary>R ← rows of sum one of (mean map + I) · R, from the first layer up, R₀ = I.</summary>
    public static Matrix Through(IReadOnlyList<AttentionLayer> layers)
    {
        var identity = Matrix.Identity(layers[0].Queries);
        return layers.Aggregate(identity, (r, layer) => layer.MeanMap().Plus(identity).WithRowsOfSumOne().Times(r));
    }
}
