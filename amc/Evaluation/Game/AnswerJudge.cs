using AmcEngine.Amc.Evaluation.Metrics;
using AmcEngine.Amc.Evaluation.Protocols;
using AmcEngine.Amc.Maps;
using AmcEngine.DataTools;

namespace AmcEngine.Amc.Evaluation.Game;

/// <summary>What is known of an answer beside the hit.</summary>
/// <param name="Split">The split it counts to, by the protocol.</param>
/// <param name="RegionShare">Share of the picture that its regions cover, 0..1.</param>
/// <param name="Measures">Measures of the map by name; those that are not defined for it are left out.</param>
internal sealed record AnswerDetails(
    string Split, double RegionShare, IReadOnlyList<(string Name, double Value)> Measures)
{
    /// <summary>Words of the phrase as it stands in the data, the protocol's prefix left out.</summary>
    public int Words { get; init; }
}

/// <summary>Turns maps into answers, by a protocol.</summary>
/// <param name="protocol">The protocol.</param>
/// <param name="choice">What is measured; null leaves <see cref="PointingAnswer.Details"/> out.</param>
/// <param name="scores">Scores changed pictures for a phrase, for costly measures; null where there are none.</param>
internal sealed class AnswerJudge(
    IProtocol protocol, MeasureChoice? choice = null, Func<string, PictureScores>? scores = null)
{
    private readonly DetectorGame _detector = new(protocol.Detector);

    /// <summary>The protocol.</summary>
    public IProtocol Protocol => protocol;

    /// <summary>Whether pictures are needed beside maps.</summary>
    public bool NeedsPictures => choice?.IsCostly == true;

    /// <summary>
    /// Whether maps can be judged apart from one another and in any order: not where the maps of an entity are
    /// averaged first, nor where the detector's choice for the question before may stand.
    /// </summary>
    public bool MayShare =>
        !protocol.AveragesEntities && !(protocol.Detector.KeepsLastBox && choice?.Boxes is not null);

    /// <summary>Judges maps; those of one call at the same time where they do not ask the model.</summary>
    public PointingAnswer[] Judge(IReadOnlyList<JudgedMap> maps)
    {
        var answers = new PointingAnswer[maps.Count];
        var measured = new MeasuredMap[maps.Count];
        Parallel.For(0, maps.Count, i => (answers[i], measured[i]) = Cheap(maps[i]));
        for (var i = 0; i < answers.Length && choice is not null; i++)
            answers[i] = Rest(answers[i], measured[i], choice);
        return answers;
    }

    private (PointingAnswer, MeasuredMap) Cheap(JudgedMap judged)
    {
        (var index, var sample, var map, var score) = judged;
        var point = map.Peak(sample.Width, sample.Height);
        var hit = point is { } p && protocol.IsHit(sample, p.X, p.Y);
        var answer = new PointingAnswer(index, sample, map, point, hit, score) { Chance = protocol.Chance(sample) };
        var measured = new MeasuredMap(sample, map) { Scores = scores?.Invoke(sample.Caption) };
        if (choice is null)
            return (answer, measured);
        var details = new AnswerDetails(
            protocol.Split(sample.Split, sample.File ?? ""), measured.RegionShare, Values(
                measured, choice.Measures.Where(m => !m.IsCostly)))
        {
            Words = Words(sample.Caption),
        };
        return (answer with { Details = details }, measured);
    }

    // What asks the model, and what depends on the question before.
    private PointingAnswer Rest(PointingAnswer answer, MeasuredMap measured, MeasureChoice choice)
    {
        List<(string, double)> values =
            [.. answer.Details!.Measures, .. Values(measured, choice.Measures.Where(m => m.IsCostly))];
        var sample = answer.Sample;
        var boxes = choice.Boxes?.Of(sample.Image);
        if (boxes is not null)
            values.Add(("detector_accuracy", _detector.IsRight(measured.Whole, boxes, sample.Boxes) ? 1 : 0));
        // A picture that the file does not name has no box to be found by.
        if (protocol.RanksBoxes)
            values.AddRange(BoxRecall.Of(
                measured.Whole, choice.Boxes is null ? null : boxes ?? [], sample.Boxes, protocol.Detector.AreaPower));
        return answer with { Details = answer.Details with { Measures = values } };
    }

    private static List<(string, double)> Values(MeasuredMap map, IEnumerable<MapMeasure> measures)
    {
        List<(string, double)> values = [];
        foreach (var measure in measures)
        {
            if (measure.Of(map) is { } value)
                values.Add((measure.Name, value));
        }
        return values;
    }

    private int Words(string caption) =>
        (caption.StartsWith(protocol.PhrasePrefix, StringComparison.Ordinal)
            ? caption[protocol.PhrasePrefix.Length..] : caption)
            .Split(' ', StringSplitOptions.RemoveEmptyEntries).Length;
}

/// <summary>A map to be judged.</summary>
/// <param name="Index">Which question.</param>
/// <param name="Sample">The question as it was asked.</param>
/// <param name="Map">The map, whose values are finite.</param>
/// <param name="Score">How likely phrase and picture belong together, by the model.</param>
internal sealed record JudgedMap(int Index, EvaluationSample Sample, PatchMap Map, double Score);
