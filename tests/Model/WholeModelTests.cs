using AmcEngine.Backends.Cpu;
using AmcEngine.Memory;
using AmcEngine.Model;
using AmcEngine.Model.Albef;
using AmcEngine.Model.Checkpoints;
using AmcEngine.Model.Modules;
using AmcEngine.Serialization;
using AmcEngine.Tensors;
using NUnit.Framework;

namespace AmcEngine.Tests.Model;

/// <summary>What a load report says of checkpoints that are wrapped, incomplete, or not finite.</summary>
[TestFixture]
public sealed class WholeModelTests
{
    private const string CrossQuery = "text_encoder.bert.encoder.layer.2.crossattention.self.query.weight";

    private CpuBackend _backend = null!;
    private AlbefModel _source = null!;
    private IReadOnlyList<TensorData> _whole = [];

    [OneTimeSetUp]
    public void Start()
    {
        _backend = new CpuBackend(2);
        _source = SmallModel.Create(_backend, DType.F32);
        _whole = StateDict.Export(_source);
    }

    [OneTimeTearDown]
    public void Stop()
    {
        _source.Dispose();
        _backend.Dispose();
    }

    [TestCase("")]
    [TestCase("module.")]
    [TestCase("_orig_mod.")]
    [TestCase("_orig_mod.module.")]
    [TestCase("module._orig_mod.")]
    [TestCase("model.")]
    [TestCase("net.module.model.")]
    public void Prefixes_of_wrappers_are_taken_off_and_said(string prefix)
    {
        using var model = Fresh();
        var report = StateDict.Load(model, [.. _whole.Select(t => t.WithName(prefix + t.Name))]);
        Assert.Multiple(() =>
        {
            Assert.That(report.Prefix, Is.EqualTo(prefix));
            Assert.That(report.Missing, Is.Empty);
            Assert.That(report.Unexpected, Is.Empty);
            Assert.That(Numbers(model, CrossQuery), Is.EqualTo(Numbers(_source, CrossQuery)));
            Assert.That(report.ToString().Contains($"'{prefix}' taken off", StringComparison.Ordinal),
                Is.EqualTo(prefix.Length > 0));
        });
    }

    [Test]
    public void Most_names_decide_on_the_prefix()
    {
        using var model = Fresh();
        var stray = new float[8];
        TensorData[] few = [.. _whole, TensorData.From("module.visual_encoder.norm.bias", [8], stray)];
        var report = StateDict.Load(model, few);
        Assert.That((report.Prefix, report.Unexpected.Single()), Is.EqualTo(("", "module.visual_encoder.norm.bias")));

        TensorData[] most = [.. _whole.Select(t => t.WithName("module." + t.Name)),
            TensorData.From("visual_encoder.norm.bias", [8], stray)];
        Assert.That(StateDict.Load(model, most).Prefix, Is.EqualTo("module."));
        Assert.That(Numbers(model, "visual_encoder.norm.bias"),
            Is.EqualTo(Numbers(_source, "visual_encoder.norm.bias")), "the one with the prefix wins");
    }

    [TestCase(float.NaN)]
    [TestCase(float.PositiveInfinity)]
    [TestCase(float.NegativeInfinity)]
    public void Numbers_that_are_not_finite_are_refused_by_name_and_count(float bad)
    {
        using var model = Fresh();
        Assert.That(() => StateDict.Load(model, With(bad, (CrossQuery, 5))), Throws.TypeOf<ModelException>()
            .With.Message.Contains($"1 numbers in 1 tensors").And.Message.Contains($"{CrossQuery}: 1 of 64"));
        Assert.That(() => StateDict.Load(model, With(bad, (CrossQuery, 5), (CrossQuery, 63),
            ("visual_encoder.cls_token", 0), ("visual_encoder.pos_embed", 1))), Throws.TypeOf<ModelException>()
                .With.Message.Contains("4 numbers in 3 tensors").And.Message.Contains($"{CrossQuery}: 2 of 64")
                .And.Message.Contains("cls_token: 1 of 8"));
    }

    [Test]
    public void Queues_and_momentum_copies_must_be_finite_where_they_are_used()
    {
        foreach (var name in new[] { "image_queue", "visual_encoder_m.cls_token", "temp" })
        {
            var bad = With(float.NaN, (name, 0));
            using var training = AlbefModel.Create(SmallModel.Config, _backend);
            Assert.That(
                () => StateDict.Load(training, bad), Throws.TypeOf<ModelException>().With.Message.Contains(name));
            using var evaluation = Fresh();
            if (name != "temp") Assert.That(() => StateDict.Load(evaluation, bad), Throws.Nothing, name);
        }
    }

    [Test]
    public void Positions_that_are_resized_must_be_finite()
    {
        using var model = AlbefModel.Create(SmallModel.Config with
        {
            Vision = SmallModel.Config.Vision with { ImageRes = 12 }
        }, _backend, withMomentum: false);
        Assert.That(() => StateDict.Load(model, With(float.NaN, ("visual_encoder.pos_embed", 9))),
            Throws.TypeOf<ModelException>().With.Message.Contains("visual_encoder.pos_embed: 1 of 40"));
    }

    [Test]
    public void Doubles_that_overflow_in_the_models_type_are_not_finite_there()
    {
        var huge = new double[8];
        huge[3] = 1e300;
        TensorData[] tensors = [.. _whole.Where(t => t.Name != "visual_encoder.norm.bias"),
            TensorData.From("visual_encoder.norm.bias", [8], huge)];
        using var single = Fresh();
        Assert.That(() => StateDict.Load(single, tensors),
            Throws.TypeOf<ModelException>().With.Message.Contains("visual_encoder.norm.bias: 1 of 8"));
        using var wide = AlbefModel.Create(SmallModel.Config, _backend, DType.F64, withMomentum: false);
        Assert.That(() => StateDict.Load(wide, tensors), Throws.Nothing);
    }

    [TestCase("itm_head", "2 of ", "itm_head.weight, itm_head.bias")]
    [TestCase("crossattention", "20 of ", "crossattention.self.query.weight")]
    [TestCase("visual_encoder.", " of ", "visual_encoder.cls_token")]
    public void What_an_explanation_needs_and_the_file_lacks_is_named(string part, string count, string name)
    {
        using var model = Fresh();
        var report = StateDict.Load(model, [.. _whole.Where(t => !t.Name.Contains(part, StringComparison.Ordinal))]);
        Assert.That(report.Lacks(model.ExplanationWeights(new GroundingSettings())),
            Does.Contain(count).And.Contains(name).And.Not.Contains("_m."));
    }

    [Test]
    public void What_training_alone_needs_may_be_missing()
    {
        string[] unused = ["cls.predictions", "_proj", "_m.", "queue", "temp"];
        using var model = Fresh();
        var report = StateDict.Load(
            model, [.. _whole.Where(t => !unused.Any(u => t.Name.Contains(u, StringComparison.Ordinal)))]);
        Assert.That(report.Lacks(model.ExplanationWeights(new GroundingSettings())), Is.Null);
        Assert.That(report.Lacks(model.Trainable), Does.Contain("temp"), "a training is told of them");
    }

    [Test]
    public void An_explanation_depends_on_the_weights_that_are_said_to_matter_and_on_no_others()
    {
        using var model = Fresh();
        StateDict.Load(model, _whole);
        HashSet<Parameter> used = [.. model.ExplanationWeights(new GroundingSettings())];
        var wrong = new List<string>();
        foreach (var parameter in model.Parameters)
        {
            var before = parameter.Value.ToArray<float>();
            parameter.Value.Load<float>(Enumerable.Repeat(float.NaN, before.Length).ToArray());
            var matters = Explain(model).Any(float.IsNaN);
            parameter.Value.Load<float>(before);
            if (matters != used.Contains(parameter)) wrong.Add(parameter.Name);
        }
        Assert.That(wrong, Is.Empty);
        Assert.That(Explain(model), Has.None.NaN);
    }

    [Test]
    public void A_needed_tensor_of_another_kind_is_named_with_its_kind()
    {
        using var model = Fresh();
        var report = StateDict.Load(
            model, [.. _whole.Where(t => t.Name != CrossQuery).Select(t => t.WithName("module." + t.Name))],
            [new SkippedEntry("module." + CrossQuery.Replace("bert.", "", StringComparison.Ordinal), "a sparse tensor"),
                new SkippedEntry("extra", "a complex tensor")]);
        Assert.That(report.Lacks(model.ExplanationWeights(new GroundingSettings())),
            Does.Contain($"a sparse tensor in place of {CrossQuery}"));
        Assert.That(report.ToString(), Does.Contain("2 skipped").And.Contains("extra: a complex tensor"));
    }

    [TestCase(3, 2, "visual_encoder.blocks.2.")]
    [TestCase(2, 1, "text_encoder.bert.encoder.layer.1.crossattention.")]
    public void Layers_of_a_deeper_model_or_another_split_are_seen(int depth, int firstFusion, string name)
    {
        using var deeper = AlbefModel.Create(SmallModel.Config with
        {
            Vision = SmallModel.Config.Vision with { Depth = depth },
            Text = SmallModel.Config.Text with { FirstCrossLayer = firstFusion }
        }, _backend, withMomentum: false);
        using var model = Fresh();
        var report = StateDict.Load(model,
            [.. StateDict.Export(deeper), TensorData.From("text_encoder.bert.pooler.dense.bias", [1], new float[1])]);
        Assert.That(report.OtherLayers, Is.Not.Empty.And.All.StartsWith(name));
        Assert.That(
            report.Unexpected, Does.Contain("text_encoder.bert.pooler.dense.bias"), "unexpected, but of no layer");
    }

    private static float[] Explain(AlbefModel model)
    {
        using var scope = MemoryScope.Begin();
        var output = model.Explain(SmallModel.Batch(model));
        return [.. output.Score.ToArray<float>(), .. output.Cam.ToArray<float>()];
    }

    private AlbefModel Fresh() => AlbefModel.Create(SmallModel.Config, _backend, seed: 3, withMomentum: false);

    private static double[] Numbers(AlbefModel model, string name) =>
        model.StateEntries.Single(e => e.Name == name).Parameter.Value.ToDoubles();

    private TensorData[] With(float bad, params (string Name, int Index)[] places) =>
    [
        .. _whole.Select(t =>
        {
            var values = t.Type == TensorDataType.F32 ? t.ToF32() : [];
            foreach (var (name, index) in places)
                if (name == t.Name) values[index] = bad;
            return values.Length == 0 ? t : TensorData.From(t.Name, t.Shape, values);
        }),
    ];
}
