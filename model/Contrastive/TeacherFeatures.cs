using AmcEngine.Tensors;

namespace AmcEngine.Model.Contrastive;

/// <summary>Contrastive features of length 1 of some pairs.</summary>
/// <param name="Image">Features of the pictures <c>[n, E]</c>.</param>
/// <param name="Text">Features of the texts <c>[n, E]</c>.</param>
internal sealed record PairFeatures(Tensor Image, Tensor Text);

/// <summary>What the momentum copies say of a batch, constants.</summary>
/// <param name="Own">Of this rank's pairs.</param>
/// <param name="All">Of all ranks' pairs, in the order of ranks.</param>
/// <param name="Image">Image tokens <c>[b, N, D]</c> of this rank's pictures, where they are read.</param>
internal sealed record TeacherFeatures(PairFeatures Own, PairFeatures All, Tensor? Image);
