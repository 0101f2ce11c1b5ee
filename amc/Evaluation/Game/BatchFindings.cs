using AmcEngine.Amc.Maps;
using AmcEngine.DataTools;

namespace AmcEngine.Amc.Evaluation.Game;

/// <summary>What a rank has read of a question's picture.</summary>
/// <param name="Width">Its width; 0 where it could not be read.</param>
/// <param name="Height">Its height.</param>
/// <param name="Remark">What is wrong with it, in one line; null for nothing.</param>
internal sealed record PictureFindings(int Width, int Height, string? Remark);

/// <summary>What a rank has found out about a question.</summary>
/// <param name="Map">Where the model looks.</param>
/// <param name="Score">How likely phrase and picture belong together, by the model.</param>
/// <param name="Answer">
/// The map as it was judged, which holds neither the question nor the map again; null where it was not judged.
/// </param>
internal sealed record QuestionFindings(PatchMap Map, double Score, PointingAnswer? Answer);

/// <summary>
/// What one rank has found out about a batch of questions, on its way to the rank that counts. Questions and regions
/// are in the data of all ranks: only sizes of pictures, maps and what was judged of them travel, numbers with all
/// their bits.
/// </summary>
internal sealed class BatchFindings
{
    // The question of an answer on its way; its receiver knows the right one.
    private static readonly EvaluationSample NoSample = new("", new PictureViews(0, 0, []), "", []);

    private readonly Dictionary<int, PictureFindings> _pictures = [];
    private readonly Dictionary<int, QuestionFindings> _questions = [];

    /// <summary>Why the rank could not ask its questions, in one line; null where it could.</summary>
    public string? Failure { get; init; }

    /// <summary>Adds what was read of a picture.</summary>
    public void Add(int question, PictureFindings picture) => _pictures[question] = picture;

    /// <summary>Adds what the model says.</summary>
    public void Add(int question, QuestionFindings findings) => _questions[question] = findings;

    /// <summary>Stands for the reader of a question's picture; null where its picture is made and not read.</summary>
    public PictureReader? PictureOf(int question)
    {
        if (!_pictures.TryGetValue(question, out var picture))
            return null;
        return () => picture is { Width: 0, Remark: { } reason }
            ? throw new UnreadablePictureException(reason)
            : (new PictureViews(picture.Width, picture.Height, []), picture.Remark);
    }

    /// <summary>The maps of questions.</summary>
    public JudgedMap[] Maps(IReadOnlyList<(int Index, EvaluationSample Sample)> batch) =>
        [.. batch.Select(q => new JudgedMap(q.Index, q.Sample, _questions[q.Index].Map, _questions[q.Index].Score))];

    /// <summary>The answers of maps; null where they were not judged.</summary>
    public PointingAnswer[]? Answers(IReadOnlyList<JudgedMap> maps)
    {
        var answers = new PointingAnswer[maps.Count];
        for (var i = 0; i < answers.Length; i++)
        {
            (var index, var sample, var map, _) = maps[i];
            if (_questions[index].Answer is not { } answer)
                return null;
            answers[i] = answer with { Index = index, Sample = sample, Map = map };
        }
        return answers;
    }

    /// <summary>Writes them.</summary>
    public void Write(BinaryWriter writer)
    {
        WriteText(writer, Failure);
        writer.Write(_pictures.Count);
        foreach ((var question, var picture) in _pictures)
        {
            writer.Write(question);
            writer.Write(picture.Width);
            writer.Write(picture.Height);
            WriteText(writer, picture.Remark);
        }
        writer.Write(_questions.Count);
        foreach ((var question, (var map, var score, var answer)) in _questions)
        {
            writer.Write(question);
            WriteMap(writer, map);
            writer.Write(score);
            writer.Write(answer is not null);
            if (answer is not null)
                WriteAnswer(writer, answer);
        }
    }

    /// <summary>Reads what was written.</summary>
    public static BatchFindings Read(BinaryReader reader)
    {
        var findings = new BatchFindings { Failure = ReadText(reader) };
        for (var left = reader.ReadInt32(); left > 0; left--)
            findings.Add(reader.ReadInt32(),
                new PictureFindings(reader.ReadInt32(), reader.ReadInt32(), ReadText(reader)));
        for (var left = reader.ReadInt32(); left > 0; left--)
        {
            var question = reader.ReadInt32();
            (var map, var score) = (ReadMap(reader), reader.ReadDouble());
            findings.Add(
                question, new QuestionFindings(map, score, reader.ReadBoolean() ? ReadAnswer(reader, score) : null));
        }
        return findings;
    }

    private static void WriteMap(BinaryWriter writer, PatchMap map)
    {
        writer.Write(map.Side);
        writer.Write(map.Crop?.Side ?? 0);
        foreach (var value in map.Values)
            writer.Write(value);
    }

    private static PatchMap ReadMap(BinaryReader reader)
    {
        (var side, var crop) = (reader.ReadInt32(), reader.ReadInt32());
        var values = new float[side * side];
        for (var i = 0; i < values.Length; i++)
            values[i] = reader.ReadSingle();
        return new PatchMap(side, values) { Crop = crop == 0 ? null : new CentreCrop(crop) };
    }

    private static void WriteAnswer(BinaryWriter writer, PointingAnswer answer)
    {
        (var x, var y) = answer.Point ?? (-1, -1);
        writer.Write(x);
        writer.Write(y);
        writer.Write(answer.Hit);
        writer.Write(answer.Chance);
        writer.Write(answer.Details is not null);
        if (answer.Details is not { } details)
            return;
        writer.Write(details.Split);
        writer.Write(details.RegionShare);
        writer.Write(details.Words);
        writer.Write(details.Measures.Count);
        foreach ((var name, var value) in details.Measures)
        {
            writer.Write(name);
            writer.Write(value);
        }
    }

    private static PointingAnswer ReadAnswer(BinaryReader reader, double score)
    {
        (var x, var y, var hit, var chance) =
            (reader.ReadInt32(), reader.ReadInt32(), reader.ReadBoolean(), reader.ReadDouble());
        AnswerDetails? details = null;
        if (reader.ReadBoolean())
        {
            (var split, var share, var words) = (reader.ReadString(), reader.ReadDouble(), reader.ReadInt32());
            var measures = new (string, double)[reader.ReadInt32()];
            for (var i = 0; i < measures.Length; i++)
                measures[i] = (reader.ReadString(), reader.ReadDouble());
            details = new AnswerDetails(split, share, measures) { Words = words };
        }
        return new PointingAnswer(0, NoSample, PatchMap.Unknown, x < 0 ? null : (x, y), hit, score)
        {
            Chance = chance,
            Details = details,
        };
    }

    private static void WriteText(BinaryWriter writer, string? text)
    {
        writer.Write(text is not null);
        if (text is not null)
            writer.Write(text);
    }

    private static string? ReadText(BinaryReader reader) => reader.ReadBoolean() ? reader.ReadString() : null;
}
