using System.Globalization;
using AmcEngine.Amc.Maps;
using AmcEngine.DataTools;

namespace AmcEngine.Amc.Evaluation.Game;

/// <summary>
/// Collects the maps of all phrases of an entity until there are no more questions. Entities are told apart by picture
/// and name;
/// where the data has no names, phrases with the same boxes of the same picture are one entity.
/// </summary>
internal sealed class EntityPool
{
    private readonly Dictionary<(string Image, string Entity), Entity> _entities = [];
    private readonly List<Entity> _inOrder = [];

    /// <summary>Adds the map of a phrase.</summary>
    /// <param name="judged">The map.</param>
    /// <param name="keepPicture">Whether the picture is needed later; else it is let go.</param>
    public void Add(JudgedMap judged, bool keepPicture)
    {
        var sample = judged.Sample;
        var key = (sample.Image, sample.Entity ?? Boxes(sample));
        if (!_entities.TryGetValue(key, out var entity))
        {
            if (!keepPicture)
                judged = judged with { Sample = sample with { Views = sample.Views with { Images = [] } } };
            _inOrder.Add(_entities[key] = entity = new Entity(judged));
        }
        entity.Add(judged);
    }

    /// <summary>
    /// One map an entity, in the order of their first phrases: the mean of its maps and of its scores, with its first
    /// phrase. The pool is empty then.
    /// </summary>
    public IReadOnlyList<JudgedMap> Take()
    {
        JudgedMap[] means = [.. _inOrder.Select(e => e.Mean())];
        _entities.Clear();
        _inOrder.Clear();
        return means;
    }

    private static string Boxes(EvaluationSample sample) =>
        string.Join(';', sample.Boxes.Select(
            b => string.Create(CultureInfo.InvariantCulture, $"{b.X1:R},{b.Y1:R},{b.X2:R},{b.Y2:R}")));

    private sealed class Entity(JudgedMap first)
    {
        private readonly double[] _sum = new double[first.Map.Values.Length];
        private double _score;
        private int _count;

        public void Add(JudgedMap judged)
        {
            for (var i = 0; i < _sum.Length; i++)
                _sum[i] += judged.Map.Values[i];
            _score += judged.Score;
            _count++;
        }

        public JudgedMap Mean() => first with
        {
            Map = first.Map with { Values = Array.ConvertAll(_sum, v => (float)(v / _count)) },
            Score = _score / _count,
        };
    }
}
