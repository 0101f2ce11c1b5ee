using AmcEngine.Amc.Evaluation.Answers;
using AmcEngine.Amc.Evaluation.Game;
using AmcEngine.Amc.Maps;
using AmcEngine.DataTools;

namespace AmcEngine.Amc.Reports.Page;

/// <summary>
/// Keeps answers, without pictures, for a page to choose from: all of them, or a sample that depends on nothing but
/// their places in the test data, so that several runs keep the same ones and memory has a bound.
/// </summary>
/// <param name="most">How many questions are kept.</param>
internal sealed class CaseSample(int most = CaseSample.DefaultMost)
{
    /// <summary>Questions that are kept where nothing else is said.</summary>
    public const int DefaultMost = 4096;

    // Columns and rows at which map and regions are compared.
    private const int Grid = 128;

    // Cells a side of a map that covers the square in the middle alone, laid onto the whole picture.
    private const int CroppedGrid = 48;

    private readonly Dictionary<int, KeptCase> _cases = [];
    private readonly PriorityQueue<int, ulong> _order = new();
    private int _runs = 1;

    /// <summary>Questions that any run has answered.</summary>
    public int Seen { get; private set; }

    /// <summary>Those kept that all runs have answered, in the order of the test data.</summary>
    public IReadOnlyList<KeptCase> Cases =>
        [.. _cases.Values.Where(c => c.Answers.Count == _runs).OrderBy(c => c.Index)];

    /// <summary>Goes on to another run's answers to the same questions.</summary>
    public void NextRun() => _runs++;

    /// <summary>Takes an answer.</summary>
    public void Add(PointingAnswer answer)
    {
        var kept = Find(answer.Index, () => new KeptCase(answer.Index, answer.Sample));
        kept?.Answers.Add(Keep(answer));
    }

    /// <summary>Takes an answer that was written without its map.</summary>
    public void Add(AnswerLine answer)
    {
        var kept = Find(
            answer.Index, () => new KeptCase(answer.Index, answer.Phrase, answer.Image, answer.RegionShare));
        int[]? point = answer.Point is { } p ? [p.X, p.Y] : null;
        double? inside = answer.Measures.TryGetValue("energy", out var energy) ? Math.Round(energy, 4) : null;
        kept?.Answers.Add(new PageAnswer(0, null, point, answer.Hit, Math.Round(answer.Score, 4), inside));
    }

    private KeptCase? Find(int index, Func<KeptCase> create)
    {
        if (_cases.TryGetValue(index, out var kept))
            return kept;
        // A question that an earlier run could not be asked, or that gave way to others.
        if (_runs > 1)
            return null;
        Seen++;
        return MakeRoom(index) ? _cases[index] = create() : null;
    }

    // The kept questions are those of the smallest keys; the largest stands first in the queue.
    private bool MakeRoom(int index)
    {
        var key = Key(index);
        if (_order.Count < most)
        {
            _order.Enqueue(index, ulong.MaxValue - key);
            return true;
        }
        var gone = _order.EnqueueDequeue(index, ulong.MaxValue - key);
        _cases.Remove(gone);
        return gone != index;
    }

    // The finaliser of SplitMix64: neighbours get keys that have nothing in common.
    private static ulong Key(int index)
    {
        var key = (ulong)index * 0x9E3779B97F4A7C15 + 0x9E3779B97F4A7C15;
        key = (key ^ key >> 30) * 0xBF58476D1CE4E5B9;
        key = (key ^ key >> 27) * 0x94D049BB133111EB;
        return key ^ key >> 31;
    }

    private static PageAnswer Keep(PointingAnswer answer)
    {
        var sample = answer.Sample;
        var map = answer.Map;
        // A page lays a map over the whole picture.
        var side = map.Crop is null ? map.Side : CroppedGrid;
        var values = map.Crop is null ? map.Values : map.OnGrid(side, sample.Width, sample.Height);
        float low = values.Min(), range = values.Max() - low;
        var bytes = Array.ConvertAll(values, v => range > 0 ? (byte)MathF.Round(255 * ((v - low) / range)) : (byte)0);
        int[]? point = answer.Point is { } p ? [p.X, p.Y] : null;
        double? inside = range > 0 ? Math.Round(Inside(map, sample), 4) : null;
        return new PageAnswer(side, bytes, point, answer.Hit, Math.Round(answer.Score, 4), inside);
    }

    // What stands above the map's smallest value; a map that is nowhere 0 would else be half inside anything.
    private static double Inside(PatchMap map, EvaluationSample sample)
    {
        var heat = map.OnGrid(Grid, sample.Width, sample.Height);
        var low = heat.Min();
        var region = RegionMask.Of(sample.Regions, sample.Width, sample.Height, Grid, Grid).Values;
        double inside = 0, all = 0;
        for (var i = 0; i < heat.Length; i++)
        {
            all += heat[i] - low;
            inside += (heat[i] - low) * (region[i] > 0 ? 1 : 0);
        }
        return inside / all;
    }

    /// <summary>The share of a picture that its regions cover.</summary>
    internal static double AreaShare(EvaluationSample sample) =>
        RegionMask.Of(sample.Regions, sample.Width, sample.Height, Grid, Grid)
            .Values.Count(v => v > 0) / (double)(Grid * Grid);
}

/// <summary>A question with its answers, without its picture.</summary>
/// <param name="Index">Its place in the test data.</param>
/// <param name="Phrase">The phrase.</param>
/// <param name="Image">What its picture is called.</param>
/// <param name="Area">The share of the picture that the regions cover.</param>
internal sealed record KeptCase(int Index, string Phrase, string Image, double Area)
{
    /// <summary>Keeps a question.</summary>
    /// <param name="index">Its place in the test data.</param>
    /// <param name="sample">The question.</param>
    public KeptCase(int index, EvaluationSample sample)
        : this(index, sample.Caption, sample.Image, CaseSample.AreaShare(sample))
    {
    }

    /// <summary>An answer a run.</summary>
    public List<PageAnswer> Answers { get; } = [];

    /// <summary>Whether some runs hit and others do not.</summary>
    public bool Differs => Answers.Any(a => a.Hit) && !Answers.All(a => a.Hit);

    /// <summary>
    /// How well the question is answered: hits before misses, and among either by how much more of the map lies in the
    /// regions than of the picture. The mean over runs.
    /// </summary>
    public double Rank => Answers.Average(a => (a.Hit ? 2 : 0) + (a.Inside ?? Area) - Area);
}
