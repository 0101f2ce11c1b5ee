using AmcEngine.Amc.Explanation.Methods;
using AmcEngine.Autograd;
using AmcEngine.Memory;
using AmcEngine.Model;
using AmcEngine.Model.Layers;
using AmcEngine.Model.Tokenization;
using AmcEngine.Ops;
using AmcEngine.Tensors;

namespace AmcEngine.Amc.Explanation;

/// <summary>What a method reads of a model for one pair, and how well the pair fits.</summary>
/// <param name="Inputs">The attentions.</param>
/// <param name="Grid">Patches along a side of the picture.</param>
/// <param name="Confidence">The model's own number (<see cref="Grounding.Confidence"/>).</param>
internal sealed record ReadAttention<T>(T Inputs, int Grid, double Confidence);

/// <summary>Brings the attentions that a method asks for from the device to the host, one pair at a time.</summary>
internal static class AttentionReader
{
    /// <summary>The attentions of a pair.</summary>
    /// <param name="grounder">The model.</param>
    /// <param name="image">The normalised picture <c>[1, 3, S, S]</c>.</param>
    /// <param name="text">The text.</param>
    /// <param name="needs">What is read; gradients cost a backward pass through the model.</param>
    public static ReadAttention<AttentionInputs> Read(
        IGrounder grounder, Tensor image, TokenBatch text, AttentionNeeds needs)
    {
        using var scope = MemoryScope.Begin();
        var recorded = Record(grounder, image, text, needs);
        AttentionCapture[] differentiated =
            [.. recorded.Captures.Where(c => NeedOf(c, recorded, needs) == AttentionNeed.Gradients)];
        var gradients = Gradients(recorded.Grounding.Score, [.. differentiated.Select(c => c.Map)]);
        Dictionary<AttentionCapture, AttentionLayer> layers = new(ReferenceEqualityComparer.Instance);
        foreach (var capture in recorded.Captures)
        {
            var at = Array.FindIndex(differentiated, c => ReferenceEquals(c, capture));
            var gradient = at < 0 ? null : gradients[at]?.ToDoubles() ?? new double[capture.Map.Count];
            layers[capture] = Layer(capture.Map, gradient);
        }
        AttentionLayer[] picture =
            [.. recorded.Captures.Where(c => c.Kind == AttentionKind.Vision).Select(c => layers[c])];
        var inputs = new AttentionInputs
        {
            Explained = needs.Explained == AttentionNeed.None ? null : layers[recorded.Explained],
            RowWeights = RowWeights(recorded.Grounding),
            Picture = needs.Picture == AttentionNeed.None ? [] : picture,
            Fusion = needs.Fusion == AttentionNeed.None ? [] : TextLayers(recorded, layers),
        };
        return new(inputs, recorded.Grounding.Grid, recorded.Grounding.Confidence!.ToDoubles()[0]);
    }

    /// <summary>What Grad-ECLIP reads of a pair: queries, keys and values of the explained block.</summary>
    /// <param name="grounder">The model, explained by a score of the picture's class token.</param>
    /// <param name="image">The normalised picture <c>[1, 3, S, S]</c>.</param>
    /// <param name="text">The text.</param>
    public static ReadAttention<ClassAttention> ReadClass(IGrounder grounder, Tensor image, TokenBatch text)
    {
        using var scope = MemoryScope.Begin();
        var needs = new AttentionNeeds(AttentionNeed.Gradients, AttentionNeed.None, AttentionNeed.None);
        var recorded = Record(grounder, image, text, needs);
        (_, _, _, var query, var source, var output) = recorded.Explained;
        var width = query.Shape[2];
        var gradient = Gradients(recorded.Grounding.Score, [output])[0]?.ToDoubles() ?? new double[output.Count];
        var inputs =
            new ClassAttention(query.ToDoubles()[..width], Rows(source.Key), Rows(source.Value), gradient[..width]);
        return new(inputs, recorded.Grounding.Grid, recorded.Grounding.Confidence!.ToDoubles()[0]);
    }

    // Without gradients nothing is recorded, and layers are freed as the pass goes on.
    private static RecordedGrounding Record(IGrounder grounder, Tensor image, TokenBatch text, AttentionNeeds needs)
    {
        List<AttentionKind> kinds = [];
        if (needs.Picture != AttentionNeed.None) kinds.Add(AttentionKind.Vision);
        if (needs.Fusion != AttentionNeed.None) kinds.AddRange([AttentionKind.TextSelf, AttentionKind.Cross]);
        AttentionNeed[] all = [needs.Explained, needs.Picture, needs.Fusion];
        using var mode = GradMode.Set(all.Contains(AttentionNeed.Gradients));
        return grounder.Record(image, text, kinds);
    }

    private static AttentionNeed NeedOf(AttentionCapture capture, RecordedGrounding recorded, AttentionNeeds needs)
    {
        var group = capture.Kind == AttentionKind.Vision ? needs.Picture : needs.Fusion;
        return ReferenceEquals(capture, recorded.Explained) && needs.Explained > group ? needs.Explained : group;
    }

    private static Tensor?[] Gradients(Tensor score, Tensor[] nodes) =>
        nodes.Length == 0 ? [] : AutogradEngine.Grad([score.Sum()], nodes);

    private static AttentionLayer Layer(Tensor map, double[]? gradient) =>
        new(map.Shape[1], map.Shape[2], map.Shape[3], map.ToDoubles(), gradient);

    private static TextLayer[] TextLayers(
        RecordedGrounding recorded, Dictionary<AttentionCapture, AttentionLayer> layers)
    {
        var crosses = recorded.Captures.Where(c => c.Kind == AttentionKind.Cross).ToDictionary(
            c => c.Layer, c => layers[c]);
        var selves = recorded.Captures.Where(c => c.Kind == AttentionKind.TextSelf);
        return [.. selves.Select(self => new TextLayer(layers[self], crosses.GetValueOrDefault(self.Layer)))];
    }

    // A mask's squares, averaged over the rows.
    private static double[] RowWeights(Grounding grounding)
    {
        var rows = grounding.Map.Shape[2];
        var weights = grounding.QueryMask?.ToDoubles() ?? [.. Enumerable.Repeat(1.0, rows)];
        return Array.ConvertAll(weights, w => w * w / rows);
    }

    private static Matrix Rows(Tensor tokens)
    {
        var matrix = new Matrix(tokens.Shape[1], tokens.Shape[2]);
        tokens.ToDoubles().CopyTo(matrix.Values, 0);
        return matrix;
    }
}
