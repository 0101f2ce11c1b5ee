using System.Globalization;
using AmcEngine.Amc.Evaluation.Explainers;
using AmcEngine.Amc.Evaluation.Game;
using AmcEngine.Amc.Evaluation.Metrics;
using AmcEngine.Amc.Evaluation.Protocols;
using AmcEngine.Amc.Maps;
using AmcEngine.DataTools;
using AmcEngine.Tests.Amc.Evaluation.Explainers;
using NUnit.Framework;

namespace AmcEngine.Tests.Amc.Evaluation.Protocols;

/// <summary>
/// One set of questions in which every difference between the protocols bites once, with maps made by hand. What comes
/// out must be what docs/protocols.md shows.
/// </summary>
[TestFixture]
internal sealed class ProtocolTableTests
{
    private const int Side = 64;

    private static readonly IReadOnlyList<Question> Questions =
    [
        new("inside of the box", "middle", Of("m", (30, 30), new Box(20, 20, 40, 40))),
        new("on the left edge of the box", "left", Of("l", (20, 30), new Box(20, 20, 40, 40))),
        new("Flickr30k's box of pixels 21 to 41, minus one, at its last pixel", "last",
            Of("r", (40, 30), new Box(20, 20, 40, 40))),
        new("RefCOCO+'s box x 10, y 10, w 30, h 30, read as such", "size", Of("s", (35, 35), new Box(10, 10, 40, 40))),
        new("the same read as corners", "corners", Of("c", (35, 35), new Box(10, 10, 30, 30))),
        new("between two boxes of the phrase", "between",
            Of("b", (32, 32), new Box(2, 2, 18, 18), new Box(46, 46, 62, 62))),
        new("in a first box of 2.4 % of the picture", "small", Of("k", (15, 15), new Box(10, 10, 20, 20))),
        new("10 pixels beside the box", "near", Of("n", (49, 30), new Box(20, 20, 40, 40))),
        new("two phrases of one entity, the louder one wrong", "entity",
            Of("loud", (60, 5), new Box(20, 20, 40, 40)) with { Height = 3 }, Of(
                "soft", (30, 30), new Box(20, 20, 40, 40))),
        new("a phrase that is understood behind \"image of\"", "prefix",
            Of("odd", (60, 5), new Box(20, 20, 40, 40)) with { Prefixed = (30, 30) }),
        new("a picture that is understood at 224 pixels", "sharp",
            Of("sharp", (60, 5), new Box(20, 20, 40, 40)) with { Large = (30, 30) }),
    ];

    [Test]
    public void The_pointing_table_is_that_of_the_document()
    {
        List<string> lines =
        [
            $"| point | {string.Join(" | ", ProtocolRegistry.All.Select(p => p.Name))} |",
            $"|---|{string.Concat(ProtocolRegistry.All.Select(_ => "---|"))}",
        ];
        foreach (var question in Questions)
            lines.Add(
                $"| {question.What} | {string.Join(" | ", ProtocolRegistry.All.Select(p => Cell(p, [question])))} |");
        lines.Add($"| all | {string.Join(" | ", ProtocolRegistry.All.Select(p => Cell(p, Questions)))} |");
        Expect(lines);
    }

    [Test]
    public void Every_difference_bites()
    {
        var rows = Questions.Select(q => ProtocolRegistry.All.Select(p => Cell(p, [q])).ToArray()).ToArray();
        Assert.That(rows[0].Distinct().Count(), Is.EqualTo(1), "a point well inside is a hit to everyone");
        for (var i = 1; i < rows.Length; i++)
            Assert.That(i is 3 or 4 || rows[i].Distinct().Count() > 1, Questions[i].What);
        Assert.That(rows[3][0], Is.Not.EqualTo(rows[4][0]), "sizes and corners");
    }

    [Test]
    public void The_detector_table_is_that_of_the_document()
    {
        IProtocol[] protocols = [ProtocolRegistry.Find("reference"), ProtocolRegistry.Find("fixed")];
        List<string> lines = ["| detector | reference | fixed |", "|---|---|---|"];
        foreach ((var what, var steps) in DetectorCases())
            lines.Add($"| {what} | {string.Join(" | ", protocols.Select(p => Right(p, steps)))} |");
        Expect(lines);
    }

    [Test]
    public void The_split_table_is_that_of_the_document()
    {
        (string What, string? Own, string Path)[] cases =
        [
            ("a test file in a folder named eval, no split in the data", null, "/data/eval/test.json"),
            ("RefCLEF's name test_10k", "test_10k", "/data/refclef.json"),
        ];
        List<string> lines = ["| split | reference | others |", "|---|---|---|"];
        foreach ((var what, var own, var path) in cases)
            lines.Add($"| {what} | {ProtocolRegistry.Default.Split(own, path)} | "
                + $"{ProtocolRegistry.Find("fixed").Split(own, path)} |");
        Expect(lines);
    }

    [Test]
    public void The_recall_table_is_that_of_the_document()
    {
        Box first = new(4, 4, 24, 24), second = new(40, 40, 60, 60), around = new(4, 4, 60, 60),
            nowhere = new(50, 4, 60, 14);
        (string What, Box[]? Proposals)[] cases =
        [
            ("one of the two boxes is the best proposal", [first]),
            ("it is the second best, behind one of nowhere", [first, nowhere]),
            ("the box around both is the best", [around]),
            ("no proposals: the box of the map", null),
        ];
        var values = new float[Side * Side];
        Fill(values, first, 1);
        Fill(values, nowhere, 2);
        List<string> lines = ["| proposals | any_box@1 | any_box@5 | merged_boxes@1 | merged_boxes@5 |",
            "|---|---|---|---|---|"];
        foreach ((var what, var proposals) in cases)
        {
            var recall = BoxRecall.Of(new Heatmap(Side, Side, values), proposals, [first, second], 1)
                .ToDictionary(r => r.Name, r => r.Value);
            string Cell(string name) => recall[name].ToString(CultureInfo.InvariantCulture);
            lines.Add($"| {what} | {Cell("any_box@1")} | {Cell("any_box@5")} | {Cell("merged_boxes@1")} | "
                + $"{Cell("merged_boxes@5")} |");
        }
        Expect(lines);
    }

    private static void Expect(List<string> lines)
    {
        var table = string.Join('\n', lines);
        TestContext.Out.WriteLine(table);
        var document = File.ReadAllText(Path.Combine(GoldenFiles.Root, "docs", "protocols.md"))
            .ReplaceLineEndings("\n");
        Assert.That(document, Does.Contain(table), "docs/protocols.md shows another table");
    }

    // Hits of answers; a dash where none is given.
    private static string Cell(IProtocol protocol, IReadOnlyList<Question> questions)
    {
        var set = new StubQuestions([.. questions.SelectMany(q => q.Phrases.Select(p => p.Sample(q.Entity)))]);
        var hits = 0;
        var tally = new PointingTally(a => hits += a.Hit ? 1 : 0);
        try
        {
            PointingEvaluator.Run(new HandMadeExplainer(protocol.PictureSize ?? Side, questions), set, 4, tally: tally,
                judge: new AnswerJudge(protocol));
        }
        catch (DataException)
        {
            return "–";
        }
        return $"{hits} of {tally.Count}";
    }

    private static IEnumerable<(string What, (float[] Map, Box[] Proposals, Box Truth)[] Steps)> DetectorCases()
    {
        Box truth = new(10, 10, 50, 50), hot = new(14, 14, 18, 18), elsewhere = new(52, 52, 60, 60),
            line = new(30, 10, 31, 50);
        var spread = new float[Side * Side];
        Fill(spread, truth, 1);
        Fill(spread, hot, 3);
        var cold = new float[Side * Side];
        Array.Fill(cold, -1);
        yield return ("a large warm box beside a small hot one, Σ/√area or the mean", [(spread, [truth, hot], truth)]);
        yield return ("no box has a positive score, after a question whose box would be right here too",
            [(spread, [truth], truth), (cold, [truth, elsewhere], truth)]);
        yield return ("a box one pixel wide, proposed exactly", [(spread, [line], line)]);
    }

    private static string Right(IProtocol protocol, (float[] Map, Box[] Proposals, Box Truth)[] steps)
    {
        var game = new DetectorGame(protocol.Detector);
        var right = false;
        foreach ((var map, var proposals, var truth) in steps)
            right = game.IsRight(new Heatmap(Side, Side, map), proposals, [truth]);
        return right ? "right" : "wrong";
    }

    private static void Fill(float[] values, Box box, float value)
    {
        for (var y = (int)box.Y1; y < box.Y2; y++)
            values.AsSpan(y * Side + (int)box.X1, (int)box.Width).Fill(value);
    }

    private static Phrase Of(string text, (int X, int Y) point, params Box[] boxes) => new(text, point, boxes);

    /// <summary>Phrases of one entity in one picture.</summary>
    private sealed record Question(string What, string Entity, params Phrase[] Phrases);

    /// <summary>A phrase with where the map of it is hot: in general, behind a prefix, in a picture of 224
    /// pixels.</summary>
    private sealed record Phrase(string Text, (int X, int Y) Point, Box[] Boxes)
    {
        public float Height { get; init; } = 1;

        public (int X, int Y)? Prefixed { get; init; }

        public (int X, int Y)? Large { get; init; }

        public EvaluationSample Sample(string entity) =>
            new(new RgbImage(Side, Side), Text, Boxes) { Image = entity, Entity = entity };
    }

    /// <summary>Maps of the picture's own size with one hot pixel, so that the point is that pixel.</summary>
    private sealed class HandMadeExplainer(int size, IReadOnlyList<Question> questions) : IExplainer
    {
        public PictureTarget Input { get; } = PictureTarget.Square(size, Resampling.Bilinear);

        public void Release()
        {
        }

        public IReadOnlyList<MatchExplanation> Explain(IReadOnlyList<PhraseInPicture> batch) =>
            [.. batch.Select(Explain)];

        private MatchExplanation Explain(PhraseInPicture asked)
        {
            var prefixed = asked.Phrase.StartsWith(WwblProtocol.Prefix, StringComparison.Ordinal);
            var text = prefixed ? asked.Phrase[WwblProtocol.Prefix.Length..] : asked.Phrase;
            var phrase = questions.SelectMany(q => q.Phrases).Single(p => p.Text == text);
            var point = (prefixed ? phrase.Prefixed : null) ?? (asked.Input.Width == 224 ? phrase.Large : null)
                ?? phrase.Point;
            var values = new float[Side * Side];
            values[point.Y * Side + point.X] = phrase.Height;
            return new MatchExplanation(new PatchMap(Side, values), 0.5);
        }
    }
}
