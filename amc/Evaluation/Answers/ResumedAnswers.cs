using System.Text;
using System.Text.Json;
using AmcEngine.Amc.Evaluation.Cache;
using AmcEngine.Amc.Evaluation.Game;
using AmcEngine.Amc.Maps;
using AmcEngine.DataTools;

namespace AmcEngine.Amc.Evaluation.Answers;

/// <summary>Answers of an evaluation that did not come to its end.</summary>
/// <param name="Answers">The answers by question; of their pictures and maps nothing is known.</param>
/// <param name="Lines">Their lines.</param>
internal sealed record ResumedAnswers(IReadOnlyDictionary<int, PointingAnswer> Answers, byte[] Lines)
{
    /// <summary>No answers.</summary>
    public static ResumedAnswers None { get; } = new(new Dictionary<int, PointingAnswer>(), []);

    /// <summary>Reads a file that <see cref="AnswerFile"/> has written, whole or cut; a cut last line is left
    /// out.</summary>
    /// <param name="path">The file.</param>
    /// <param name="mark">The mark of the evaluation that goes on.</param>
    /// <param name="questions">Its questions.</param>
    /// <exception cref="DataException">
    /// The file cannot be read, a line is no answer, or the answers are those of another evaluation.
    /// </exception>
    public static ResumedAnswers Load(string path, RunMark mark, IEvaluationSet questions)
    {
        byte[] bytes;
        try
        {
            bytes = File.ReadAllBytes(path);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new DataException($"{path}: the samples cannot be read ({e.Message.TrimEnd('.')}); "
                + "leave --resume out to ask all questions again.", e);
        }
        var whole = bytes.AsSpan().LastIndexOf((byte)'\n') + 1;
        var answers = new Dictionary<int, PointingAnswer>();
        var number = 0;
        foreach (var line in Encoding.UTF8.GetString(bytes, 0, whole).Split('\n')[..^1])
        {
            number++;
            var answer = AnswerFileReader.Guarded(path, number, line, root => Parse(root, path, number, mark));
            if (answer.Index < 0 || answer.Index >= questions.Count
                || questions.PictureOf(answer.Index) != answer.Sample.Image || !answers.TryAdd(answer.Index, answer))
                throw Other(path, number, "other questions");
        }
        return new ResumedAnswers(answers, bytes[..whole]);
    }

    private static PointingAnswer Parse(JsonElement root, string path, int number, RunMark mark)
    {
        if (!root.TryGetProperty("run", out var run) || !root.TryGetProperty("chance", out var chance))
            throw Other(path, number, "an evaluation that says nothing of its weights and questions");
        if (mark.Difference(run.GetString()!) is { } difference)
            throw Other(path, number, difference);
        var line = AnswerFileReader.Parse(root);
        IReadOnlyList<Box> boxes = [.. root.GetProperty("boxes").EnumerateArray().Select(
            b => new Box(b[0].GetDouble(), b[1].GetDouble(), b[2].GetDouble(), b[3].GetDouble()))];
        var views = new PictureViews(root.GetProperty("width").GetInt32(), root.GetProperty("height").GetInt32(), []);
        var sample = new EvaluationSample(line.Image, views, line.Phrase, boxes)
        {
            Id = Text("id"),
            Entity = Text("entity"),
            Category = Text("category"),
        };
        return new PointingAnswer(line.Index, sample, PatchMap.Unknown, line.Point, line.Hit, line.Score)
        {
            Chance = chance.GetDouble(),
            Details = root.TryGetProperty("measures", out var measures)
                ? new AnswerDetails(Text("split")!, line.RegionShare,
                    [.. measures.EnumerateObject().Select(m => (m.Name, m.Value.GetDouble()))])
                {
                    Words = root.GetProperty("words").GetInt32(),
                }
                : null,
        };

        string? Text(string name) => root.TryGetProperty(name, out var text) ? text.GetString() : null;
    }

    private static DataException Other(string path, int line, string of) => new(
        $"{path}: line {line}: is an answer of {of}; leave --resume out to ask all questions again, "
            + "or name another file.");
}
