namespace AmcEngine.Amc.Explanation.Methods;

/// <summary>
/// Weighted sums over heads and query rows of one layer: what the methods of a single layer have in common.
/// </summary>
internal static class RowSums
{
    /// <summary>A patch's share in one head and row.</summary>
    /// <param name="head">Head.</param>
    /// <param name="row">Query row.</param>
    /// <param name="key">Key; 0 is the class token.</param>
    public delegate double Share(int head, int row, int key);

    /// <summary>
    /// Mean over the heads of the weighted sum over the rows, for every patch; the class column is left out.
    /// </summary>
    public static double[] Of(AttentionLayer layer, IReadOnlyList<double> weights, Share share)
    {
        var patches = new double[layer.Keys - 1];
        for (var head = 0; head < layer.Heads; head++)
            for (var row = 0; row < layer.Queries; row++)
                for (var key = 1; weights[row] != 0 && key < layer.Keys; key++)
                    patches[key - 1] += weights[row] * share(head, row, key) / layer.Heads;
        return patches;
    }
}
