using AmcEngine.Amc.Configuration;
using AmcEngine.Amc.Evaluation.Explainers;
using AmcEngine.Amc.Evaluation.Protocols;
using AmcEngine.Amc.Explanation.Methods;
using AmcEngine.Amc.Maps;
using AmcEngine.Amc.Objective;
using AmcEngine.Backends;
using AmcEngine.Backends.Cpu;
using AmcEngine.DataTools;
using AmcEngine.Memory;
using AmcEngine.Model;
using AmcEngine.Model.Albef;
using AmcEngine.Model.Contrastive;
using AmcEngine.Model.Modules;
using AmcEngine.Model.Text;
using AmcEngine.Model.Tokenization;
using AmcEngine.Model.Vision;
using AmcEngine.Ops;
using AmcEngine.Tensors;
using AmcEngine.Tests.Cli;
using AmcEngine.Tests.DataTools;
using AmcEngine.Tests.Engine;
using AmcEngine.Tests.Model;
using NUnit.Framework;

namespace AmcEngine.Tests.Amc.Evaluation.Explainers;

[TestFixture]
internal sealed class ExplainerTests
{
    private static readonly string[] Phrases = ["red", "red round big", "big round"];

    private CpuBackend _backend = null!;

    [SetUp]
    public void Start() => _backend = new CpuBackend(2);

    [TearDown]
    public void Stop() => _backend.Dispose();

    /// <summary>
    /// The path from a picture file to the map, for both values of eval_resize, against a resize in doubles and the
    /// recipe's constants written down here. The pictures are noise, three times as large: the two ways differ widely.
    /// </summary>
    [TestCase("bilinear")]
    [TestCase("bicubic")]
    public void The_map_is_that_of_the_picture_resized_as_configured(string rule)
    {
        using var folder = new TempFolder();
        var config = RunConfig.Load(folder.Write("c.yaml", Amcx.TinyConfig + $"eval_resize: {rule}\n"));
        using var model = SmallModel.Create(_backend, DType.F32);
        var tokenizer = Tokenizer();
        var explainer = new Explainer(model, tokenizer, EvaluationSettings.Resize(config));
        RgbImage[] pictures = [.. Enumerable.Range(0, 3).Select(i => Noise(25 - 2 * i, 31 + i, i))];
        PhraseInPicture[] batch = [.. pictures.Select(
            (p, i) => new PhraseInPicture(PictureViews.Of(p, [explainer.Input]).Images[0], Phrases[i]))];
        float[][] maps = [.. explainer.Explain(batch).Select(a => a.Map.Values)];
        var same = Distance(maps, Oracle(model, tokenizer, pictures, rule == "bicubic"));
        var other = Distance(maps, Oracle(model, tokenizer, pictures, rule != "bicubic"));
        TestContext.Out.WriteLine($"{rule}: {same:g3} from its oracle, {other:g3} from the other");
        // One level of 255 in eight bits is what the rounding of the passes may cost.
        Closeness.Within(rule, same, 0.02);
        Assert.That(other, Is.GreaterThan(0.1));
    }

    /// <summary>
    /// Beside the square in the middle the picture is another one: where only that square is seen, by every method,
    /// maps do not change with it, and the point lies within it.
    /// </summary>
    [Test]
    public void With_eval_crop_the_square_in_the_middle_is_seen_and_pointed_into(
        [Values("gradcam", "attention")] string method)
    {
        using var folder = new TempFolder();
        var config = RunConfig.Load(folder.Write("c.yaml", Amcx.TinyConfig + "eval_crop: crop\n"));
        using var model = SmallModel.Create(_backend, DType.F32);
        var explained = new ExplainedModel(model, Tokenizer(), EvaluationSettings.Resize(config));
        var whole = ExplainerChoice.Create(explained, ExplainerChoice.Find(method, new RiseOptions()));
        var crop = ExplainerChoice.Create(
            explained with { Crop = EvaluationSettings.Crop(config) }, ExplainerChoice.Find(method, new RiseOptions()));
        // 24×8 pixels of a model of 8: columns 8 to 15 are seen as they are.
        RgbImage picture = Noise(24, 8, 1), beside = Noise(24, 8, 2);
        for (var y = 0; y < 8; y++)
            picture.Pixels.AsSpan((y * 24 + 8) * 3, 24).CopyTo(beside.Pixels.AsSpan((y * 24 + 8) * 3));
        PatchMap Map(IExplainer explainer, RgbImage seen) =>
            explainer.Explain([new(PictureViews.Of(seen, [explainer.Input]).Images[0], Phrases[1])])[0].Map;
        Assert.That(Map(crop, picture).Values, Is.EqualTo(Map(crop, beside).Values));
        Assert.That(Map(whole, picture).Values, Is.Not.EqualTo(Map(whole, beside).Values));
        Assert.That(Map(crop, picture).Peak(24, 8)!.Value.X, Is.InRange(8, 15));
        Assert.That(Map(whole, picture).Crop, Is.Null);
        Assert.That(EvaluationSettings.Protocol(config, ExplainerChoice.Default, ProtocolRegistry.Find("reference")),
            Does.Contain("32 pixels bicubic, centre crop"));
    }

    /// <summary>
    /// Pictures of the model's size are not resized, so that nothing is rounded: other constants show, however near.
    /// </summary>
    [Test]
    public void The_model_sees_pictures_normalised_by_the_recipes_constants()
    {
        using var model = SmallModel.Create(_backend, DType.F32);
        var tokenizer = Tokenizer();
        RgbImage[] pictures = [.. Enumerable.Range(0, 3).Select(i => Noise(8, 8, i))];
        PhraseInPicture[] batch = [.. pictures.Select((p, i) => new PhraseInPicture(p, Phrases[i]))];
        float[][] maps =
            [.. new Explainer(model, tokenizer, Resampling.Bilinear).Explain(batch).Select(a => a.Map.Values)];
        Closeness.Within("maps", Distance(maps, Oracle(model, tokenizer, pictures, bicubic: false)), 5e-6);
    }

    [Test]
    public void Each_of_a_batch_gets_its_own_map_and_score()
    {
        using var model = SmallModel.Create(_backend, DType.F32);
        var explainer = new Explainer(model, Tokenizer(), Resampling.Bilinear);
        PhraseInPicture[] batch =
            [.. Enumerable.Range(0, 3).Select(i => new PhraseInPicture(Noise(8, 8, i), Phrases[i]))];
        var together = explainer.Explain(batch);
        for (var i = 0; i < batch.Length; i++)
        {
            var alone = explainer.Explain([batch[i]])[0];
            // Padding changes the divisor of the map, 1/L, and nothing else.
            double ratio = together[i].Map.Values.Max() / alone.Map.Values.Max();
            Closeness.AreClose("map", [.. together[i].Map.Values.Select(v => v / ratio)],
                [.. alone.Map.Values.Select(v => (double)v)], 1e-6);
            Closeness.Near("ratio", ratio, (Phrases[i].Split(' ').Length + 1) / 4.0, 1e-6);
            Closeness.Near("score", together[i].Score, alone.Score, 1e-6);
        }
        Assert.That(together.Select(a => a.Score).Distinct().Count(), Is.EqualTo(3));
    }

    /// <summary>
    /// What is shown is what is trained: the raw map of the objective, without dropout, at each layer that can be
    /// hooked.
    /// </summary>
    [TestCase(2)]
    [TestCase(3)]
    public void The_explanation_is_the_raw_map_that_training_sees(int layer)
    {
        var config = SmallModel.Config with
        {
            Text = SmallModel.Config.Text with { HiddenDropout = 0, AttentionDropout = 0 },
            AmcLayer = layer
        };
        using var model = SmallModel.Create(_backend, config: config);
        using var scope = MemoryScope.Begin();
        var batch = SmallModel.Batch(model);
        var step = model.Forward(batch, new StepOptions(0.4, new RandomSource(21)));
        var trained = new AmcObjective().Compute(
            new(step.Grounding!, Tensor.Zeros([3, 8, 8], DType.F64, _backend), [true, true, true])).RawCam!.ToDoubles();
        var explained = model.Explain(batch);
        Assert.Multiple(() =>
        {
            Closeness.AreClose("map", explained.Cam, trained, 2e-15);
            Closeness.AreClose("score", explained.Score, step.MatchLogits.Slice(1, 1, 2).Reshape(3).ToDoubles(), 2e-15);
            Assert.That(trained.Max(), Is.GreaterThan(0));
            Assert.That(model.Explain(batch, layer == 2 ? 3 : 2).Cam.ToDoubles(),
                Is.Not.EqualTo(trained).Within(1e-3 * trained.Max()), "the layers differ");
        });
    }

    /// <summary>
    /// With the rows of the match head exchanged, the logit of "no match" would be explained where "match" is.
    /// </summary>
    [Test]
    public void The_logit_of_a_match_is_explained()
    {
        using var model = SmallModel.Create(_backend);
        var batch = SmallModel.Batch(model);
        var before = model.Explain(batch).Cam.ToDoubles();
        var weight = model.Trainable.Single(p => p.Name == "itm_head.weight");
        var rows = weight.Value.ToDoubles();
        var width = rows.Length / 2;
        // The "no match" row is of no account; the "match" row is.
        weight.Value.Load<double>([.. rows[..width].Select(v => -3 * v), .. rows[width..]]);
        Closeness.AreClose("map without the row", model.Explain(batch).Cam, before, 2e-15);
        weight.Value.Load<double>([.. rows[..width], .. rows[width..].Select(v => 2 * v)]);
        Closeness.AreClose("map of the doubled row", model.Explain(batch).Cam, [.. before.Select(v => 2 * v)], 2e-15);
    }

    [TestCase(30f, 1)]
    [TestCase(-30f, 0)]
    public void The_score_is_the_probability_of_a_match(float bias, double expected)
    {
        using var model = SmallModel.Create(_backend, DType.F32);
        model.Trainable.Single(p => p.Name == "itm_head.bias").Value.Load<float>([0, bias]);
        var score = new Explainer(model, Tokenizer(), Resampling.Bilinear)
            .Explain([new PhraseInPicture(Noise(8, 8, 0), Phrases[0])])[0].Score;
        Closeness.Near("score", score, expected, 1e-12);
    }

    private static float[][] Oracle(AlbefModel model, WordPieceTokenizer tokenizer, RgbImage[] pictures, bool bicubic)
    {
        double[] mean = [0.48145466, 0.4578275, 0.40821073], deviation = [0.26862954, 0.26130258, 0.27577711];
        const int side = 8;
        var input = new float[pictures.Length * 3 * side * side];
        for (var p = 0; p < pictures.Length; p++)
        {
            for (var c = 0; c < 3; c++)
            {
                for (var y = 0; y < side; y++)
                {
                    for (var x = 0; x < side; x++)
                        input[((p * 3 + c) * side + y) * side + x] =
                            (float)((Pixel(pictures[p], c, x, y, side, bicubic) / 255 - mean[c]) / deviation[c]);
                }
            }
        }
        var text = tokenizer.EncodeBatch(Phrases, model.Config.Text.MaxPositions);
        var cam = model.Explain(new PairBatch(
            Tensor.From(input, [pictures.Length, 3, side, side], model.Backend), text)).Cam.ToArray<float>();
        return [.. cam.Chunk(model.Config.Vision.Grid * model.Config.Vision.Grid)];
    }

    // A resized pixel as the weighted mean of all pixels of the source.
    private static double Pixel(RgbImage picture, int channel, int x, int y, int side, bool bicubic)
    {
        double sum = 0, total = 0;
        for (var sy = 0; sy < picture.Height; sy++)
        {
            for (var sx = 0; sx < picture.Width; sx++)
            {
                var weight = Weight(x, sx, picture.Width, side, bicubic) * Weight(y, sy, picture.Height, side, bicubic);
                sum += weight * picture.Pixels[(sy * picture.Width + sx) * 3 + channel];
                total += weight;
            }
        }
        return Math.Clamp(sum / total, 0, 255);
    }

    // Bicubic widens with the scale (a = −0.5); bilinear looks at the two nearest pixels only.
    private static double Weight(int target, int source, int size, int newSize, bool bicubic)
    {
        var scale = (double)size / newSize;
        var distance = Math.Abs(source + 0.5 - (target + 0.5) * scale);
        if (!bicubic)
            return Math.Max(0, 1 - distance);
        var t = distance / scale;
        return t < 1 ? (1.5 * t - 2.5) * t * t + 1 : t < 2 ? ((-0.5 * t + 2.5) * t - 4) * t + 2 : 0;
    }

    private static double Distance(float[][] maps, float[][] others) =>
        maps.Zip(others).Max(m => m.First.Zip(m.Second).Max(v => Math.Abs(v.First - v.Second)) / m.Second.Max());

    private static RgbImage Noise(int width, int height, int seed)
    {
        var pixels = new byte[width * height * 3];
        new Random(seed).NextBytes(pixels);
        return new RgbImage(width, height, pixels);
    }

    private static WordPieceTokenizer Tokenizer() =>
        WordPieceTokenizer.FromVocab(["[PAD]", "[CLS]", "[MASK]", "[SEP]", "[UNK]", "red", "round", "big",
            .. Enumerable.Range(8, 12).Select(i => $"w{i}")]);
}
