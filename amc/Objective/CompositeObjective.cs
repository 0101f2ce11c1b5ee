using AmcEngine.Model;
using AmcEngine.Ops;
using AmcEngine.Tensors;

namespace AmcEngine.Amc.Objective;

/// <summary>Several objectives, whose losses are added.</summary>
/// <param name="parts">The objectives, at least one.</param>
public sealed class CompositeObjective(params IReadOnlyList<IObjective> parts) : IObjective
{
    /// <inheritdoc/>
    public ObjectiveTerms Compute(ObjectiveInputs inputs)
    {
        ObjectiveTerms[] terms = [.. parts.Select(p => p.Compute(inputs))];
        return new Sum(terms) { Loss = terms.Select(t => t.Loss).Aggregate((a, b) => a.Add(b)) };
    }

    private sealed record Sum(ObjectiveTerms[] Parts) : ObjectiveTerms
    {
        public override IReadOnlyList<NamedLoss> Losses => [.. Parts.SelectMany(p => p.Losses)];

        public override IReadOnlyDictionary<string, Tensor?> Intermediate =>
            Parts.SelectMany(p => p.Intermediate).ToDictionary(v => v.Key, v => v.Value);
    }
}
