namespace AmcEngine.Amc.Explanation.Methods;

/// <summary>
/// The map itself, mean over heads, weighted over rows: what attention alone says, without any gradient.
/// </summary>
public sealed class RawAttention : IAttentionMethod
{
    /// <inheritdoc/>
    public string Name => "attention";

    /// <inheritdoc/>
    public AttentionNeeds Needs => new(AttentionNeed.Maps, AttentionNeed.None, AttentionNeed.None);

    /// <inheritdoc/>
    public double[] Explain(AttentionInputs inputs)
    {
        var layer = inputs.RequireExplained();
        return RowSums.Of(layer, inputs.RowWeights, (head, row, key) => layer.Map(head)[row * layer.Keys + key]);
    }
}
