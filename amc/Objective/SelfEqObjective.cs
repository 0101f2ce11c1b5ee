using AmcEngine.Diagnostics;
using AmcEngine.Model;
using AmcEngine.Ops;
using AmcEngine.Tensors;

namespace AmcEngine.Amc.Objective;

/// <summary>
/// SelfEQ (He et al., CVPR 2024) as an objective: the explanation of a text and that of another text for the same thing
/// are to agree. It needs no region. The model's own losses are those of the batch's texts, the paraphrases.
/// </summary>
/// <param name="weight">Weight beside the other losses.</param>
/// <param name="options">Constants of the loss.</param>
public sealed class SelfEqObjective(double weight = 1, SelfEqOptions? options = null) : IObjective
{
    // Added to the maximum that normalises a map, as in Attention Mask Consistency.
    private const double Eps = 1e-7;

    /// <inheritdoc/>
    public ObjectiveTerms Compute(ObjectiveInputs inputs)
    {
        var (dtype, backend) = (inputs.Regions.DType, inputs.Regions.Backend);
        int[] rows = inputs.Others is { } others
            ? [.. Enumerable.Range(0, others.IsOther.Count).Where(i => others.IsOther[i])] : [];
        var pool = inputs.Pool;
        var (phrase, paraphrase) = rows.Length == 0 ? default : Maps(inputs, rows);
        var elements = pool.Count(phrase?.Count ?? 0);
        if (elements == 0)
        {
            var zero = Tensor.Zeros([], dtype, backend);
            return new Terms(zero, zero) { Loss = zero };
        }
        using var phase = Phase.Begin("forward/SelfEQ loss");
        var value = SelfEqLoss.Compute(phrase, paraphrase, elements, pool, options);
        return new Terms(value.Similarity, value.Consistency) { Loss = value.Loss.Scale(weight) };
    }

    // Of the samples that have another text.
    private static (Tensor Phrase, Tensor Paraphrase) Maps(ObjectiveInputs inputs, int[] rows)
    {
        var paraphrase = Normalized(inputs.Explained);
        Tensor phrase;
        using (Phase.Begin("forward/other texts"))
            phrase = Normalized(inputs.Others!.Explain());
        if (rows.Length == paraphrase.Shape[0]) return (phrase, paraphrase);
        using var phase = Phase.Begin("forward/SelfEQ loss");
        var index = Tensor.From(rows, [rows.Length], phrase.Backend);
        return (phrase.IndexSelect(0, index), paraphrase.IndexSelect(0, index));
    }

    private static Tensor Normalized(Explained explained) => explained.Cam.MinMaxNormalize(Eps);

    private sealed record Terms(Tensor Similarity, Tensor Consistency) : ObjectiveTerms
    {
        public override IReadOnlyList<NamedLoss> Losses =>
            [new("selfeq_sim", Similarity), new("selfeq_cst", Consistency)];
    }
}
