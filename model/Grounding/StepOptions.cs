using AmcEngine.Backends;
using AmcEngine.Model.Contrastive;
using AmcEngine.Model.DataParallel;
using AmcEngine.Model.Text;
using AmcEngine.Model.Tokenization;
using AmcEngine.Tensors;

namespace AmcEngine.Model;

/// <summary>Image-text pairs.</summary>
/// <param name="Image">Normalised RGB <c>[B, 3, S, S]</c> in the model's element type.</param>
/// <param name="Text">One tokenized text an image.</param>
public sealed record PairBatch(Tensor Image, TokenBatch Text)
{
    /// <summary>
    /// A number for each pair that is the same for pairs about the same picture; null where all differ or nobody knows.
    /// </summary>
    public long[]? Pictures { get; init; }
}

/// <summary>What one training step is to do.</summary>
/// <param name="Alpha">
/// Weight of the momentum targets (specification 3: 0 to 0.4 during the first epoch); models without a momentum teacher
/// ignore it.
/// </param>
/// <param name="Random">Source of dropout masks, hard negatives and masked tokens.</param>
public sealed record StepOptions(double Alpha, RandomSource Random)
{
    /// <summary>How hard negatives are drawn; multinomial by default.</summary>
    public IHardNegativeSampler Negatives { get; init; } = MultinomialSampler.Instance;

    /// <summary>Given masked tokens; null draws them.</summary>
    public MaskedTokens? Masked { get; init; }

    /// <summary>Materialise the attention map of the configured layer; without it every attention is fused.</summary>
    public bool Ground { get; init; } = true;

    /// <summary>
    /// Rows that are computed at a time: losses and gradients are those of the whole batch, the memory is that of so
    /// many rows; null computes the batch at once.
    /// </summary>
    public int? MicroBatch { get; init; }

    /// <summary>
    /// Whether the model's losses are part of what is minimised, as <see cref="TrainingOutput.Total"/> adds them. Those
    /// that are sums over samples are then led back to the weights as soon as a part has computed its share, and by
    /// parts they are constants of the total. False where a caller differentiates something else.
    /// </summary>
    public bool MinimizesLosses { get; init; }

    /// <summary>
    /// What is read of each grounding, <c>[B, …]</c>, where the batch is computed by parts and grounded: it may take
    /// gradients of the score, and is differentiated itself. May be null otherwise.
    /// </summary>
    public Func<Grounding, Tensor>? Explain { get; init; }

    /// <summary>
    /// Whether transformer blocks keep their inputs alone and are computed again in the backward pass: less memory,
    /// more time, the same bits.
    /// </summary>
    public bool CheckpointActivations { get; init; }

    /// <summary>Which part of the batch is given, where several ranks share it; all of it by default.</summary>
    public BatchShare Share { get; init; } = BatchShare.Whole;

    /// <summary>The context of the trained encoders, without a hook.</summary>
    internal Layers.ForwardContext Context => new(Random) { Checkpoint = CheckpointActivations };

    /// <summary>
    /// Also compute what no loss reads (all rows of the last fusion layer, MLM logits of texts without a masked token),
    /// and list it, for comparison with another implementation. The losses are the same either way.
    /// </summary>
    public bool FullOutputs { get; init; }
}
