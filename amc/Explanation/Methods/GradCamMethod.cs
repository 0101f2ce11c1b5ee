namespace AmcEngine.Amc.Explanation.Methods;

/// <summary>
/// GradCAM of attention (specification 7): the map times its positive gradient, mean over heads, weighted over rows.
/// What training does on the device, in f64. LayerCAM weights each element by its own positive gradient too, so that
/// here the two are the same and it is not listed.
/// </summary>
public sealed class GradCamMethod : IAttentionMethod
{
    /// <inheritdoc/>
    public string Name => "gradcam";

    /// <inheritdoc/>
    public AttentionNeeds Needs => new(AttentionNeed.Gradients, AttentionNeed.None, AttentionNeed.None);

    /// <inheritdoc/>
    public double[] Explain(AttentionInputs inputs)
    {
        var layer = inputs.RequireExplained();
        return RowSums.Of(layer, inputs.RowWeights, (head, row, key) =>
        {
            var at = row * layer.Keys + key;
            return layer.Map(head)[at] * Math.Max(layer.Gradient(head)[at], 0);
        });
    }
}
