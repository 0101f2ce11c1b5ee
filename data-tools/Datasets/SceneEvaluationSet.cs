using System.Collections;
using System.Globalization;

namespace AmcEngine.DataTools;

/// <summary>Pointing-game questions from generated scenes, rendered when asked for.</summary>
public sealed class SceneEvaluationSet : IEvaluationSet
{
    private readonly ISceneSource _scenes;
    private readonly ulong _seed;
    private readonly SceneSplit _split;

    /// <summary>Creates the set.</summary>
    /// <param name="scenes">Where the scenes come from.</param>
    /// <param name="count">How many.</param>
    /// <param name="seed">Seed of the scenes.</param>
    /// <param name="split">Which stream of scenes; the test stream by default.</param>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="count"/> is not positive.</exception>
    public SceneEvaluationSet(ISceneSource scenes, int count, ulong seed = 0, SceneSplit split = SceneSplit.Test)
    {
        ArgumentNullException.ThrowIfNull(scenes);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(count);
        (_scenes, Count, _seed, _split) = (scenes, count, seed, split);
    }

    /// <summary>Questions in the set.</summary>
    public int Count { get; }

    /// <summary>Renders one question.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The index is out of range.</exception>
    public EvaluationSample this[int index] => Read(index, [PictureTarget.Whole]);

    /// <inheritdoc/>
    public string PictureOf(int index) => string.Create(CultureInfo.InvariantCulture, $"scene {index}");

    /// <inheritdoc/>
    public PictureReader? ReaderOf(int index, IReadOnlyList<PictureTarget> targets) => null;

    /// <inheritdoc/>
    public EvaluationSample Read(int index, IReadOnlyList<PictureTarget> targets, PictureReader? picture = null)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(index);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(index, Count);
        var scene = _scenes.Render(_seed, _split, index);
        var phrase = CaptionCleaner.Clean(scene.Phrase, CaptionCleaner.TrainingMaxWords);
        return new EvaluationSample(PictureOf(index), PictureViews.Of(scene.Picture, targets), phrase, [scene.Box]);
    }

    /// <summary>The questions in order, each rendered when reached.</summary>
    public IEnumerator<EvaluationSample> GetEnumerator() =>
        Enumerable.Range(0, Count).Select(i => this[i]).GetEnumerator();

    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();
}
