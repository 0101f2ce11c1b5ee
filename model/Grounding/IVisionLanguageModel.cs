using AmcEngine.Backends;
using AmcEngine.Model.Checkpoints;
using AmcEngine.Model.Modules;
using AmcEngine.Optim;
using AmcEngine.Tensors;

namespace AmcEngine.Model;

/// <summary>
/// A model of pictures and texts, as training, explanation and evaluation see it. Whoever implements it can be trained
/// under every objective, explained by every method and played the pointing game with.
/// </summary>
public interface IVisionLanguageModel : IDisposable
{
    /// <summary>Side of the square input picture in pixels.</summary>
    int ImageRes { get; }

    /// <summary>Longest text in tokens.</summary>
    int MaxTextLength { get; }

    /// <summary>Element type of the weights.</summary>
    DType DType { get; }

    /// <summary>Where the weights are.</summary>
    IBackend Backend { get; }

    /// <summary>Trained weights in the order of PyTorch's <c>named_parameters</c>, momentum copies left out.</summary>
    IEnumerable<Parameter> Trainable { get; }

    /// <summary>All weights, momentum copies included.</summary>
    IEnumerable<Parameter> Parameters { get; }

    /// <summary>All entries of the state dict, buffers, whole numbers and tied aliases included.</summary>
    IReadOnlyList<StateEntry> StateEntries { get; }

    /// <summary>How checkpoints name the entries.</summary>
    CheckpointNames Names { get; }

    /// <summary>
    /// Moving averages of the weights that the training losses compare with; null where the model has none.
    /// </summary>
    ExponentialMovingAverage? Average { get; }

    /// <summary>Whether momentum copies and queues exist, as training needs them.</summary>
    bool ForTraining { get; }

    /// <summary>The weights on which a grounding depends; the others serve training alone.</summary>
    /// <param name="settings">Which grounding.</param>
    IEnumerable<Parameter> ExplanationWeights(GroundingSettings settings);

    /// <summary>A way to ground texts in pictures.</summary>
    /// <param name="settings">Which map explains the model.</param>
    /// <exception cref="ModelException">The model has no such mode or layer.</exception>
    IGrounder Grounder(GroundingSettings settings);

    /// <summary>
    /// One forward pass of the training losses. Updates momentum copies and queues. Call it inside a memory scope that
    /// also spans the backward pass.
    /// </summary>
    /// <exception cref="ModelException">
    /// The batch is too small or does not fit, or the model was made for evaluation.
    /// </exception>
    TrainingOutput Forward(PairBatch batch, StepOptions options);

    /// <summary>Brings weights that the optimizer has changed back to where they may be (CLIP's scale).</summary>
    void Constrain();

    /// <summary>
    /// Undoes what the last <see cref="Forward"/> has done to the queues: its step failed before it changed the
    /// weights.
    /// </summary>
    void TakeBack();

    /// <summary>
    /// Forgets which pictures the columns of a loaded queue are about: those are numbers of other data, where training
    /// begins with a checkpoint and does not go on with it.
    /// </summary>
    void ForgetPictures();

    /// <summary>The optimizer's groups: what decays and what does not.</summary>
    IReadOnlyList<ParameterGroup> ParameterGroups(double weightDecay);

    /// <summary>Makes the momentum copies equal to the student.</summary>
    void CopyStudentToMomentum();
}
