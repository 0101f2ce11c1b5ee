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
        if (rows.Length == 0)
        {
            var zero = Tensor.Zeros([], dtype, backend);
            return new Terms(zero, zero) { Loss = zero };
        }
        var paraphrase = Normalized(inputs.Explained);
        Tensor phrase;
        using (Phase.Begin("forward/other texts"))
            phrase = Normalized(inputs.Others!.Explain());
        using var phase = Phase.Begin("forward/SelfEQ loss");
        if (rows.Length < paraphrase.Shape[0])
        {
            var index = Tensor.From(rows, [rows.Length], backend);
            (phrase, paraphrase) = (phrase.IndexSelect(0, index), paraphrase.IndexSelect(0, index));
        }
        var value = SelfEqLoss.Compute(phrase, paraphrase, options);
        return new Terms(value.Similarity, value.Consistency) { Loss = value.Loss.Scale(weight) };
    }

    private static Tensor Normalized(Explained explained) => explained.Cam.MinMaxNormalize(Eps);

    private sealed record Terms(Tensor Similarity, Tensor Consistency) : ObjectiveTerms
    {
        public override IReadOnlyList<NamedLoss> Losses =>
            [new("selfeq_sim", Similarity), new("selfeq_cst", Consistency)];
    }
}
