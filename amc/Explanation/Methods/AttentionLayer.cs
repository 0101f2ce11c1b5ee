namespace AmcEngine.Amc.Explanation.Methods;

/// <summary>
/// One layer's attention of one sample on the host: the map after the softmax, and the gradient of the explained score
/// with respect to it. Values lie head by head, query by query, key by key: <c>[H, Q, K]</c>.
/// </summary>
public sealed class AttentionLayer
{
    private readonly double[] _map;
    private readonly double[]? _gradient;

    /// <summary>A layer.</summary>
    /// <param name="heads">Heads, H.</param>
    /// <param name="queries">Rows of a map, Q.</param>
    /// <param name="keys">Columns of a map, K.</param>
    /// <param name="map">The map, <c>H·Q·K</c> numbers.</param>
    /// <param name="gradient">The gradient, as many; null where the method needs none.</param>
    /// <exception cref="ArgumentException">The numbers do not fit the extents.</exception>
    public AttentionLayer(int heads, int queries, int keys, double[] map, double[]? gradient = null)
    {
        ArgumentNullException.ThrowIfNull(map);
        var count = heads * queries * keys;
        if (map.Length != count || (gradient is not null && gradient.Length != count))
            throw new ArgumentException(
                $"{map.Length} and {gradient?.Length} values for [{heads}, {queries}, {keys}]", nameof(map));
        (Heads, Queries, Keys, _map, _gradient) = (heads, queries, keys, map, gradient);
    }

    /// <summary>Heads, H.</summary>
    public int Heads { get; }

    /// <summary>Rows of a map, Q.</summary>
    public int Queries { get; }

    /// <summary>Columns of a map, K.</summary>
    public int Keys { get; }

    /// <summary>The map of a head <c>[Q, K]</c>.</summary>
    public ReadOnlySpan<double> Map(int head) => _map.AsSpan(head * Queries * Keys, Queries * Keys);

    /// <summary>The gradient of a head's map <c>[Q, K]</c>.</summary>
    /// <exception cref="InvalidOperationException">The layer has none.</exception>
    public ReadOnlySpan<double> Gradient(int head) => _gradient is { } gradient
        ? gradient.AsSpan(head * Queries * Keys, Queries * Keys)
        : throw new InvalidOperationException(
            "the explanation needs the gradient of this attention, which was not computed");

    /// <summary>Mean of the maps over the heads.</summary>
    public Matrix MeanMap()
    {
        var mean = new Matrix(Queries, Keys);
        for (var head = 0; head < Heads; head++)
        {
            var map = Map(head);
            for (var i = 0; i < map.Length; i++) mean.Values[i] += map[i] / Heads;
        }
        return mean;
    }

    /// <summary>
    /// bar(A, g): mean over the heads of max(A·g, 0), the relevance that a layer adds (Chefer et al., ICCV 2021).
    /// </summary>
    public Matrix Relevance()
    {
        var bar = new Matrix(Queries, Keys);
        for (var head = 0; head < Heads; head++)
        {
            ReadOnlySpan<double> map = Map(head), gradient = Gradient(head);
            for (var i = 0; i < map.Length; i++) bar.Values[i] += Math.Max(map[i] * gradient[i], 0) / Heads;
        }
        return bar;
    }
}
