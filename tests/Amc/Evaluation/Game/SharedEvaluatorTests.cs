using AmcEngine.Amc.CommandLine;
using AmcEngine.Amc.Evaluation.Explainers;
using AmcEngine.Amc.Evaluation.Game;
using AmcEngine.Amc.Evaluation.Protocols;
using AmcEngine.Amc.Maps;
using AmcEngine.Amc.Ranks;
using AmcEngine.DataTools;
using AmcEngine.Model;
using AmcEngine.Tests.Amc.Evaluation.Explainers;
using AmcEngine.Tests.Engine.Collectives;
using NUnit.Framework;

namespace AmcEngine.Tests.Amc.Evaluation.Game;

/// <summary>Ranks that share the questions give the answers of one process, each once and in order.</summary>
[TestFixture]
internal sealed class SharedEvaluatorTests
{
    // Neither batches nor rounds between two meetings divide it.
    private const int Questions = 53;

    private static readonly string[] Bad = ["cut", "missing"];

    [TestCase(1, "reference", true)]
    [TestCase(2, "reference", true)]
    [TestCase(3, "reference", true)]
    [TestCase(3, "reference", false)]
    [TestCase(2, "wwbl", true)]
    [TestCase(3, "fixed", true)]
    public void The_answers_are_those_of_one_process(int ranks, string protocol, bool measures)
    {
        List<string> expected = [];
        var tally = new PointingTally(a => expected.Add(Describe(a)));
        var alone = PointingEvaluator.Run(
            new Looker(), new Set(), 2, tally: tally, judge: Judge(protocol, measures));
        List<string> answers = [];
        var results = Run(ranks, (explainer, set, job) => new SharedEvaluator(explainer, set, 2, job)
        {
            Judge = Judge(protocol, measures),
        }.Run(new PointingTally(a => answers.Add(Describe(a))), CancellationToken.None));
        Assert.That(answers, Is.EqualTo(expected));
        Assert.That(results[0]! with { Seconds = 0 }, Is.EqualTo(alone with { Seconds = 0 }));
        Assert.That(alone.Skipped, Is.GreaterThan(1), "there are pictures that cannot be read");
        Assert.That(results[1..], Is.All.Null, "the first rank has the outcome");
    }

    [Test]
    public void Each_rank_asks_its_own_share_and_known_answers_are_not_asked_again()
    {
        List<PointingAnswer> all = [];
        PointingEvaluator.Run(new Looker(), new Set(), 2, tally: new PointingTally(all.Add));
        var known = all.Where(a => a.Index is >= 4 and < 12).ToDictionary(a => a.Index);
        List<int> counted = [];
        var asked = new int[3][];
        Run(3, (explainer, set, job) =>
        {
            var result = new SharedEvaluator(explainer, set, 2, job)
            {
                Known = job.IsFirst ? known : PointingEvaluator.NoAnswers,
            }.Run(new PointingTally(a => counted.Add(a.Index)), CancellationToken.None);
            asked[job.Rank] = [.. explainer.Asked];
            return result;
        });
        Assert.That(counted, Is.EqualTo(all.Select(a => a.Index)));
        Assert.That(asked.SelectMany(a => a).Order(), Is.EqualTo(all.Select(a => a.Index).Where(
            i => !known.ContainsKey(i))), "each question once");
        Assert.That(asked.Select(a => a.Length), Is.All.GreaterThan(all.Count / 5), "no rank is idle");
        Assert.That(asked[1], Is.All.Matches<int>(i => i / 2 % 3 == 1));
    }

    [Test]
    public void Where_one_rank_is_to_stop_all_do_and_the_first_keeps_what_was_counted()
    {
        List<int> counted = [];
        Run(2, (explainer, set, job) =>
        {
            using var stop = new CancellationTokenSource();
            explainer.Asking = count =>
            {
                if (job.Rank == 1 && count >= 15)
                    stop.Cancel();
            };
            Assert.That(() => new SharedEvaluator(explainer, set, 2, job).Run(
                new PointingTally(a => counted.Add(a.Index)), stop.Token),
                Throws.InstanceOf<OperationCanceledException>());
            return null;
        });
        Assert.That(counted, Is.Not.Empty.And.All.LessThan(32), "what came before the last meeting");
    }

    [Test]
    public void A_map_that_is_not_finite_ends_all_after_the_answers_before_it()
    {
        List<int> counted = [];
        var ends = Run(2, (explainer, set, job) =>
        {
            explainer.Broken = 22;
            var error = Assert.Catch<Exception>(() => new SharedEvaluator(explainer, set, 2, job).Run(
                new PointingTally(a => counted.Add(a.Index)), CancellationToken.None))!;
            return error is OtherRankException or ModelException ? null
                : throw new InvalidOperationException("another error", error);
        });
        Assert.That(ends, Has.Length.EqualTo(2));
        Assert.That(counted, Is.EqualTo(Enumerable.Range(0, 22).Where(i => !IsBad(i))));
    }

    [Test]
    public void Where_a_rank_cannot_read_its_data_the_first_asks_in_its_place()
    {
        List<int> counted = [];
        List<string> warnings = [];
        Run(2, (explainer, set, job) =>
        {
            set.Broken = job.Rank == 1;
            return new SharedEvaluator(explainer, set, 2, job) { Warn = warnings.Add }.Run(
                new PointingTally(a => counted.Add(a.Index)), CancellationToken.None);
        });
        Assert.That(counted, Is.EqualTo(Enumerable.Range(0, Questions).Where(i => !IsBad(i))));
        Assert.That(warnings[0], Does.Contain("rank 1 cannot ask questions 2 to 3").And.Contain("no such disk"));
    }

    // Maps of an entity are averaged first, and what is measured of them needs the pictures.
    [Test]
    public void Where_answers_hang_on_one_another_and_on_pictures_the_first_rank_asks_all()
    {
        List<string> expected = [], answers = [];
        PointingEvaluator.Run(new Looker(), new Set(), 2,
            tally: new PointingTally(a => expected.Add(Describe(a))), judge: Costly());
        var asked = new int[2];
        var results = Run(2, (explainer, set, job) =>
        {
            var result = new SharedEvaluator(explainer, set, 2, job) { Judge = Costly() }.Run(
                new PointingTally(a => answers.Add(Describe(a))), CancellationToken.None);
            asked[job.Rank] = explainer.Asked.Count;
            return result;
        });
        Assert.That(expected, Is.Not.Empty.And.All.Contains("insertion"));
        Assert.That(answers, Is.EqualTo(expected));
        Assert.That(results.Select(r => r is not null), Is.EqualTo(new[] { true, false }));
        Assert.That(asked[1], Is.Zero);
    }

    [Test]
    public void Where_the_first_rank_that_asks_all_is_to_stop_the_others_do_not_wait()
    {
        Run(2, (explainer, set, job) =>
        {
            using var stop = new CancellationTokenSource();
            explainer.Asking = count =>
            {
                if (count >= 15)
                    stop.Cancel();
            };
            Assert.That(() => new SharedEvaluator(explainer, set, 2, job) { Judge = Costly() }.Run(
                new PointingTally(_ => { }), stop.Token), Throws.InstanceOf<OperationCanceledException>());
            return null;
        });
    }

    [Test]
    public void What_is_wrong_with_a_picture_is_known_to_the_rank_that_counts()
    {
        // So many questions together that some pictures are read by one rank alone.
        const int batch = 8;
        var set = new Set();
        PointingEvaluator.Run(new Looker(), set, batch);
        var remarks = new List<string>[2];
        Run(2, (explainer, own, job) =>
        {
            remarks[job.Rank] = own.Remarks;
            return new SharedEvaluator(explainer, own, batch, job).Run(new PointingTally(), CancellationToken.None);
        });
        Assert.That(set.Remarks, Is.Not.Empty);
        Assert.That(remarks[0].Distinct(), Is.EquivalentTo(set.Remarks.Distinct()));
    }

    private static PointingResult?[] Run(int ranks, Func<Looker, Set, Job, PointingResult?> body) =>
        ThreadCommunicator.Run(ranks, communicator =>
            body(new Looker(), new Set(), new Job(communicator, ErrorReporter.CodeOf)));

    private static AnswerJudge Judge(string protocol, bool measures) => new(ProtocolRegistry.Find(protocol),
        measures ? new MeasureChoice(MeasureChoice.Parse(MeasureChoice.Default)) : null);

    private static AnswerJudge Costly() => new(ProtocolRegistry.Find("wwbl"),
        new MeasureChoice(MeasureChoice.Parse("insertion")), phrase => pictures =>
        {
            var scores = new double[pictures.Length / (3 * 16)];
            for (var i = 0; i < scores.Length; i++)
                scores[i] = phrase.Length * pictures[i * 3 * 16] + pictures[i * 3 * 16 + 5];
            return scores;
        });

    private static bool IsBad(int question) => question % 10 is 3 or 7;

    private static string Describe(PointingAnswer answer) => string.Join(' ',
        [
            $"{answer.Index} {answer.Sample.Caption} {answer.Sample.Image} {answer.Sample.Width} {answer.Point}",
            $"{answer.Hit} {answer.Score:R} {answer.Chance:R} {answer.Details?.Split} {answer.Details?.RegionShare:R}",
            $"{answer.Details?.Words}",
            .. answer.Details?.Measures.Select(m => $"{m.Name} {m.Value:R}") ?? [],
            $"{string.Join(' ', answer.Map.Values.Select(v => $"{v:R}"))} {answer.Map.Crop}",
        ]);

    /// <summary>Looks somewhere that depends on the question alone; some maps are flat.</summary>
    private sealed class Looker : IExplainer
    {
        public List<int> Asked { get; } = [];

        public Action<int>? Asking { get; set; }

        public int Broken { get; set; } = -1;

        public PictureTarget Input { get; } = PictureTarget.Square(4, Resampling.Bilinear);

        public IReadOnlyList<MatchExplanation> Explain(IReadOnlyList<PhraseInPicture> batch)
        {
            int[] questions = [.. batch.Select(q => int.Parse(q.Phrase.Split(' ')[^1]))];
            Asked.AddRange(questions);
            Asking?.Invoke(Asked.Count);
            return [.. questions.Select(q => new MatchExplanation(new PatchMap(4,
                [.. Enumerable.Range(0, 16).Select(i => q == Broken ? float.NaN
                    : q % 9 == 0 ? 1 : MathF.Sin(1.7f * i * (q + 1)))])
                {
                    Crop = q % 5 == 1 ? new CentreCrop(24) : null,
                }, 1 / (q + 3.0)))];
        }

        public void Release()
        {
        }
    }

    /// <summary>Questions about pictures that are read; two of ten cannot be.</summary>
    private sealed class Set : IEvaluationSet
    {
        private readonly StubQuestions _all = new([.. Enumerable.Range(0, Questions).Select(
            i => new EvaluationSample($"{i / 3}.png", new PictureViews(0, 0, []), $"phrase {i}",
                [new Box(i % 20, 1, 10 + i % 20, 11)])
            {
                Entity = $"{i / 2}",
                Split = i % 4 == 0 ? "one" : "two",
            })]);

        public bool Broken { get; set; }

        /// <summary>What was wrong with pictures that were read none the less.</summary>
        public List<string> Remarks { get; } = [];

        public int Count => Questions;

        public EvaluationSample this[int index] => _all[index];

        public string PictureOf(int index) => _all.PictureOf(index) + (IsBad(index) ? " bad" : "");

        public PictureReader ReaderOf(int index, IReadOnlyList<PictureTarget> targets) => () =>
            Broken ? throw new DataException("no such disk")
            : IsBad(index) ? throw new UnreadablePictureException(Bad[index % 10 / 5])
            : (PictureViews.Of(new RgbImage(40 + index / 3, 30), targets), $"picture {index / 3} has no end");

        public EvaluationSample Read(int index, IReadOnlyList<PictureTarget> targets, PictureReader? picture = null)
        {
            var (views, remark) = (picture ?? ReaderOf(index, targets))();
            if (remark is not null)
                Remarks.Add(remark);
            return _all.Read(index, targets, () => (views, remark));
        }

        public IEnumerator<EvaluationSample> GetEnumerator() => _all.GetEnumerator();

        System.Collections.IEnumerator System.Collections.IEnumerable.GetEnumerator() => GetEnumerator();
    }
}
