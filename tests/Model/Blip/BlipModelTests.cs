using AmcEngine.Amc.Objective;
using AmcEngine.Autograd;
using AmcEngine.Backends;
using AmcEngine.Backends.Cpu;
using AmcEngine.Memory;
using AmcEngine.Model;
using AmcEngine.Model.Blip;
using AmcEngine.Model.Checkpoints;
using AmcEngine.Model.Contrastive;
using AmcEngine.Model.Text;
using AmcEngine.Model.Tokenization;
using AmcEngine.Model.Vision;
using AmcEngine.Ops;
using AmcEngine.Serialization;
using AmcEngine.Tensors;
using AmcEngine.Tests.Engine;
using NUnit.Framework;

namespace AmcEngine.Tests.Model.Blip;

[TestFixture]
public sealed class BlipModelTests
{
    // Widths that no vector fills, a hooked layer that is not the last, a queue that wraps inside of a batch.
    private static readonly BlipConfig Config = new()
    {
        Vision = new VisionConfig { ImageRes = 9, PatchSize = 3, Width = 9, Depth = 2, Heads = 3, MlpRatio = 2 },
        Text = BlipConfig.EncoderOf(new TextConfig
        {
            Hidden = 10,
            Heads = 2,
            Intermediate = 14,
            Layers = 3,
            VocabSize = 20,
            MaxPositions = 8,
            ClsId = 1,
            MaskId = 1,
            HiddenDropout = 0,
            AttentionDropout = 0
        }),
        EncId = 19,
        EmbedDim = 5,
        QueueSize = 6,
        AmcLayer = 1,
        Momentum = 0.7,
        Temperature = 0.3,
    };

    private CpuBackend _backend = null!;

    [SetUp]
    public void Start() => _backend = new CpuBackend(2);

    [TearDown]
    public void Stop() => _backend.Dispose();

    [TestCase(GroundingMode.Itm, false)]
    [TestCase(GroundingMode.Itm, true)]
    [TestCase(GroundingMode.Itc, true)]
    public void The_gradient_of_the_objective_agrees_with_differences(GroundingMode mode, bool samePictures)
    {
        using var model = Create(Config with { Mode = mode });
        long[]? pictures = samePictures ? [3, 8, 3, 9] : null;
        // The temperature also makes the soft targets, which are constants of the loss: it stays where it is.
        DirectionalCheck.Agrees(model, Loss, seed: 4, step: 1e-6, allowed: 2e-8, stays: p => p.Name == "temp");

        // The copies stay where they are, and the queues go back to where they were.
        Tensor Loss()
        {
            model.Average!.SetApplied();
            var output = model.Forward(Batch(model) with { Pictures = pictures }, Options);
            var mask = new double[4 * 81];
            for (var i = 0; i < mask.Length; i++)
                if (i % 9 < 4 && i / 9 % 9 > 3) mask[i] = 1;
            var amc = new AmcObjective().Compute(
                new(output.Grounding!, Tensor.From(mask, [4, 9, 9], _backend), [true, true, false, true]));
            model.TakeBack();
            return output.Total().Add(amc.Loss);
        }
    }

    [Test]
    public void Pairs_of_one_picture_are_positives_of_each_other_in_batch_and_queue_and_no_negatives()
    {
        using var model = Create(Config);
        using var scope = MemoryScope.Begin();
        model.Forward(Batch(model) with { Pictures = [5, 6, 7, 8] }, Options);
        var numbers = model.StateEntries.Single(e => e.Name == "idx_queue").Parameter.Integers!;
        Assert.That(numbers, Is.EqualTo(new long[] { 5, 6, 7, 8, -100, -100 }));
        var positives = model.TextQueue!.Positives([7, 3, 7, 5], [7, 3, 7, 5], DType.F64, _backend)!.ToDoubles();
        const double third = 1.0 / 3;
        Assert.That(positives, Is.EqualTo(new[]
        {
            third, 0, third, 0, 0, 0, third, 0, 0, 0,
            0, 1, 0, 0, 0, 0, 0, 0, 0, 0,
            third, 0, third, 0, 0, 0, third, 0, 0, 0,
            0, 0, 0, 0.5, 0.5, 0, 0, 0, 0, 0,
        }));
        long[] different = [1, 2, 3, 4];
        Assert.That(model.TextQueue.Positives(different, different, DType.F64, _backend), Is.Null, "each is its own");
        var output = (BlipOutput)model.Forward(Batch(model) with { Pictures = [3, 3, 3, 9] }, Options);
        Assert.That(output.NegativeImages, Is.EqualTo(new[] { 3, 3, 3, output.NegativeImages[3] }));
        Assert.That(output.NegativeTexts[..3], Is.EqualTo(new[] { 3, 3, 3 }));
        // Written from column 4 on, around the end.
        Assert.That(numbers, Is.EqualTo(new long[] { 3, 9, 7, 8, 3, 3 }));
        model.TakeBack();
        Assert.That(numbers, Is.EqualTo(new long[] { 5, 6, 7, 8, -100, -100 }));
        Assert.That(
            model.StateEntries.Single(e => e.Name == "ptr_queue").Parameter.Integers, Is.EqualTo(new long[] { 4 }));
    }

    [Test]
    public void Where_other_texts_are_wrong_no_picture_is_known()
    {
        using var model = Create(Config with { SamePicture = SamePicture.Negative });
        using var scope = MemoryScope.Begin();
        var alike = model.Forward(Batch(model) with { Pictures = [5, 5, 7, 8] }, Options);
        Assert.That(model.StateEntries.Single(e => e.Name == "idx_queue").Parameter.Integers, Is.All.EqualTo(-100));
        using var other = Create(Config);
        var apart = other.Forward(Batch(other) with { Pictures = [5, 6, 7, 8] }, Options);
        Assert.That(alike.Total().Item(), Is.EqualTo(apart.Total().Item()));
    }

    [Test]
    public void A_step_that_failed_before_it_wrote_takes_nothing_back()
    {
        using var model = Create(Config);
        using var scope = MemoryScope.Begin();
        model.Forward(Batch(model) with { Pictures = [5, 6, 7, 8] }, Options);
        // Fails at its first look at the batch, after the queues were told that a step begins.
        Assert.That(() => model.Forward(Batch(model) with { Image = Batch(model).Image.Slice(0, 0, 1) }, Options),
            Throws.TypeOf<ModelException>());
        model.TakeBack();
        Assert.That(model.StateEntries.Single(e => e.Name == "idx_queue").Parameter.Integers,
            Is.EqualTo(new long[] { 5, 6, 7, 8, -100, -100 }));
        Assert.That(
            model.StateEntries.Single(e => e.Name == "ptr_queue").Parameter.Integers, Is.EqualTo(new long[] { 4 }));
    }

    [Test]
    public void Both_queues_are_written_at_the_same_place()
    {
        using var model = Create(Config);
        using var scope = MemoryScope.Begin();
        var output = (BlipOutput)model.Forward(Batch(model), Options);
        double[] image = Queue("image_queue"), text = Queue("text_queue");
        for (var e = 0; e < 5; e++)
        {
            // Columns of the queues are what the similarities were taken with: the momentum features, one a sample.
            Assert.That(image.Skip(e * 6).Take(4), Has.All.InRange(-1, 1));
            Assert.That(text.Skip(e * 6).Take(4), Has.All.InRange(-1, 1));
        }
        Assert.That(
            Enumerable.Range(0, 4).Select(c => Enumerable.Range(0, 5).Sum(e => image[e * 6 + c] * image[e * 6 + c])),
            Has.All.EqualTo(1).Within(1e-12));
        Assert.That(
            Enumerable.Range(0, 4).Select(c => Enumerable.Range(0, 5).Sum(e => text[e * 6 + c] * text[e * 6 + c])),
            Has.All.EqualTo(1).Within(1e-12));
        Assert.That(output.SimI2T.Shape, Is.EqualTo(new Shape(4, 10)));

        double[] Queue(string name) => model.StateEntries.Single(e => e.Name == name).Parameter.Value.ToDoubles();
    }

    [Test]
    public void A_text_attends_to_the_picture_with_its_encoder_token_and_is_compared_without()
    {
        using var model = Create(Config);
        using var scope = MemoryScope.Begin();
        var batch = Batch(model);
        var prepared = model.WithEncoderToken(batch.Text);
        Assert.That(Enumerable.Range(0, 4).Select(r => prepared.Ids[r * 6]), Is.All.EqualTo(19));
        Assert.That(batch.Text.Ids[0], Is.EqualTo(1), "the batch is left alone");
        var before = model.Explain(batch).Score.ToDoubles();
        var words = model.Parameters.Single(p => p.Name == "text_encoder.embeddings.word_embeddings.weight").Value;
        var table = words.ToDoubles();
        // Another [CLS] row changes the contrast and not the match.
        words.Load<double>([.. table.Select((v, i) => i / 10 == 1 ? -v : v)]);
        Assert.That(model.Explain(batch).Score.ToDoubles(), Is.EqualTo(before));
    }

    [Test]
    public void Words_are_averaged_by_their_number()
    {
        using var model = Create(Config);
        using var scope = MemoryScope.Begin();
        var batch = Batch(model);
        var output = model.Forward(batch, Options with { FullOutputs = true });
        var terms = new AmcObjective().Compute(
            new(output.Grounding!, Tensor.Ones([4, 9, 9], DType.F64, _backend), [true, true, true, true]));
        double[] map = output.Grounding!.Map.ToDoubles(), gradient = terms.MapGradient!.ToDoubles(),
            cam = terms.WordCam!.ToDoubles();
        var expected = new double[4 * 9];
        for (var b = 0; b < 4; b++)
        {
            var words = batch.Text.Mask.Skip(b * 6).Take(6).Sum() - 2;
            for (var h = 0; h < 2; h++)
                for (var q = 1; q <= words; q++)
                    for (var k = 0; k < 9; k++)
                    {
                        var at = ((b * 2 + h) * 6 + q) * 10 + 1 + k;
                        expected[b * 9 + k] += map[at] * Math.Max(gradient[at], 0) / (2 * words);
                    }
        }
        Closeness.AreClose("words", cam, expected, 1e-13);
    }

    [Test]
    public void A_pre_training_checkpoints_decoder_is_no_surprise()
    {
        using var model = Create(Config);
        using var target = BlipModel.Create(Config, _backend, DType.F64, seed: 9, withMomentum: false);
        var report = StateDict.Load(target, [.. StateDict.Export(model),
            TensorData.From("text_decoder.bert.embeddings.word_embeddings.weight", [1], [1f])]);
        Assert.That((report.Missing.Count, report.Unexpected.Count), Is.EqualTo((0, 0)));
        Assert.That(target.Names, Is.SameAs(model.Names));
        Assert.That(model.StateEntries.Select(e => e.Name), Has.None.Contains("token_type").And.Contains(
            "text_encoder.encoder.layer.0.crossattention.self.query.weight"));
    }

    private static StepOptions Options => new(0.4, new RandomSource(3)) { Negatives = ArgmaxSampler.Instance };

    private BlipModel Create(BlipConfig config) =>
        BlipModel.Create(config, _backend, DType.F64, seed: 7).WithLargeWeights();

    private static PairBatch Batch(BlipModel model)
    {
        var image = Tensor.Empty([4, 3, 9, 9], DType.F64, model.Backend).FillUniform(
            -1.5, 1.5, new RandomSource(5).NextKey());
        int[] ids = [1, 3, 4, 2, 0, 0, 1, 7, 2, 0, 0, 0, 1, 5, 6, 9, 8, 2, 1, 11, 12, 2, 0, 0];
        return new PairBatch(image, new TokenBatch(ids, [.. ids.Select(i => i == 0 ? 0 : 1)], 4, 6));
    }
}
