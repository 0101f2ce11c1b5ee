using AmcEngine.Model;
using AmcEngine.Model.DataParallel;
using AmcEngine.Tensors;

namespace AmcEngine.Amc.Objective;

/// <summary>What an objective says of the explanations of a batch, beside the model's own losses.</summary>
public interface IObjective
{
    /// <summary>The objective's losses.</summary>
    /// <param name="inputs">Groundings of the batch and what is known of it.</param>
    /// <exception cref="ModelException">The sizes do not fit.</exception>
    ObjectiveTerms Compute(ObjectiveInputs inputs);
}

/// <summary>What an objective learns from; the tensors belong to the caller's scope.</summary>
/// <param name="Explained">How each text is explained in its picture; computed once for all objectives.</param>
/// <param name="Regions">Region masks <c>[B, S, S]</c>: 1 inside, 0 outside.</param>
/// <param name="HasRegion">Which samples have a region.</param>
public sealed record ObjectiveInputs(Explained Explained, Tensor Regions, IReadOnlyList<bool> HasRegion)
{
    /// <summary>The same of a grounding, as the training pass gave it.</summary>
    public ObjectiveInputs(Grounding grounding, Tensor regions, IReadOnlyList<bool> hasRegion)
        : this(new Explained(grounding), regions, hasRegion)
    {
    }

    /// <summary>Other texts for the same things in the same pictures; null where nobody asks for them.</summary>
    public OtherTexts? Others { get; init; }

    /// <summary>The ranks whose samples count together; null for those that are given alone.</summary>
    public BatchShare? Share { get; init; }

    /// <summary>Sums and means over these samples, or over those of all ranks.</summary>
    internal SamplePool Pool => new(Share, Regions.DType, Regions.Backend);
}

/// <summary>Other texts that name the same as those of the batch.</summary>
/// <param name="Explain">Explains them in the batch's pictures, as training does, recorded.</param>
/// <param name="IsOther">Which of them are another text; for the rest there is none.</param>
public sealed record OtherTexts(Func<Explained> Explain, IReadOnlyList<bool> IsOther);

/// <summary>The value of an objective; tensors belong to the caller's scope.</summary>
public abstract record ObjectiveTerms
{
    /// <summary>Weighted sum of the losses, a scalar: what is added to the model's own.</summary>
    public required Tensor Loss { get; init; }

    /// <summary>The losses before their weights, in the order of reports.</summary>
    public abstract IReadOnlyList<NamedLoss> Losses { get; }

    /// <summary>Intermediate results by the names of recordings.</summary>
    public virtual IReadOnlyDictionary<string, Tensor?> Intermediate => new Dictionary<string, Tensor?>();
}
