using AmcEngine.Amc.Explanation;
using AmcEngine.Amc.Objective;
using AmcEngine.Autograd;
using AmcEngine.Backends;
using AmcEngine.Backends.Cpu;
using AmcEngine.Memory;
using AmcEngine.Model;
using AmcEngine.Model.Checkpoints;
using AmcEngine.Model.Clip;
using AmcEngine.Model.Layers;
using AmcEngine.Model.Tokenization;
using AmcEngine.Model.Vision;
using AmcEngine.Ops;
using AmcEngine.Serialization;
using AmcEngine.Tensors;
using AmcEngine.Tests.Engine;
using NUnit.Framework;

namespace AmcEngine.Tests.Model.Clip;

[TestFixture]
public sealed class ClipModelTests
{
    // Widths that no vector fills, and a hooked block that is not the last.
    private static readonly ClipConfig Config = new()
    {
        Vision = new VisionConfig
        {
            ImageRes = 9,
            PatchSize = 3,
            Width = 15,
            Depth = 3,
            Heads = 3,
            NormEps = ClipConfig.NormEps
        },
        TextWidth = 10,
        TextHeads = 2,
        TextLayers = 2,
        Context = 7,
        VocabSize = 23,
        EmbedDim = 6,
        AmcLayer = 1,
    };

    private CpuBackend _backend = null!;

    [SetUp]
    public void Start() => _backend = new CpuBackend(2);

    [TearDown]
    public void Stop() => _backend.Dispose();

    [TestCase(0)]
    [TestCase(1)]
    [TestCase(2)]
    public void The_gradient_of_the_objective_agrees_with_differences(int layer)
    {
        using var model = Create(Config with { AmcLayer = layer });
        DirectionalCheck.Agrees(model, () => Loss(model), seed: 4, step: 1e-6, allowed: 2e-8);
    }

    /// <summary>
    /// Only the class row is materialised; it is the first row of the whole map, and nothing else changes.
    /// </summary>
    [TestCase(0)]
    [TestCase(2)]
    public void The_hooked_row_is_that_of_the_whole_map(int layer)
    {
        using var model = Create(Config);
        using var scope = MemoryScope.Begin();
        var image = Batch(model).Image;
        var plain = model.Vision.Forward(image, ForwardContext.Evaluation).ToDoubles();
        AttentionHook row = new(AttentionKind.Vision, layer) { FirstRowOnly = true },
            whole = new(AttentionKind.Vision, layer);
        Closeness.AreClose(
            "features with a row", model.Vision.Forward(image, new ForwardContext(null, row)), plain, 1e-14);
        Closeness.AreClose(
            "features with a map", model.Vision.Forward(image, new ForwardContext(null, whole)), plain, 1e-14);
        Assert.That(row.Map!.Shape, Is.EqualTo(new Shape(4, 3, 1, 10)));
        Closeness.AreClose("map", row.Map, whole.Map!.Slice(2, 0, 1).ToDoubles(), 1e-14);
    }

    [Test]
    public void A_token_sees_itself_and_those_before_it()
    {
        using var model = Create(Config);
        using var scope = MemoryScope.Begin();
        var text = new TokenBatch([21, 3, 4, 22, 0, 0, 0], [1, 1, 1, 1, 0, 0, 0], 1, 7);
        var feature = Feature(text);
        Assert.That(Feature(text with { Ids = [21, 3, 4, 22, 9, 8, 7] }), Is.EqualTo(feature),
            "what follows the end does not matter");
        Closeness.AreClose(
            "a shorter batch", Feature(new TokenBatch([21, 3, 4, 22], [1, 1, 1, 1], 1, 4)), feature, 1e-14);
        Assert.That(Feature(text with { Ids = [21, 4, 3, 22, 0, 0, 0] }), Is.Not.EqualTo(feature), "order matters");
        Assert.That(Feature(text with { Ids = [21, 3, 22, 4, 0, 0, 0] }), Is.Not.EqualTo(feature),
            "the row of the largest id is read");
        Assert.That(() => model.TextFeature(new TokenBatch(new int[8], new int[8], 1, 8), ForwardContext.Evaluation),
            Throws.TypeOf<ModelException>().With.Message.Contains("7 positions"));

        double[] Feature(TokenBatch batch) => model.TextFeature(batch, ForwardContext.Evaluation).ToDoubles();
    }

    [Test]
    public void Each_pair_is_explained_by_itself_and_a_picture_serves_several_texts()
    {
        using var model = Create(Config);
        using var scope = MemoryScope.Begin();
        var batch = Batch(model);
        var (cam, _) = model.Explain(batch);
        var grounder = model.Grounder(new GroundingSettings());
        var images = grounder.EncodeImages(batch.Image.Slice(0, 1, 2)).Select(Tensor.From([0, 0, 0, 0], [4], _backend));
        var repeated = GradCam.Explain(grounder.Ground(images, grounder.EncodeTexts(batch.Text)));
        Closeness.AreClose("second pair", repeated.Slice(0, 1, 2), cam.Slice(0, 1, 2).ToDoubles(), 1e-12);
        Assert.That(repeated.ToDoubles(), Is.Not.EqualTo(cam.ToDoubles()).Within(1e-6 * cam.ToDoubles().Max()));
        Closeness.AreClose(
            "training's map", GradCam.Explain(model.Forward(batch, new StepOptions(0, new RandomSource(1))).Grounding!),
            cam.ToDoubles(), 1e-12);
    }

    [Test]
    public void What_the_model_cannot_do_is_refused()
    {
        using var model = Create(Config);
        using var scope = MemoryScope.Begin();
        Assert.Multiple(() =>
        {
            Assert.That(() => model.Grounder(new GroundingSettings(GroundingMode.Itm)),
                Throws.TypeOf<ModelException>().With.Message.Contains("itc"));
            Assert.That(() => model.Grounder(new GroundingSettings(Layer: 3)),
                Throws.TypeOf<ModelException>().With.Message.Contains("0..2"));
            Assert.That(() => (Config with { AmcLayer = 3 }).Validate(),
                Throws.TypeOf<ModelException>().With.Message.Contains("0..2"));
            Assert.That(() => (Config with { TextHeads = 3 }).Validate(),
                Throws.TypeOf<ModelException>().With.Message.Contains("divisible"));
            Assert.That(
                () => model.Forward(new PairBatch(Batch(model).Image.Slice(0, 0, 1),
                    new TokenBatch([21, 22], [1, 1], 1, 2)), new StepOptions(0, new RandomSource(1))),
                Throws.TypeOf<ModelException>().With.Message.Contains("batch of 1"));
        });
    }

    [Test]
    public void The_scale_stays_at_100_or_below()
    {
        using var model = Create(Config);
        model.LogitScale.Value.Load<double>([7]);
        model.Constrain();
        Closeness.Near("scale", Math.Exp(model.LogitScale.Value.Item()), 100, 1e-12);
        model.LogitScale.Value.Load<double>([2]);
        model.Constrain();
        Assert.That(model.LogitScale.Value.Item(), Is.EqualTo(2));
    }

    [Test]
    public void Hugging_Faces_names_load_to_the_same_weights([Values("", "module.")] string prefix)
    {
        using var model = Create(Config);
        var stored = StateDict.Export(model);
        using var target = ClipModel.Create(Config, _backend, DType.F64, seed: 99);
        var report = StateDict.Load(target, [.. HuggingFace(stored).Select(t => t.WithName(prefix + t.Name))]);
        Assert.Multiple(() =>
        {
            Assert.That(report.Missing, Is.Empty);
            Assert.That(report.Unexpected, Is.Empty);
            foreach (var (mine, theirs) in target.Parameters.Zip(model.Parameters))
                Assert.That(mine.Value.ToDoubles(), Is.EqualTo(theirs.Value.ToDoubles()), mine.Name);
        });
    }

    [Test]
    public void Towers_of_timm_are_refused_by_name()
    {
        using var model = Create(Config);
        Assert.That(
            () => StateDict.Load(model, [TensorData.From("visual.trunk.blocks.0.norm1.weight", [1], [1f])]),
            Throws.TypeOf<ModelException>().With.Message.Contains("visual.trunk").And.Message.Contains("timm"));
    }

    [Test]
    public void Positions_of_another_picture_size_are_resized()
    {
        using var model = Create(Config);
        using var larger = ClipModel.Create(
            Config with { Vision = Config.Vision with { ImageRes = 12 } }, _backend, DType.F64);
        var report = StateDict.Load(larger, StateDict.Export(model));
        Assert.That(report.Reshaped, Is.EqualTo(new[] { "visual.positional_embedding" }));
        Assert.That(larger.Parameters.Single(p => p.Name == "visual.positional_embedding").Value.ToDoubles()[..15],
            Is.EqualTo(model.Parameters.Single(p => p.Name == "visual.positional_embedding").Value.ToDoubles()[..15]),
            "the class row stays");
    }

    private static Tensor Loss(ClipModel model)
    {
        var output = model.Forward(Batch(model), new StepOptions(0, new RandomSource(1)));
        var mask = new double[4 * 81];
        for (var i = 0; i < mask.Length; i++)
            if (i % 9 < 4 && i / 9 % 9 > 3) mask[i] = 1;
        return output.Total().Add(new AmcObjective().Compute(
            new(output.Grounding!, Tensor.From(mask, [4, 9, 9], model.Backend), [true, true, false, true])).Loss);
    }

    private ClipModel Create(ClipConfig config) =>
        ClipModel.Create(config, _backend, DType.F64, seed: 7).WithLargeWeights();

    private static PairBatch Batch(ClipModel model)
    {
        var image = Tensor.Empty([4, 3, 9, 9], DType.F64, model.Backend).FillUniform(
            -1.5, 1.5, new RandomSource(5).NextKey());
        int[] ids = [21, 3, 4, 22, 0, 0, 21, 7, 22, 0, 0, 0, 21, 5, 6, 9, 8, 22, 21, 11, 12, 22, 0, 0];
        return new PairBatch(image, new TokenBatch(ids, [.. ids.Select(i => i == 0 ? 0 : 1)], 4, 6));
    }

    // The same weights as Hugging Face's library stores them, written down here a second time.
    private static IEnumerable<TensorData> HuggingFace(IReadOnlyList<TensorData> official)
    {
        foreach (var t in official)
        {
            var name = t.Name switch
            {
                "token_embedding.weight" => "text_model.embeddings.token_embedding.weight",
                "positional_embedding" => "text_model.embeddings.position_embedding.weight",
                "visual.class_embedding" => "vision_model.embeddings.class_embedding",
                "visual.conv1.weight" => "vision_model.embeddings.patch_embedding.weight",
                "visual.positional_embedding" => "vision_model.embeddings.position_embedding.weight",
                _ => t.Name.Replace("visual.ln_pre", "vision_model.pre_layrnorm", StringComparison.Ordinal).Replace(
                    "visual.ln_post", "vision_model.post_layernorm", StringComparison.Ordinal)
                    .Replace("ln_final", "text_model.final_layer_norm", StringComparison.Ordinal)
                    .Replace("visual.transformer.resblocks", "vision_model.encoder.layers", StringComparison.Ordinal)
                    .Replace("transformer.resblocks", "text_model.encoder.layers", StringComparison.Ordinal)
                    .Replace("ln_1", "layer_norm1", StringComparison.Ordinal)
                    .Replace("ln_2", "layer_norm2", StringComparison.Ordinal)
                    .Replace("mlp.c_fc", "mlp.fc1", StringComparison.Ordinal)
                    .Replace("mlp.c_proj", "mlp.fc2", StringComparison.Ordinal)
                    .Replace("attn.out_proj", "self_attn.out_proj", StringComparison.Ordinal),
            };
            if (t.Name is "visual.proj" or "text_projection")
            {
                var values = t.ToF64();
                var (rows, columns) = ((int)t.Shape[0], (int)t.Shape[1]);
                yield return TensorData.From(
                    t.Name == "visual.proj" ? "visual_projection.weight" : "text_projection.weight", [columns, rows],
                    [.. Enumerable.Range(0, values.Length).Select(i => values[i % rows * columns + i / rows])]);
            }
            else if (name.Contains("attn.in_proj_", StringComparison.Ordinal))
            {
                var values = t.ToF64();
                var third = values.Length / 3;
                for (var k = 0; k < 3; k++)
                {
                    yield return TensorData.From(
                        name.Replace("attn.in_proj_", $"self_attn.{"qkv"[k]}_proj.", StringComparison.Ordinal),
                        [t.Shape[0] / 3, .. t.Shape.Skip(1)], values[(k * third)..((k + 1) * third)]);
                }
            }
            else yield return t.WithName(name);
        }
        yield return TensorData.From("text_model.embeddings.position_ids", [1, 2], [0L, 1]);
    }
}
