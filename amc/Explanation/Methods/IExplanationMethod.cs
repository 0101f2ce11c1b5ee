namespace AmcEngine.Amc.Explanation.Methods;

/// <summary>A way to say which patches of a picture a score comes from.</summary>
public interface IExplanationMethod
{
    /// <summary>Its name on the command line.</summary>
    string Name { get; }

    /// <summary>Its name, with what else decides on its maps.</summary>
    string Description => Name;
}

/// <summary>How much of an attention a method needs.</summary>
public enum AttentionNeed
{
    /// <summary>It reads no attention, but asks for scores.</summary>
    None,

    /// <summary>The maps.</summary>
    Maps,

    /// <summary>The maps and the score's gradients with respect to them.</summary>
    Gradients,
}

/// <summary>Which attentions a method needs. Those that a model does not have are given as none.</summary>
/// <param name="Explained">The configured layer's map over the picture.</param>
/// <param name="Picture">Self-attention of every layer of the picture's tower.</param>
/// <param name="Fusion">
/// Self-attention and cross-attention of every text layer, where text looks at the picture.
/// </param>
public readonly record struct AttentionNeeds(AttentionNeed Explained, AttentionNeed Picture, AttentionNeed Fusion);

/// <summary>A text layer: its self-attention, and its attention over the picture where it has one.</summary>
/// <param name="Self">Self-attention <c>[H, L, L]</c>.</param>
/// <param name="Cross">Cross-attention <c>[H, L, 1 + n²]</c>, or null.</param>
public sealed record TextLayer(AttentionLayer Self, AttentionLayer? Cross);

/// <summary>
/// What a model gives to explain one score of one picture and text; the lists begin with the first layer.
/// </summary>
public sealed record AttentionInputs
{
    /// <summary>
    /// The configured layer's attention over the picture <c>[H, Q, 1 + n²]</c>; null where it was not asked for.
    /// </summary>
    public AttentionLayer? Explained { get; init; }

    /// <summary>
    /// Weight of each query row of <see cref="Explained"/>: 1/Q each for the mean over all rows, 1/(n − 2) for rows 1 …
    /// n − 2 of a text of n tokens (words only), 1 for the class row of a picture tower.
    /// </summary>
    public IReadOnlyList<double> RowWeights { get; init; } = [];

    /// <summary>Self-attention of the picture's tower <c>[H, 1 + n², 1 + n²]</c>.</summary>
    public IReadOnlyList<AttentionLayer> Picture { get; init; } = [];

    /// <summary>The text layers up to the score; none where text never looks at the picture.</summary>
    public IReadOnlyList<TextLayer> Fusion { get; init; } = [];

    /// <summary>The configured layer's attention, which the method has asked for.</summary>
    /// <exception cref="InvalidOperationException">It is not there, or the weights do not fit it.</exception>
    internal AttentionLayer RequireExplained() => Explained is { } layer && RowWeights.Count == layer.Queries
        ? layer
        : throw new InvalidOperationException(
            $"{RowWeights.Count} row weights for {Explained?.Queries ?? 0} rows of the explained attention");
}

/// <summary>A method that combines attention maps, and perhaps their gradients.</summary>
public interface IAttentionMethod : IExplanationMethod
{
    /// <summary>What <see cref="Explain"/> reads.</summary>
    AttentionNeeds Needs { get; }

    /// <summary>How much each patch speaks for the score, <c>n²</c> numbers row by row, not normalised.</summary>
    double[] Explain(AttentionInputs inputs);
}
