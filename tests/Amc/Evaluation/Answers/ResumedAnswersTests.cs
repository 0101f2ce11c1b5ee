using System.Text;
using AmcEngine.Amc.Evaluation.Answers;
using AmcEngine.Amc.Evaluation.Cache;
using AmcEngine.Amc.Evaluation.Explainers;
using AmcEngine.Amc.Evaluation.Game;
using AmcEngine.Amc.Evaluation.Protocols;
using AmcEngine.DataTools;
using AmcEngine.Tests.Amc.Evaluation.Explainers;
using AmcEngine.Tests.DataTools;
using NUnit.Framework;

namespace AmcEngine.Tests.Amc.Evaluation.Answers;

[TestFixture]
internal sealed class ResumedAnswersTests : FolderTests
{
    private static readonly RunMark Mark = RunMark.Of("weights", "rules", "questions");

    /// <summary>Seven questions, of which the fifth cannot be asked; batches of two.</summary>
    private static readonly EvaluationSample[] Samples = [.. Enumerable.Range(0, 7).Select(i =>
        new EvaluationSample($"{i}.png", PictureViews.Of(new RgbImage(40, 20), [PictureTarget.Whole]), $"p{i}",
            [new Box(1, 1, 19.25, 18)])
        {
            Id = $"id{i}",
            Category = i % 2 == 0 ? "even" : null
        })];

    [TestCase(0, "p0 p1|p2 p3|p5|p6")]
    [TestCase(1, "p0 p1|p2 p3|p5|p6")]
    [TestCase(2, "p2 p3|p5|p6")]
    [TestCase(3, "p2 p3|p5|p6")]
    [TestCase(4, "p5|p6")]
    [TestCase(5, "p6")]
    [TestCase(6, "")]
    public void What_is_known_counts_and_is_not_asked_again(int known, string asked)
    {
        (var all, _) = Play();
        Assert.That(all, Has.Length.EqualTo(6));
        // The next line is cut: it is left out.
        var file = _folder.Write("samples.jsonl", string.Concat(all[..known]) + (known < 6 ? all[known][..^9] : ""));
        var resumed = ResumedAnswers.Load(file, Mark, Questions());
        Assert.That(resumed.Answers, Has.Count.EqualTo(known));
        Assert.That(Encoding.UTF8.GetString(resumed.Lines), Is.EqualTo(string.Concat(all[..known])));
        (var lines, var batches) = Play(resumed.Answers);
        Assert.That(lines, Is.EqualTo(all));
        Assert.That(batches, Is.EqualTo(asked));
    }

    [TestCase("other weights", "rules", "questions", "other weights")]
    [TestCase("weights", "other rules", "questions", "another protocol")]
    [TestCase("weights", "rules", "other questions", "other questions")]
    public void Answers_of_another_evaluation_are_refused(string weights, string rules, string questions, string what)
    {
        var file = _folder.Write("samples.jsonl", string.Concat(Play().Lines));
        Assert.That(() => ResumedAnswers.Load(file, RunMark.Of(weights, rules, questions), Questions()),
            Throws.TypeOf<DataException>().With.Message.Contains(file).And.Message.Contains("line 1")
                .And.Message.Contains(what).And.Message.Contains("--resume"));
    }

    [Test]
    public void Answers_without_a_mark_and_lines_that_are_no_answers_are_refused()
    {
        var lines = Play().Lines;
        var unmarked = lines[0][..lines[0].IndexOf(",\"run\"", StringComparison.Ordinal)] + "}\n";
        Refused(unmarked, "says nothing of its weights");
        Refused(lines[0] + "{}\n" + lines[1], "line 2");
        Refused(lines[0] + lines[0], "line 2");
        Refused(lines[0].Replace("0.png", "x.png", StringComparison.Ordinal), "other questions");

        void Refused(string text, string part) => Assert.That(
            () => ResumedAnswers.Load(_folder.Write("bad.jsonl", text), Mark, Questions()),
            Throws.TypeOf<DataException>().With.Message.Contains(part), text);
    }

    [Test]
    public void A_wish_to_stop_does_not_lose_what_is_known()
    {
        var known = ResumedAnswers.Load(
            _folder.Write("samples.jsonl", string.Concat(Play().Lines[..4])), Mark, Questions()).Answers;
        using var stop = new CancellationTokenSource();
        stop.Cancel();
        var tally = new PointingTally();
        Assert.That(
            () => PointingEvaluator.Run(Explainer(), Questions(), 2, stop: stop.Token, tally: tally, known: known),
            Throws.InstanceOf<OperationCanceledException>());
        Assert.That(tally.Count, Is.EqualTo(4));
    }

    [Test]
    public void Answers_stand_on_the_disk_as_soon_as_a_batch_is_done()
    {
        string samples = _folder.PathOf("s.jsonl"), partial = PartialAnswers.PathOf(samples);
        using var kept = new PartialAnswers(samples, Mark, "known\n"u8.ToArray(), Assert.Fail);
        var written = new List<string>();
        PointingEvaluator.Run(Explainer(), Questions(), 2, _ =>
        {
            kept.Flush();
            written.Add(File.ReadAllText(partial));
        }, tally: new PointingTally(kept.Add), judge: Judge());
        var lines = Play().Lines;
        Assert.That(written[0], Is.EqualTo("known\n" + lines[0] + lines[1]));
        Assert.That(written[^1], Is.EqualTo("known\n" + string.Concat(lines)));
        kept.Delete();
        Assert.That(File.Exists(partial), Is.False);
    }

    [Test]
    public void Answers_that_cannot_be_kept_are_warned_of_once()
    {
        List<string> warnings = [];
        using var kept = new PartialAnswers(_folder.PathOf("none/s.jsonl"), Mark, [], warnings.Add);
        PointingEvaluator.Run(Explainer(), Questions(), 2, _ => kept.Flush(), tally: new PointingTally(kept.Add));
        Assert.That(warnings, Has.Count.EqualTo(1));
        Assert.That(warnings[0], Does.Contain("s.jsonl.part"));
    }

    private static (string[] Lines, string Batches) Play(IReadOnlyDictionary<int, PointingAnswer>? known = null)
    {
        var file = new AnswerFile(Mark.ToString());
        var explainer = Explainer();
        PointingEvaluator.Run(explainer, Questions(), 2, tally: new PointingTally(file.Add),
            judge: Judge(), known: known);
        string[] lines =
            [.. Encoding.UTF8.GetString(file.ToBytes()).Split('\n', StringSplitOptions.RemoveEmptyEntries)];
        return ([.. lines.Select(l => l + "\n")], string.Join('|', explainer.Batches.Select(b => string.Join(' ', b))));
    }

    private static AnswerJudge Judge() =>
        new(ProtocolRegistry.Default, new MeasureChoice(MeasureChoice.Parse("energy,iou,auc")));

    private static StubExplainer Explainer() => new(
        [.. Enumerable.Range(0, 7).Select(i => ($"p{i}", Enumerable.Range(0, 16).Select(k => (float)(k * (i + 3) % 7))
            .ToArray()))]);

    private static StubQuestions Questions() => new(Samples)
    {
        Reading = i =>
        {
            if (i == 4)
                throw new UnusableSampleException("no picture");
        },
    };
}
