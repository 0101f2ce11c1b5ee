using AmcEngine.Backends;
using AmcEngine.Backends.Cpu;
using AmcEngine.Memory;
using AmcEngine.Model;
using AmcEngine.Model.Albef;
using AmcEngine.Model.Contrastive;
using AmcEngine.Model.Layers;
using AmcEngine.Model.Modules;
using AmcEngine.Model.Text;
using AmcEngine.Model.Vision;
using AmcEngine.Ops;
using AmcEngine.Tensors;
using AmcEngine.Tests.Engine;
using NUnit.Framework;

namespace AmcEngine.Tests.Model;

/// <summary>
/// What joins the encoders into a step, against loops over the encoders' outputs: specification 3 word by word, without
/// dropout.
/// </summary>
[TestFixture]
public sealed class PretrainingOracleTests
{
    // Exact in single precision: the step rounds 1 − α to it, as the reference does.
    private const double Alpha = 0.375;

    private const int Count = 3;
    private const double Close = 1e-14;

    private CpuBackend _backend = null!;
    private AlbefModel _model = null!;
    private MemoryScope _scope = null!;
    private PairBatch _batch = null!;
    private Dictionary<string, double[]> _before = null!;

    [SetUp]
    public void Start() => _backend = new CpuBackend(2);

    [TearDown]
    public void Stop()
    {
        _scope.Dispose();
        _model.Dispose();
        _backend.Dispose();
    }

    [Test]
    public void The_contrastive_loss_is_that_of_its_formula_and_the_queues_move_afterwards()
    {
        var output = Step();
        double[] images = TeacherFeatures(image: true), texts = TeacherFeatures(image: false);
        double[] imageFeat = output.ImageFeat.ToDoubles(), textFeat = output.TextFeat.ToDoubles();
        double[] simI2T = Similarities(imageFeat, texts, "text_queue"),
            simT2I = Similarities(textFeat, images, "image_queue");
        var loss = (SoftLoss(simI2T, Similarities(images, texts, "text_queue")) + SoftLoss(
            simT2I, Similarities(texts, images, "image_queue"))) / 2;
        Assert.Multiple(() =>
        {
            Closeness.ElementsAreClose("similarities of images", output.SimI2T.ToDoubles(), simI2T, Close);
            Closeness.ElementsAreClose("similarities of texts", output.SimT2I.ToDoubles(), simT2I, Close);
            Closeness.Near("contrastive loss", output.LossIta.Item(), loss, Close);
            AssertEnqueued("image_queue", "queue_ptr_img", images);
            AssertEnqueued("text_queue", "queue_ptr_txt", texts);
        });
    }

    /// <summary>Two pairs of the batch are about one picture, and so are columns of the queue.</summary>
    [Test]
    public void Other_texts_of_a_picture_share_the_target_in_batch_and_queue_and_are_no_negatives()
    {
        var sampler = new RecordingSampler();
        var output = Step(SmallModel.Config with { SamePicture = SamePicture.Positive }, sampler);
        double[] images = TeacherFeatures(image: true), texts = TeacherFeatures(image: false);
        // Columns of the batch, then of the queue, that are as right as a row's own.
        int[] ofSeven = [0, 2, 3 + 1, 3 + 2, 3 + 6];
        int[][] right = [ofSeven, [1], ofSeven];
        double[] simI2T = output.SimI2T.ToDoubles(), simT2I = output.SimT2I.ToDoubles();
        var loss = (SoftLoss(simI2T, Similarities(images, texts, "text_queue"), right)
            + SoftLoss(simT2I, Similarities(texts, images, "image_queue"), right)) / 2;
        Assert.Multiple(() =>
        {
            Closeness.Near("contrastive loss", output.LossIta.Item(), loss, Close);
            Assert.That(State("idx_queue").Integers, Is.EqualTo(new long[] { 7, 5, 7, 9, -100, -100, 7, 8 }));
            foreach (var (weights, similarities) in sampler.Weights.Zip([simT2I, simI2T]))
            {
                var expected = NegativeWeights(similarities);
                (expected[2], expected[2 * Count]) = (0, 0);
                Closeness.ElementsAreClose("weights", weights, expected, Close);
            }
        });
    }

    [Test]
    public void Hard_negatives_are_drawn_by_softmax_without_the_pair_itself()
    {
        var sampler = new RecordingSampler();
        var output = Step(sampler: sampler);
        Assert.That(sampler.Weights, Has.Count.EqualTo(2));
        Assert.Multiple(() =>
        {
            // First an image for each text.
            Closeness.ElementsAreClose(
                "weights of images", sampler.Weights[0], NegativeWeights(output.SimT2I.ToDoubles()), Close);
            Closeness.ElementsAreClose(
                "weights of texts", sampler.Weights[1], NegativeWeights(output.SimI2T.ToDoubles()), Close);
            Assert.That(output.NegativeImages, Is.EqualTo(new[] { 2, 0, 1 }));
            Assert.That(output.NegativeTexts, Is.EqualTo(new[] { 1, 2, 0 }));
        });
    }

    [Test]
    public void Multinomial_draws_have_the_shares_of_their_weights()
    {
        _model = SmallModel.Create(_backend);
        _scope = MemoryScope.Begin();
        double[] weights = [0, 0.1, 0.3, 0.05, 0, 0.15, 0.7, 0.3, 0];
        var (random, counts) = (new RandomSource(4), new int[9]);
        const int draws = 20_000;
        for (var i = 0; i < draws; i++)
        {
            var picks = MultinomialSampler.Instance.Sample(weights, 3, random);
            for (var row = 0; row < 3; row++) counts[row * 3 + picks[row]]++;
        }
        Assert.That(counts.Select(c => (double)c / draws),
            Is.EqualTo(new[] { 0, 0.25, 0.75, 0.25, 0, 0.75, 0.7, 0.3, 0 }).Within(0.015));
    }

    [Test]
    public void Matching_takes_the_pairs_then_wrong_images_then_wrong_texts()
    {
        var output = Step(sampler: new RecordingSampler());
        double[] expected =
        [
            .. Match([0, 1, 2], [0, 1, 2]), .. Match([0, 1, 2], [2, 0, 1]), .. Match([1, 2, 0], [0, 1, 2])
        ];
        double loss = 0;
        for (var row = 0; row < 3 * Count; row++)
            loss -= LogSoftmax(expected.AsSpan(2 * row, 2))[row < Count ? 1 : 0] / (3 * Count);
        Assert.Multiple(() =>
        {
            Closeness.ElementsAreClose("logits", output.ItmLogits.ToDoubles(), expected, Close);
            Closeness.ElementsAreClose(
                "logits of the pairs", output.MatchLogits.ToDoubles(), expected[..(2 * Count)], Close);
            Closeness.Near("matching loss", output.LossItm.Item(), loss, Close);
        });
    }

    /// <summary>
    /// The second axis is recorded nowhere: the reference has one, its predecessor's correction the other.
    /// </summary>
    [TestCase(MlmDistillAxis.Sequence)]
    [TestCase(MlmDistillAxis.Vocab)]
    public void The_language_loss_is_that_of_its_formula(MlmDistillAxis axis)
    {
        var output = Step(SmallModel.Config with { MlmDistillAxis = axis });
        var masked = Masked();
        var vocabulary = _model.Config.Text.VocabSize;
        double[] teacher = TeacherWords(masked), student = output.MlmLogits!.ToDoubles();
        var length = _batch.Text.Length;
        double hard = 0, soft = 0;
        int[] positions =
            [.. Enumerable.Range(0, masked.Labels.Length).Where(i => masked.Labels[i] != MaskedTokens.Ignore)];
        foreach (var at in positions)
        {
            var logits = student.AsSpan(at * vocabulary, vocabulary);
            double[] log = LogSoftmax(logits),
                target = [.. LogSoftmax(teacher.AsSpan(at * vocabulary, vocabulary)).Select(Math.Exp)];
            hard -= log[masked.Labels[at]] / positions.Length;
            for (var w = 0; w < vocabulary; w++)
            {
                // Over the text's positions: a column of one word.
                double[] column =
                    [.. Enumerable.Range(0, length).Select(i => student[(at / length * length + i) * vocabulary + w])];
                soft -= target[w] * (axis == MlmDistillAxis.Vocab ? log[w] : LogSoftmax(column)[at % length])
                    / positions.Length;
            }
        }
        Closeness.Near("language loss", output.LossMlm.Item(), (1 - Alpha) * hard + Alpha * soft, Close);
    }

    [TestCase(0.9, 0.5)]
    [TestCase(1e-5, 0.001)]
    [TestCase(0.3, 0.3)]
    public void The_temperature_stays_in_its_range(double before, double after)
    {
        Step(temperature: before);
        Closeness.Near("temperature", _model.Temperature.Value.Item(), after, 0);
    }

    private AlbefOutput Step(AlbefConfig? config = null, IHardNegativeSampler? sampler = null, double temperature = 0.3)
    {
        _model = SmallModel.Create(_backend, config: (config ?? SmallModel.Config) with
        {
            Text = (config ?? SmallModel.Config).Text with { HiddenDropout = 0, AttentionDropout = 0 },
            Momentum = 0.7
        });
        // The student has moved since the copies were last updated: a teacher that is not updated, or updated twice,
        // shows.
        foreach (var p in _model.Trainable.Where(p => p.Name != "temp"))
            p.Value.Load<double>([.. p.Value.ToDoubles().Select((v, i) => v + 0.1 * Math.Sin(i))]);
        _model.Temperature.Value.Load<double>([temperature]);
        _before = new[] { "image_queue", "text_queue" }.ToDictionary(n => n, n => State(n).Value.ToDoubles());
        _scope = MemoryScope.Begin();
        _batch = SmallModel.Batch(_model, Count) with { Pictures = [7, 5, 7] };
        if (_model.Config.SamePicture == SamePicture.Positive)
            ((long[])[1, 7, 7, 9, -100, -100, 7, 8]).CopyTo(State("idx_queue").Integers!, 0);
        return _model.Forward(_batch, new StepOptions(Alpha, new RandomSource(1))
        {
            Negatives = sampler ?? ArgmaxSampler.Instance,
            Masked = Masked(),
            FullOutputs = true
        });
    }

    // A masked word in the first text, none in the second, two in the third.
    private MaskedTokens Masked()
    {
        var (ids, labels) = ((int[])_batch.Text.Ids.Clone(), new int[_batch.Text.Ids.Length]);
        Array.Fill(labels, MaskedTokens.Ignore);
        foreach (var at in (int[])[2, 13, 15])
        {
            labels[at] = ids[at];
            ids[at] = at == 15 ? 9 : _model.Config.Text.MaskId;
        }
        return new MaskedTokens(ids, labels);
    }

    private double[] TeacherFeatures(bool image)
    {
        var teacher = _model.Copy!;
        return image
            ? AlbefModel.Feature(
                teacher.Vision.Forward(_batch.Image, ForwardContext.Evaluation), teacher.VisionProjection).ToDoubles()
            : AlbefModel.Feature(teacher.Text.Bert.Text(Ids(_batch.Text.Ids), Mask(), ForwardContext.Evaluation),
                teacher.TextProjection).ToDoubles();
    }

    private double[] TeacherWords(MaskedTokens masked)
    {
        var teacher = _model.Copy!;
        var image = ImageSource.FromTokens(teacher.Vision.Forward(_batch.Image, ForwardContext.Evaluation));
        return teacher.Text.Head.Forward(
            teacher.Text.Bert.MultiModal(Ids(masked.InputIds), Mask(), image, ForwardContext.Evaluation)).ToDoubles();
    }

    /// <summary>Matching logits of texts with images, each pair in a pass of its own rows.</summary>
    private double[] Match(int[] texts, int[] images)
    {
        var (text, image) = (Tensor.From(texts, [Count], _backend), Tensor.From(images, [Count], _backend));
        var tokens = _model.Vision.Forward(_batch.Image, ForwardContext.Evaluation).IndexSelect(0, image);
        int[] ids =
            [.. texts.SelectMany(t => _batch.Text.Ids.AsSpan(t * _batch.Text.Length, _batch.Text.Length).ToArray())];
        var hidden = _model.Text.Bert.MultiModal(
            Ids(ids), Mask().Select(text), ImageSource.FromTokens(tokens), ForwardContext.Evaluation);
        return _model.ItmHead.Forward(VisionLanguageModel.ClassRow(hidden)).ToDoubles();
    }

    private Tensor Ids(int[] ids) => Tensor.From(ids, [Count, _batch.Text.Length], _backend);

    private TextMask Mask() => TextMask.Create(_batch.Text, DType.F64, _backend);

    private Parameter State(string name) => _model.StateEntries.Single(e => e.Name == name).Parameter;

    /// <summary>Rows against the batch's features and then the queue as it was before the step.</summary>
    private double[] Similarities(double[] rows, double[] columns, string queue)
    {
        var (width, size, temperature) =
            (_model.Config.EmbedDim, _model.Config.QueueSize, _model.Temperature.Value.Item());
        var result = new double[Count * (Count + size)];
        for (var r = 0; r < Count; r++)
            for (var c = 0; c < Count + size; c++)
                for (var e = 0; e < width; e++)
                    result[r * (Count + size) + c] += rows[r * width + e]
                        * (c < Count ? columns[c * width + e] : _before[queue][e * size + c - Count]) / temperature;
        return result;
    }

    // The columns that are right for each row; null where that is its own alone.
    private static double SoftLoss(double[] similarities, double[] teacher, int[][]? right = null)
    {
        var width = similarities.Length / Count;
        double loss = 0;
        for (var row = 0; row < Count; row++)
        {
            double[] log = LogSoftmax(similarities.AsSpan(row * width, width)),
                targets = LogSoftmax(teacher.AsSpan(row * width, width));
            var own = right?[row] ?? [row];
            for (var c = 0; c < width; c++)
                loss -= (Alpha * Math.Exp(targets[c]) + (own.Contains(c) ? (1 - Alpha) / own.Length : 0)) * log[c]
                    / Count;
        }
        return loss;
    }

    private static double[] NegativeWeights(double[] similarities)
    {
        var width = similarities.Length / Count;
        var weights = new double[Count * Count];
        for (var row = 0; row < Count; row++)
        {
            var log = LogSoftmax(similarities.AsSpan(row * width, Count));
            for (var c = 0; c < Count; c++) weights[row * Count + c] = c == row ? 0 : Math.Exp(log[c]);
        }
        return weights;
    }

    private void AssertEnqueued(string queue, string pointer, double[] features)
    {
        var (width, size) = (_model.Config.EmbedDim, _model.Config.QueueSize);
        double[] expected = [.. _before[queue]];
        for (var e = 0; e < width; e++)
            for (var b = 0; b < Count; b++) expected[e * size + b] = features[b * width + e];
        Closeness.ElementsAreClose(queue, State(queue).Value.ToDoubles(), expected, Close);
        Assert.That(State(pointer).Integers, Is.EqualTo(new[] { Count }), pointer);
    }

    private static double[] LogSoftmax(ReadOnlySpan<double> x)
    {
        double sum = 0;
        foreach (var v in x) sum += Math.Exp(v);
        var log = Math.Log(sum);
        return [.. x.ToArray().Select(v => v - log)];
    }

    /// <summary>Turns of fixed length instead of draws, so that every negative is known.</summary>
    private sealed class RecordingSampler : IHardNegativeSampler
    {
        public List<double[]> Weights { get; } = [];

        public int[] Sample(double[] weights, int batch, RandomSource random)
        {
            Weights.Add(weights);
            return Weights.Count == 1 ? [2, 0, 1] : [1, 2, 0];
        }
    }
}
