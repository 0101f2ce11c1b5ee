using AmcEngine.Backends.Cpu;
using AmcEngine.Model;
using AmcEngine.Model.Albef;
using AmcEngine.Model.Blip;
using AmcEngine.Model.Checkpoints;
using AmcEngine.Model.Clip;
using AmcEngine.Serialization;
using AmcEngine.Tensors;
using AmcEngine.Tests.Engine;
using NUnit.Framework;

namespace AmcEngine.Tests.Model;

/// <summary>BERT and DeiT, from the files that the reference starts from, into the parts of a model.</summary>
[TestFixture]
public sealed class PretrainedEncoderTests
{
    private const string Layer = "text_encoder.bert.encoder.layer.";

    private CpuBackend _backend = null!;

    [OneTimeSetUp]
    public void Start() => _backend = new CpuBackend(2);

    [OneTimeTearDown]
    public void Stop() => _backend.Dispose();

    [TestCase(true, true)]
    [TestCase(true, false)]
    [TestCase(false, true)]
    public void Each_layer_of_bert_becomes_the_layer_of_its_number_and_cross_attention_stays_fresh(
        bool oldNorms, bool withLevel)
    {
        var published = SmallBert(oldNorms: oldNorms);
        var named = withLevel ? published
            : published.ConvertAll(t => t.WithName(t.Name.Replace("bert.", "", StringComparison.Ordinal)));
        using AlbefModel model = Fresh(), fresh = Fresh();
        var report = PretrainedEncoder.Bert.Load(model, named);
        var expected = new Dictionary<string, double[]>(StringComparer.Ordinal);
        foreach (var tensor in published)
            expected["text_encoder." + tensor.Name
                .Replace("LayerNorm.gamma", "LayerNorm.weight", StringComparison.Ordinal)
                .Replace("LayerNorm.beta", "LayerNorm.bias", StringComparison.Ordinal)] = tensor.ToF64();
        var taken = 0;
        foreach (var entry in model.StateEntries.Where(
            e => e.Parameter.Integers is null && !e.IsAlias && !Copies(e.Name)))
        {
            if (expected.TryGetValue(entry.Name, out var values)) taken++;
            else values = Value(fresh, entry.Name);
            Assert.That(entry.Parameter.Value.ToDoubles(), Is.EqualTo(values), entry.Name);
        }
        // 4 layers of 16 tensors, 5 embeddings, 5 of the head.
        Assert.That(taken, Is.EqualTo(4 * 16 + 5 + 5));
        Assert.Multiple(() =>
        {
            Assert.That(report.Missing, Has.Count.EqualTo(2 * 10).And.All.Contains(".crossattention."));
            Assert.That(report.Unexpected, Is.Empty, "pooler and next sentence are no surprise");
            Assert.That(Value(model, "text_encoder_m.bert.encoder.layer.3.output.dense.weight"),
                Is.EqualTo(Value(model, $"{Layer}3.output.dense.weight")), "the copies begin with the same");
        });
    }

    [Test]
    public void Deit_fills_the_image_encoder_and_its_positions_are_interpolated()
    {
        // A grid of 3 becomes one of 2.
        var published = EncoderFiles.DeiT(8, 16, 2, 4, grid: 3);
        using AlbefModel model = Fresh(), fresh = Fresh();
        var report = PretrainedEncoder.VisionTransformer.Load(model, published);
        foreach (var tensor in published.Where(t => t.Name != "pos_embed" && !t.Name.StartsWith("head.")))
            Assert.That(Value(model, "visual_encoder." + tensor.Name), Is.EqualTo(tensor.ToF64()), tensor.Name);
        double[] old = published.Single(t => t.Name == "pos_embed").ToF64(),
            positions = Value(model, "visual_encoder.pos_embed");
        Closeness.AreClose("pos_embed", positions, Interpolate(old, 3, 2, 8), 1e-14);
        Assert.Multiple(() =>
        {
            Assert.That(report.Missing, Is.Empty);
            Assert.That(report.Unexpected, Is.Empty, "the classifier is no surprise");
            Assert.That(report.Reshaped, Is.EqualTo(new[] { "visual_encoder.pos_embed" }));
            Assert.That(Value(model, "visual_encoder_m.pos_embed"), Is.EqualTo(positions));
            Assert.That(Value(model, $"{Layer}0.output.dense.weight"),
                Is.EqualTo(Value(fresh, $"{Layer}0.output.dense.weight")), "the text encoder is left alone");
        });
    }

    [Test]
    public void Words_that_a_model_adds_to_berts_keep_their_fresh_weights()
    {
        // BLIP has two words more, and neither token types nor a head of masked words.
        var config = new BlipConfig
        {
            Vision = SmallModel.Config.Vision,
            Text = BlipConfig.EncoderOf(SmallModel.Config.Text),
            EncId = 19,
            EmbedDim = 4,
            QueueSize = 8,
            AmcLayer = 1,
        };
        using BlipModel model = Create(), fresh = Create();
        var published = SmallBert(words: 18);
        var report = PretrainedEncoder.Bert.Load(model, published);
        const string words = "text_encoder.embeddings.word_embeddings.weight";
        Assert.Multiple(() =>
        {
            Assert.That(Value(model, words)[..(18 * 8)], Is.EqualTo(published[0].ToF64()));
            Assert.That(Value(model, words)[(18 * 8)..], Is.EqualTo(Value(fresh, words)[(18 * 8)..]));
            Assert.That(report.Reshaped, Is.EqualTo(new[] { words }));
            Assert.That(report.Unexpected, Is.Empty);
        });

        BlipModel Create() => BlipModel.Create(config, _backend, DType.F64, seed: 3);
    }

    [Test]
    public void A_deeper_encoder_is_noticed()
    {
        using var model = Fresh();
        var report = PretrainedEncoder.Bert.Load(model, EncoderFiles.Bert(8, 16, 5, 20, 10));
        Assert.That(report.OtherLayers, Has.Count.EqualTo(16).And.All.Contains(".layer.4."));
    }

    [Test]
    public void What_does_not_fit_is_refused_in_one_line()
    {
        using var model = Fresh();
        Refused(() => PretrainedEncoder.Bert.Load(model, SmallBert(words: 21)), "word_embeddings.weight' is [21, 8]",
            "[20, 8]");
        Refused(() => PretrainedEncoder.Bert.Load(model, EncoderFiles.DeiT(8, 16, 2, 4, 2)), "text_encoder",
            "another model");
        Refused(() => PretrainedEncoder.VisionTransformer.Load(model, SmallBert()), "visual_encoder",
            "another model");
        var broken = SmallBert();
        broken[3] = TensorData.From(broken[3].Name, broken[3].Shape, Enumerable.Repeat(float.NaN, 8).ToArray());
        Refused(() => PretrainedEncoder.Bert.Load(model, broken), "8 numbers", "NaN");
        var clip = new ClipModel(new ClipConfig());
        Refused(() => PretrainedEncoder.Bert.Load(clip, SmallBert()), "no text_encoder");

        static void Refused(Action load, params string[] parts)
        {
            var message = Assert.Throws<ModelException>(load)!.Message;
            Assert.That(message, Does.Not.Contain("\n"));
            foreach (var part in parts) Assert.That(message, Does.Contain(part));
        }
    }

    private static bool Copies(string name) => name.Contains("_m.", StringComparison.Ordinal);

    private static List<TensorData> SmallBert(int words = 20, bool oldNorms = true) =>
        EncoderFiles.Bert(8, 16, 4, words, 10, oldNorms);

    private AlbefModel Fresh() => AlbefModel.Create(SmallModel.Config, _backend, DType.F64, seed: 3);

    private static double[] Value(IVisionLanguageModel model, string name) =>
        model.StateEntries.Single(e => e.Name == name).Parameter.Value.ToDoubles();

    // The rule of specification 1 by its words: Keys' kernel with A = −0.75, four taps with clamped indices.
    private static double[] Interpolate(double[] old, int o, int n, int width)
    {
        static double Keys(double x)
        {
            const double a = -0.75;
            x = Math.Abs(x);
            return x <= 1 ? ((a + 2) * x - (a + 3)) * x * x + 1 : x < 2 ? ((a * x - 5 * a) * x + 8 * a) * x - 4 * a : 0;
        }

        List<double> result = [.. old[..width]];
        for (var y = 0; y < n; y++)
        {
            for (var x = 0; x < n; x++)
            {
                double v = (y + 0.5) * o / n - 0.5, u = (x + 0.5) * o / n - 0.5;
                for (var d = 0; d < width; d++)
                {
                    var sum = 0.0;
                    for (var i = (int)Math.Floor(v) - 1; i <= (int)Math.Floor(v) + 2; i++)
                    {
                        for (var j = (int)Math.Floor(u) - 1; j <= (int)Math.Floor(u) + 2; j++)
                        {
                            int row = Math.Clamp(i, 0, o - 1), column = Math.Clamp(j, 0, o - 1);
                            sum += Keys(v - i) * Keys(u - j) * old[(1 + row * o + column) * width + d];
                        }
                    }
                    result.Add(sum);
                }
            }
        }
        return [.. result];
    }
}
