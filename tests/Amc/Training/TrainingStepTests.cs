using AmcEngine.Amc.Configuration;
using AmcEngine.Amc.Objective;
using AmcEngine.Amc.Runs;
using AmcEngine.Amc.Training;
using AmcEngine.Backends;
using AmcEngine.Backends.Cpu;
using AmcEngine.Backends.Kernels;
using AmcEngine.DataTools;
using AmcEngine.Memory;
using AmcEngine.Model;
using AmcEngine.Model.Albef;
using AmcEngine.Model.Contrastive;
using AmcEngine.Model.Text;
using AmcEngine.Model.Vision;
using AmcEngine.Optim;
using AmcEngine.Tensors;
using AmcEngine.Tests.Cli;
using AmcEngine.Tests.DataTools;
using AmcEngine.Tests.Engine;
using AmcEngine.Tests.Model;
using NUnit.Framework;

namespace AmcEngine.Tests.Amc.Training;

/// <summary>The one training step, and what a session hands to it.</summary>
[TestFixture]
internal sealed class TrainingStepTests : FolderTests
{
    private CpuBackend _backend = null!;

    [SetUp]
    public void Create() => _backend = new CpuBackend(2);

    [TearDown]
    public void Delete() => _backend.Dispose();

    [Test]
    public void Regions_that_vanish_from_the_mask_do_not_enter_AMC()
    {
        // A box of two pixels between the sampling points of a picture twenty times as large as the mask.
        using var session = Annotated("[61, 61, 63, 63]");
        Assert.That(session.Loader.Get(0).Masks, Is.All.Zero);
        var losses = new OptimizationStep(session, traceNaN: false)
            .Run().Losses.ToDictionary(l => l.Name, l => l.Value);
        Assert.Multiple(() =>
        {
            Assert.That(losses["amc_mean"], Is.Zero);
            Assert.That(losses["amc_max"], Is.Zero);
            Closeness.Near("total", losses["total"], losses["ita"] + losses["itm"] + losses["mlm"], 5e-6);
        });
        using var large = Annotated("[40, 40, 300, 300]");
        Assert.That(
            new OptimizationStep(large, traceNaN: false).Run().Losses.Single(l => l.Name == "amc_max").Value > 0.01,
            Is.True, "a region that is there");
    }

    [Test]
    public void The_total_is_the_weighted_sum_and_the_session_has_the_configured_objective()
    {
        using var session = Session("amc.mean_weight=3", "amc.max_weight=5");
        foreach (var _ in Enumerable.Range(0, 3))
        {
            var losses = new OptimizationStep(session, traceNaN: false)
                .Run().Losses.ToDictionary(l => l.Name, l => l.Value);
            var sum = losses["ita"] + losses["itm"] + losses["mlm"] + 3 * losses["amc_mean"] + 5 * losses["amc_max"];
            Closeness.Near("total", losses["total"], sum, 5e-6);
        }
    }

    [Test]
    public void Without_AMC_the_losses_are_the_others_alone()
    {
        // Dropout would differ: less is computed without a map, and so fewer masks are drawn.
        using TrainingSession with = Session("dropout=0"), without = Session("dropout=0", "add_gcam=false"),
            off = Session("dropout=0");
        var first = new OptimizationStep(with, traceNaN: false).Run().Losses;
        var second = new OptimizationStep(without, traceNaN: false).Run().Losses;
        var third = new OptimizationStep(off, traceNaN: false) { UsesObjective = false }.Run().Losses;
        Assert.That(second.Select(l => l.Name), Is.EqualTo(new[] { "total", "ita", "itm", "mlm" }));
        Assert.That(third, Is.EqualTo(second).AsCollection);
        Closeness.ElementsAreClose(
            "losses", [.. second.Skip(1).Select(l => l.Value)], [.. first.Skip(1).Take(3).Select(l => l.Value)], 5e-7);
    }

    [Test]
    public void The_record_has_the_plan_s_rate_and_epoch()
    {
        using var session = Session();
        var step = new OptimizationStep(session, traceNaN: false);
        StepRecord[] records = [.. Enumerable.Range(0, 6).Select(_ => step.Run())];
        Assert.Multiple(() =>
        {
            Assert.That(records.Select(r => r.Step), Is.EqualTo(Enumerable.Range(1, 6)));
            Assert.That(records.Select(r => r.Epoch), Is.EqualTo(new[] { 0, 0, 0, 0, 1, 1 }));
            Assert.That(records.Select(r => r.LearningRate),
                Is.EqualTo(Enumerable.Range(0, 6).Select(session.Plan.LearningRate)));
            Assert.That(records.Select(r => r.LearningRate).Distinct().Count() > 4, Is.True);
        });
    }

    /// <summary>
    /// With a zero gradient nothing but the decay moves a weight: by rate · decay, as the configuration has it, or not
    /// at all.
    /// </summary>
    [Test]
    public void The_session_s_optimizer_decays_as_configured()
    {
        using var session = Session("optimizer.weight_decay=0.25");
        var before = session.Model.Trainable.ToDictionary(p => p.Name, p => p.Value.ToDoubles());
        using (MemoryScope.Begin())
        {
            foreach (var p in session.Model.Trainable) p.Value.Grad = Tensor.Zeros(p.Shape, DType.F32, _backend);
            session.Optimizer.Step(0.5);
            session.Optimizer.ZeroGrad();
        }
        Assert.Multiple(() =>
        {
            foreach (var p in session.Model.Trainable)
            {
                var kept = p.Shape.Rank == 1 || p.Name.EndsWith(".bias", StringComparison.Ordinal) ? 1 : 1 - 0.5 * 0.25;
                Closeness.ElementsAreClose(
                    p.Name, p.Value.ToDoubles(), [.. before[p.Name].Select(v => kept * v)], 1e-7);
            }
            Assert.That((session.Optimizer.Beta1, session.Optimizer.Beta2, session.Optimizer.Eps),
                Is.EqualTo((0.9, 0.999, 1e-8)));
        });
    }

    /// <summary>
    /// The step itself: what it shows on the way is what it trains on, and a broken one changes nothing.
    /// </summary>
    [Test]
    public void A_step_with_an_infinite_gradient_keeps_the_weights()
    {
        using var model = SmallModel.Create(_backend);
        using var optimizer = new AdamW(model.ParameterGroups(0.02));
        double[][] before = [.. model.Trainable.Select(p => p.Value.ToDoubles())], queues = Queues();
        var step = new TrainingStep(model, new AmcObjective(), optimizer)
        {
            Differentiated = () => model.ItmHead.Weight.Value.Grad!.Backend.Run(
                new FillArgs(model.ItmHead.Weight.Value.Grad!, double.PositiveInfinity)),
        };
        Assert.That(() => Run(step, model, 0),
            Throws.TypeOf<TrainingException>().With.Message.Contains("step 1").And.Message.Contains("itm_head.weight"));
        Assert.That(model.Trainable.Select(p => p.Value.ToDoubles()), Is.EqualTo(before));
        Assert.That(Queues(), Is.EqualTo(queues));
        Assert.That(optimizer.StepCount, Is.Zero);

        double[][] Queues() =>
        [
            .. model.StateEntries.Select(e => e.Parameter).Where(
                p => p.Name.Contains("queue", StringComparison.Ordinal))
                .Select(p => p.Integers is { } at ? Array.ConvertAll(at, v => (double)v) : p.Value.ToDoubles()),
        ];
    }

    /// <summary>A step that fails before it has written into the queues leaves those as the step before did.</summary>
    [Test]
    public void A_step_that_fails_at_once_takes_nothing_of_the_one_before_back()
    {
        using var model = TinyModels.Create("albef", _backend, DType.F64);
        using var optimizer = new AdamW(model.ParameterGroups(0.02));
        var step = new TrainingStep(model, null, optimizer);
        Run(TinyTraining.Count);
        var after = TinyTraining.State(model)["image_queue"];
        Assert.That(() => Run(1), Throws.TypeOf<ModelException>().With.Message.Contains("no negative pairs"));
        Assert.That(TinyTraining.State(model)["image_queue"], Is.EqualTo(after));

        void Run(int count)
        {
            using var scope = MemoryScope.Begin();
            step.Run(0, TinyTraining.Inputs(model, count: count), new StepOptions(0.4, new RandomSource(1)), 1e-3);
        }
    }

    /// <summary>Step n draws the same random numbers whatever ran before it, and other ones than step n + 1.</summary>
    [Test]
    public void Random_numbers_follow_the_step()
    {
        double[] first = Text(3, 0), again = Text(3, 7), other = Text(4, 0);
        Assert.That(again, Is.EqualTo(first));
        Assert.That(other, Is.Not.EqualTo(first));

        double[] Text(int number, int drawn)
        {
            using var model = SmallModel.Create(_backend);
            using var optimizer = new AdamW(model.ParameterGroups(0.02));
            double[] text = [];
            var random = new RandomSource(1);
            for (var i = 0; i < drawn; i++) random.NextKey();
            Run(new TrainingStep(model, null, optimizer)
            {
                Forwarded = t => text = ((AlbefOutput)t.Output).TextEmbeds.ToDoubles()
            }, model, number, random);
            return text;
        }
    }

    private void Run(TrainingStep step, AlbefModel model, int number, RandomSource? random = null)
    {
        using var scope = MemoryScope.Begin();
        var batch = SmallModel.Batch(model);
        var regions = Tensor.Ones([3, 8, 8], DType.F64, _backend);
        step.Run(number, new StepInputs(batch, regions, [true, true, true]),
            new StepOptions(0.4, random ?? new RandomSource(1)), 1e-3);
    }

    private TrainingSession Session(params string[] overrides) =>
        TrainingSession.Create(RunConfig.Load(_folder.Write("tiny.yaml", Amcx.TinyConfig), overrides), _backend);

    private TrainingSession Annotated(string box)
    {
        var picture = new RgbImage(640, 640);
        for (var i = 0; i < picture.Pixels.Length; i++)
            picture.Pixels[i] = (byte)(i * 7 % 251);
        picture.SavePng(_folder.PathOf("a.png"));
        var entries = string.Join(", ", Enumerable.Range(0, 4).Select(
            i => $$"""{"image": "a.png", "caption": "{{(i % 2 == 0 ? "red" : "blue")}} car", "bbox": [{{box}}]}"""));
        string train = _folder.Write("annotations.json", $"[{entries}]"),
            words = _folder.Write("vocab.txt", "[PAD]\n[UNK]\n[CLS]\n[SEP]\n[MASK]\nred\nblue\ncar\n");
        return Session("dataset=annotations", $"train_file={train}", $"vocab_file={words}",
            $"image_root={_folder.Path}", "augment=false");
    }
}
