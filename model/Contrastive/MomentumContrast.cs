using AmcEngine.Autograd;
using AmcEngine.Memory;
using AmcEngine.Model.Modules;
using AmcEngine.Ops;
using AmcEngine.Tensors;

namespace AmcEngine.Model.Contrastive;

/// <summary>
/// Image-text contrast against the momentum features of the batch and of the queues, with soft targets by the momentum
/// encoders (specification 3, steps 3c to 6).
/// </summary>
/// <param name="images">Queue of image features.</param>
/// <param name="texts">Queue of text features.</param>
/// <param name="temperature">Temperature of the similarities, a scalar.</param>
/// <param name="alpha">Weight of the soft targets.</param>
internal sealed class MomentumContrast(FeatureQueue images, FeatureQueue texts, Tensor temperature, double alpha)
{
    /// <summary>
    /// Which picture each pair is about, where other texts of a picture are as right for it as its own; else null.
    /// </summary>
    public long[]? Pictures { get; init; }

    /// <summary>The same of all ranks' pairs.</summary>
    public long[]? AllPictures { get; init; }

    /// <summary>Weight of the positives, 1 − α.</summary>
    public double PositiveWeight { get; init; } = 1 - alpha;

    /// <summary>Whether pairs are compared with those of all ranks, and not of their own alone.</summary>
    public bool OverAll { get; init; }

    /// <summary>Column of the first pair itself.</summary>
    public int First { get; init; }

    /// <summary>
    /// Similarities over batch and queue <c>[b, n + Q]</c> both ways and the loss; then the batch of all ranks enters
    /// the queues.
    /// </summary>
    /// <param name="image">Image features <c>[b, E]</c>.</param>
    /// <param name="text">Text features <c>[b, E]</c>.</param>
    /// <param name="teacher">Momentum features of the same pairs and of all ranks' pairs, constants.</param>
    public (Tensor I2T, Tensor T2I, Tensor Loss) Run(Tensor image, Tensor text, TeacherFeatures teacher)
    {
        using var scope = MemoryScope.Begin();
        var (own, all) = (teacher.Own, teacher.All);
        var columns = OverAll ? all : own;
        var allImages = images.With(columns.Image);
        var allTexts = texts.With(columns.Text);
        var simI2T = Similarity(image, allTexts);
        var simT2I = Similarity(text, allImages);
        var positives =
            texts.Positives(Pictures, OverAll ? AllPictures : Pictures, image.DType, image.Backend);
        var loss = SoftTargetLoss(simI2T, positives, own.Image, allTexts)
            .Add(SoftTargetLoss(simT2I, positives, own.Text, allImages)).Scale(0.5);
        images.Enqueue(all.Image);
        texts.Enqueue(all.Text, AllPictures);
        return (scope.Keep(simI2T), scope.Keep(simT2I), scope.Keep(loss));
    }

    /// <summary>
    /// Cross-entropy against α·softmax(momentum similarities) + (1 − α)·positives. It is linear in the targets, so the
    /// part of the positives is a cross-entropy of its own, and with one positive a row no target matrix is built for
    /// it.
    /// </summary>
    private Tensor SoftTargetLoss(Tensor similarity, Tensor? positives, Tensor teacher, Tensor columns)
    {
        var hard = positives is null
            ? similarity.CrossEntropy([.. Enumerable.Range(First, similarity.Shape[0])])
            : similarity.SoftCrossEntropy(positives);
        if (alpha == 0) return hard;
        Tensor targets;
        using (NoGrad.Begin()) targets = Similarity(teacher, columns).Softmax(-1);
        return hard.Scale(PositiveWeight).Add(similarity.SoftCrossEntropy(targets).Scale(alpha));
    }

    /// <summary>
    /// Features <c>[b, E]</c> against columns <c>[E, n + Q]</c>; the smaller factor is divided by the temperature.
    /// </summary>
    private Tensor Similarity(Tensor features, Tensor columns) => features.Div(temperature).MatMul(columns);
}
