using AmcEngine.Model.Tokenization;
using AmcEngine.Tensors;

namespace AmcEngine.Model;

/// <summary>A scalar loss by name.</summary>
/// <param name="Name">Its name in logs and recordings.</param>
/// <param name="Value">The loss, a scalar.</param>
public readonly record struct NamedLoss(string Name, Tensor Value);

/// <summary>What a model's own training losses are for a batch; all tensors belong to the caller's scope.</summary>
public abstract record TrainingOutput
{
    /// <summary>The losses, in the order of reports.</summary>
    public abstract IReadOnlyList<NamedLoss> Losses { get; }

    /// <summary>
    /// The grounding of each text in its own picture, with dropout as in training; null where the step asked for none,
    /// and where it computed the batch by parts.
    /// </summary>
    public Grounding? Grounding { get; init; }

    /// <summary>
    /// Grounds other texts in the same pictures, one a picture, with dropout as in training and recorded; null as
    /// <see cref="Grounding"/>.
    /// </summary>
    public Func<TokenBatch, Grounding>? GroundTexts { get; init; }

    /// <summary>
    /// What <see cref="StepOptions.Explain"/> read of each grounding, where the batch was computed by parts.
    /// </summary>
    public Tensor? Explanation { get; init; }

    /// <summary>
    /// What <see cref="StepOptions.Explain"/> reads of other texts in the same pictures, one a picture, where the batch
    /// was computed by parts.
    /// </summary>
    public Func<TokenBatch, Tensor>? ExplainTexts { get; init; }

    /// <summary>
    /// The stages of the pass. After the backward pass of the losses, <see cref="BatchStages.Backward()"/> completes
    /// it.
    /// </summary>
    public required BatchStages Stages { get; init; }

    /// <summary>Sum of the losses, a scalar, recorded anew by each call.</summary>
    public abstract Tensor Total();

    /// <summary>
    /// Intermediate results by the names of recordings; complete where the step asked for full outputs.
    /// </summary>
    public abstract IReadOnlyDictionary<string, Tensor?> Intermediate { get; }

    /// <summary>Choices of whole numbers by the names of recordings (hard negatives).</summary>
    public virtual IReadOnlyDictionary<string, int[]> Choices => new Dictionary<string, int[]>();
}
