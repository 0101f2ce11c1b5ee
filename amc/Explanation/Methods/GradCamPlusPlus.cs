namespace AmcEngine.Amc.Explanation.Methods;

/// <summary>
/// GradCAM++ (Chattopadhay et al. 2018): each map, a head's row over the patches, has one weight, the sum of its
/// positive gradients g weighted by α = g²/(2g² + ΣA·g³ + ε), in which ΣA is the sum of the map over the patches.
/// </summary>
public sealed class GradCamPlusPlus : IAttentionMethod
{
    // Gradients of attention are small; a larger ε would decide for g².
    private const double Epsilon = 1e-30;

    /// <inheritdoc/>
    public string Name => "gradcam++";

    /// <inheritdoc/>
    public AttentionNeeds Needs => new(AttentionNeed.Gradients, AttentionNeed.None, AttentionNeed.None);

    /// <inheritdoc/>
    public double[] Explain(AttentionInputs inputs)
    {
        var layer = inputs.RequireExplained();
        var weights = new double[layer.Heads, layer.Queries];
        for (var head = 0; head < layer.Heads; head++)
            for (var row = 0; row < layer.Queries; row++)
            {
                var first = row * layer.Keys + 1;
                weights[head, row] = Weight(layer.Map(head)[first..(first + layer.Keys - 1)],
                    layer.Gradient(head)[first..(first + layer.Keys - 1)]);
            }
        return RowSums.Of(
            layer, inputs.RowWeights, (head, row, key) => weights[head, row] * layer.Map(head)[row * layer.Keys + key]);
    }

    private static double Weight(ReadOnlySpan<double> map, ReadOnlySpan<double> gradient)
    {
        double total = 0, weight = 0;
        foreach (var a in map) total += a;
        foreach (var g in gradient)
            if (g > 0) weight += g * (g * g / (2 * g * g + total * g * g * g + Epsilon));
        return weight;
    }
}
