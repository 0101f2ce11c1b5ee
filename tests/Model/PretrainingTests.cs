using AmcEngine.Backends;
using AmcEngine.Backends.Cpu;
using AmcEngine.Memory;
using AmcEngine.Model;
using AmcEngine.Model.Albef;
using AmcEngine.Model.Contrastive;
using AmcEngine.Model.Text;
using AmcEngine.Model.Tokenization;
using AmcEngine.Model.Vision;
using AmcEngine.Tensors;
using AmcEngine.Tests.Engine;
using NUnit.Framework;

namespace AmcEngine.Tests.Model;

[TestFixture]
public sealed class PretrainingTests
{
    private CpuBackend _backend = null!;

    [OneTimeSetUp]
    public void Start() => _backend = new CpuBackend(2);

    [OneTimeTearDown]
    public void Stop() => _backend.Dispose();

    [Test]
    public void Queues_wrap_around_with_pointers_of_their_own()
    {
        using var model = SmallModel.Create(_backend);
        var columns = State(model, "image_queue");
        var before = columns.Value.ToDoubles();
        var pointer = State(model, "queue_ptr_img").Integers!;
        pointer[0] = 6;
        using var scope = MemoryScope.Begin();
        var features = Tensor.From([.. Enumerable.Range(0, 12).Select(i => (double)i)], [3, 4], _backend);
        model.ImageQueue!.Enqueue(features);
        var after = columns.Value.ToDoubles();
        Assert.Multiple(() =>
        {
            Assert.That(pointer[0], Is.EqualTo(1));
            Assert.That(State(model, "queue_ptr_txt").Integers![0], Is.Zero);
            for (var e = 0; e < 4; e++)
            {
                Assert.That(new[] { after[e * 8 + 6], after[e * 8 + 7], after[e * 8] },
                    Is.EqualTo(new double[] { e, 4 + e, 8 + e }));
                Assert.That(after[(e * 8 + 1)..(e * 8 + 6)], Is.EqualTo(before[(e * 8 + 1)..(e * 8 + 6)]));
            }
        });
        var wide = Tensor.Zeros([9, 4], DType.F64, _backend);
        Assert.That(() => model.ImageQueue.Enqueue(wide), Throws.TypeOf<ModelException>());
    }

    [Test]
    public void A_step_moves_momentum_copies_before_they_are_used_and_clamps_the_temperature()
    {
        using var model = SmallModel.Create(_backend);
        model.Temperature.Value.Load<double>([0.9]);
        var student = State(model, "text_proj.weight").Value;
        student.Load<double>([.. student.ToDoubles().Select(v => v + 1)]);
        var copy = State(model, "text_proj_m.weight").Value;
        var old = copy.ToDoubles();
        using var scope = MemoryScope.Begin();
        model.Forward(SmallModel.Batch(model), new StepOptions(0.4, new RandomSource(1)));
        Closeness.ElementsAreClose("momentum copy", copy.ToDoubles(), [.. old.Select(v => v + 0.005)], 1e-16);
        Assert.That(model.Temperature.Value.Item(), Is.EqualTo(0.5));
    }

    [TestCase(MlmDistillAxis.Sequence)]
    [TestCase(MlmDistillAxis.Vocab)]
    public void Leaving_out_what_no_loss_reads_changes_no_loss(MlmDistillAxis axis)
    {
        var losses = new List<double[]>();
        foreach (var full in new[] { false, true })
        {
            var config = SmallModel.Config with
            {
                Text = SmallModel.Config.Text with { HiddenDropout = 0, AttentionDropout = 0 },
                MlmDistillAxis = axis
            };
            using var model = SmallModel.Create(_backend, config: config);
            using var scope = MemoryScope.Begin();
            var batch = SmallModel.Batch(model);
            var labels = new int[batch.Text.Ids.Length];
            Array.Fill(labels, MaskedTokens.Ignore);
            labels[7] = batch.Text.Ids[7];
            var output = model.Forward(batch, new StepOptions(0.4, new RandomSource(1))
            {
                FullOutputs = full,
                Masked = new MaskedTokens(batch.Text.Ids, labels)
            });
            losses.Add([output.LossIta.Item(), output.LossItm.Item(), output.LossMlm.Item()]);
        }
        Closeness.ElementsAreClose("losses", losses[0], losses[1], 2e-15);
    }

    [Test]
    public void Without_a_masked_token_the_language_loss_is_zero()
    {
        using var model = SmallModel.Create(_backend, config: SmallModel.Config with { MlmProbability = 0 });
        using var scope = MemoryScope.Begin();
        var output = model.Forward(SmallModel.Batch(model), new StepOptions(0.4, new RandomSource(1)));
        Assert.That(output.LossMlm.Item(), Is.Zero);
        Assert.That(output.Total().Item(), Is.Positive);
    }

    [Test]
    public void A_batch_of_one_is_refused_in_one_line()
    {
        using var model = SmallModel.Create(_backend);
        using var scope = MemoryScope.Begin();
        Assert.That(
            () => model.Forward(SmallModel.Batch(model, 1), new StepOptions(0, new RandomSource(1))),
            Throws.TypeOf<ModelException>().With.Message.Contains("at least 2"));
    }

    [Test]
    public void Hard_negatives_are_never_the_pair_itself_even_when_all_weights_underflow()
    {
        double[] similarities = [1000, 0, 0, 0, 1000, 0, 1, 2, 3];
        var weights = HardNegatives.Weights(similarities, 3);
        Assert.That(weights[..6], Is.EqualTo(new[] { 0, 0.5, 0.5, 0.5, 0, 0.5 }));
        var random = new RandomSource(3);
        for (var i = 0; i < 200; i++)
            Assert.That(MultinomialSampler.Instance.Sample(weights, 3, random)
                .Select((pick, row) => pick == row), Has.None.True);
        Assert.That(ArgmaxSampler.Instance.Sample(weights, 3, random), Is.EqualTo(new[] { 1, 0, 1 }));
    }

    [Test]
    public void Masking_has_the_stated_shares_and_spares_padding_and_class_tokens()
    {
        const int n = 200_000;
        var config = SmallModel.Config with { Text = SmallModel.Config.Text with { VocabSize = 1000 } };
        int[] ids = [.. Enumerable.Range(0, n).Select(
            i => i % 10 == 0 ? config.Text.ClsId : i % 10 == 9 ? config.Text.PadId : 500)];
        var masked = MlmMasking.Sample(
            new TokenBatch(ids, ids, n / 10, 10), config.Text, config.MlmProbability, new RandomSource(17));
        var chosen = Enumerable.Range(0, n).Where(i => masked.Labels[i] != MaskedTokens.Ignore).ToList();
        double Share(Func<int, bool> which) => (double)chosen.Count(which) / chosen.Count;
        Assert.Multiple(() =>
        {
            Assert.That(chosen.Select(i => ids[i]), Has.All.EqualTo(500));
            Assert.That(chosen.Count / (n * 0.8), Is.EqualTo(0.15).Within(0.004));
            Assert.That(Share(i => masked.InputIds[i] == config.Text.MaskId), Is.EqualTo(0.8).Within(0.01));
            Assert.That(Share(i => masked.InputIds[i] == 500), Is.EqualTo(0.1).Within(0.01));
            Assert.That(Enumerable.Range(0, n).Except(chosen).All(i => masked.InputIds[i] == ids[i]));
            // About 2,400 random words out of 1,000: each quarter of the vocabulary has its share, to both ends.
            int[] words = [.. chosen.Select(i => masked.InputIds[i]).Where(w => w != config.Text.MaskId && w != 500)];
            for (var quarter = 0; quarter < 4; quarter++)
                Assert.That(words.Count(w => w / 250 == quarter) / (double)words.Length, Is.EqualTo(0.25).Within(0.04),
                    $"quarter {quarter}");
            Assert.That(words.Min(), Is.LessThan(10));
            Assert.That(words.Max(), Is.InRange(990, 999));
        });
    }

    private static AmcEngine.Model.Modules.Parameter State(AlbefModel model, string name) =>
        model.StateEntries.Single(e => e.Name == name).Parameter;
}
