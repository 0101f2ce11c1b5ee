using AmcEngine.Backends;
using AmcEngine.DataParallel;
using AmcEngine.Ops;
using AmcEngine.Tensors;

namespace AmcEngine.Model.DataParallel;

/// <summary>
/// Sums and means of an objective over the samples of this rank, or of all ranks. Then a rank takes part whatever its
/// own samples are, and each rank goes on to compute the same loss (<see cref="RankOps.SumOverRanks"/>).
/// </summary>
/// <param name="share">The ranks whose samples count together; null for this rank's alone.</param>
/// <param name="dtype">Element type.</param>
/// <param name="backend">Device.</param>
public sealed class SamplePool(BatchShare? share, DType dtype, IBackend backend)
{
    /// <summary>Whether the samples of all ranks count together.</summary>
    public bool IsShared => share is { IsWhole: false };

    /// <summary>A number over the pool.</summary>
    public long Count(int own) => IsShared ? share!.Count(own) : own;

    /// <summary>The sum over the pool of what each sample adds.</summary>
    /// <param name="own">This rank's sum, of the given shape; null where none of its samples counts.</param>
    /// <param name="shape">Its shape.</param>
    public Tensor Sum(Tensor? own, Shape shape)
    {
        own ??= Tensor.Zeros(shape, dtype, backend);
        return IsShared ? own.SumOverRanks(share!.Ranks) : own;
    }

    /// <summary>The sum of all elements over the pool, a scalar.</summary>
    /// <param name="own">This rank's elements; null for none.</param>
    public Tensor Sum(Tensor? own) => Sum(own?.Sum(), []);

    /// <summary>The mean of all elements over the pool, a scalar.</summary>
    /// <param name="own">This rank's elements; null for none.</param>
    /// <param name="count">How many there are in the pool.</param>
    public Tensor Mean(Tensor? own, long count) => IsShared ? Sum(own).Scale(1.0 / count) : own!.Mean();
}
