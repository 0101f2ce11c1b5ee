namespace AmcEngine.Amc.Explanation.Methods;

/// <summary>
/// What Grad-ECLIP reads of one layer of the picture's tower; rows are tokens, the class token first.
/// </summary>
/// <param name="Query">Query of the class token, all heads side by side <c>[C]</c>.</param>
/// <param name="Keys">Keys <c>[1 + n², C]</c>.</param>
/// <param name="Values">Values <c>[1 + n², C]</c>.</param>
/// <param name="Gradient">
/// Gradient of the score with respect to the class token's attention output, before its projection <c>[C]</c>.
/// </param>
public sealed record ClassAttention(double[] Query, Matrix Keys, Matrix Values, double[] Gradient);

/// <summary>
/// Grad-ECLIP (Zhao et al., ICML 2024) for a score of the picture's class token, as in CLIP: max(0, Σ_c g_c·v_c·λ) of
/// each patch, where g is the gradient at the class token's attention output, v the patch's value and λ the cosine of
/// the class token's query and the patch's key, brought to 0 … 1 over the patches. λ stands for the softmax, which is
/// too sparse.
/// </summary>
public sealed class GradEclip : IExplanationMethod
{
    /// <inheritdoc/>
    public string Name => "grad-eclip";

    /// <summary>
    /// How much each patch speaks for the score, <c>n²</c> numbers; over several layers the maps are added.
    /// </summary>
    public static double[] Explain(ClassAttention layer)
    {
        var count = layer.Keys.Rows - 1;
        double[] cosines = [.. Enumerable.Range(1, count).Select(token => Cosine(layer.Query, layer.Keys.Row(token)))];
        double least = cosines.Min(), range = cosines.Max() - least;
        return [.. Enumerable.Range(0, count).Select(patch =>
        {
            // Equal cosines tell no patch from another.
            var similarity = range > 0 ? (cosines[patch] - least) / range : 1;
            return Math.Max(0, similarity * Dot(layer.Gradient, layer.Values.Row(patch + 1)));
        })];
    }

    private static double Cosine(ReadOnlySpan<double> a, ReadOnlySpan<double> b)
    {
        var norms = Math.Sqrt(Dot(a, a) * Dot(b, b));
        return norms > 0 ? Dot(a, b) / norms : 0;
    }

    private static double Dot(ReadOnlySpan<double> a, ReadOnlySpan<double> b)
    {
        double sum = 0;
        for (var i = 0; i < a.Length; i++) sum += a[i] * b[i];
        return sum;
    }
}
