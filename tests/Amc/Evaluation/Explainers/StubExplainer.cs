using System.Collections;
using AmcEngine.Amc.Evaluation.Explainers;
using AmcEngine.Amc.Maps;
using AmcEngine.DataTools;

namespace AmcEngine.Tests.Amc.Evaluation.Explainers;

/// <summary>Looks where a test says, by the phrase.</summary>
internal sealed class StubExplainer(params (string Phrase, float[] Map)[] maps) : IExplainer
{
    /// <summary>Phrases asked, a list a batch.</summary>
    public List<string[]> Batches { get; } = [];

    /// <summary>How many picture objects were asked about, a number a batch.</summary>
    public List<int> Pictures { get; } = [];

    public PictureTarget Input { get; init; } = PictureTarget.Square(4, Resampling.Bilinear);

    /// <summary>How often what was kept was let go.</summary>
    public int Releases { get; private set; }

    public void Release() => Releases++;

    public IReadOnlyList<MatchExplanation> Explain(IReadOnlyList<PhraseInPicture> batch)
    {
        Batches.Add([.. batch.Select(q => q.Phrase)]);
        Pictures.Add(batch.Select(q => q.Input).Distinct(ReferenceEqualityComparer.Instance).Count());
        return [.. batch.Select(q =>
        {
            var map = maps.Single(m => m.Phrase == q.Phrase).Map;
            return new MatchExplanation(new PatchMap((int)Math.Sqrt(map.Length), map), 0.5 + q.Phrase.Length / 100.0);
        })];
    }
}

/// <summary>Questions in memory.</summary>
internal sealed class StubQuestions(params EvaluationSample[] samples) : IEvaluationSet
{
    /// <summary>Called before a question is read.</summary>
    public Action<int>? Reading { get; init; }

    public int Count => samples.Length;

    public EvaluationSample this[int index] => Read(index, [PictureTarget.Whole]);

    public string PictureOf(int index) => samples[index].Image;

    /// <summary>Reads a picture ahead; null where questions bring theirs.</summary>
    public Func<int, PictureReader>? Reader { get; init; }

    public PictureReader? ReaderOf(int index, IReadOnlyList<PictureTarget> targets) => Reader?.Invoke(index);

    public EvaluationSample Read(int index, IReadOnlyList<PictureTarget> targets, PictureReader? picture = null)
    {
        Reading?.Invoke(index);
        return samples[index] with
        {
            Views = picture?.Invoke().Views ?? PictureViews.Of(samples[index].Picture, targets)
        };
    }

    public IEnumerator<EvaluationSample> GetEnumerator() =>
        Enumerable.Range(0, Count).Select(i => this[i]).GetEnumerator();

    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();
}
