using System.Collections;
using AmcEngine.DataTools;

namespace AmcEngine.Amc.Evaluation.Game;

/// <summary>The first questions of a test set.</summary>
/// <param name="all">The set.</param>
/// <param name="most">How many at most.</param>
internal sealed class FirstQuestions(IEvaluationSet all, int most) : IEvaluationSet
{
    /// <inheritdoc/>
    public int Count { get; } = Math.Min(all.Count, most);

    /// <inheritdoc/>
    public EvaluationSample this[int index] => all[index];

    /// <inheritdoc/>
    public string PictureOf(int index) => all.PictureOf(index);

    /// <inheritdoc/>
    public PictureReader? ReaderOf(int index, IReadOnlyList<PictureTarget> targets) => all.ReaderOf(index, targets);

    /// <inheritdoc/>
    public EvaluationSample Read(int index, IReadOnlyList<PictureTarget> targets, PictureReader? picture = null) =>
        all.Read(index, targets, picture);

    /// <inheritdoc/>
    public IEnumerator<EvaluationSample> GetEnumerator() => all.Take(Count).GetEnumerator();

    /// <inheritdoc/>
    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();
}
