using AmcEngine.Backends.Cpu;
using AmcEngine.Model;
using AmcEngine.Model.Albef;
using AmcEngine.Model.Checkpoints;
using AmcEngine.Model.Modules;
using AmcEngine.Model.Text;
using AmcEngine.Model.Vision;
using AmcEngine.Serialization;
using AmcEngine.Tensors;
using AmcEngine.Tests.Engine.Serialization;
using NUnit.Framework;

namespace AmcEngine.Tests.Model;

[TestFixture]
public sealed class StateDictTests
{
    private CpuBackend _backend = null!;

    [OneTimeSetUp]
    public void Start() => _backend = new CpuBackend(2);

    [OneTimeTearDown]
    public void Stop() => _backend.Dispose();

    [Test]
    public void The_full_model_has_the_published_entries_and_counts_without_any_memory()
    {
        var model = new AlbefModel(new AlbefConfig());
        var trainable = model.Trainable.ToList();
        Assert.Multiple(() =>
        {
            Assert.That(model.StateEntries, Has.Count.EqualTo(845));
            Assert.That(trainable.Sum(p => (long)p.Shape.Count), Is.EqualTo(209_937_725));
            Assert.That(model.Parameters.Sum(p => (long)p.Shape.Count), Is.EqualTo(419_873_911));
            Assert.That(model.Vision.Parameters.Sum(p => (long)p.Shape.Count), Is.EqualTo(85_844_736));
            Assert.That(model.Text.Parameters.Sum(p => (long)p.Shape.Count), Is.EqualTo(123_697_722));
            Assert.That(trainable, Has.Count.EqualTo(419));
            Assert.That(trainable.Count(p => p.Shape.Rank == 1 || p.Name.EndsWith(".bias", StringComparison.Ordinal)),
                Is.EqualTo(264));
            Assert.That(model.StateEntries.Take(6).Select(e => e.Name), Is.EqualTo(
                new[] { "temp", "image_queue", "text_queue", "queue_ptr_img", "queue_ptr_txt",
                    "visual_encoder.cls_token" }));
        });
    }

    [Test]
    public void At_384_pixels_the_vision_encoder_has_more_positions() => Assert.That(
        new AlbefModel(new AlbefConfig
        {
            Vision = new VisionConfig { ImageRes = 384 }
        }).Vision.Parameters.Sum(p => (long)p.Shape.Count), Is.EqualTo(86_090_496));

    [TestCase("albef-tiny.pth")]
    [TestCase("albef-tiny-legacy.pth")]
    [Category("Golden")]
    public void Official_checkpoints_load_completely_and_export_in_their_order(string name)
    {
        using var checkpoint = TorchCheckpoint.Load(GoldenFiles.Require(name));
        using var model = AlbefModel.Create(Tiny, _backend);
        var report = StateDict.Load(model, checkpoint.Tensors);
        var exported = StateDict.Export(model);
        Assert.Multiple(() =>
        {
            Assert.That(report.Missing, Is.Empty);
            Assert.That(report.Unexpected, Is.Empty);
            Assert.That(report.Reshaped, Is.Empty);
            Assert.That(exported.Select(t => t.ToString()), Is.EqualTo(checkpoint.Tensors.Select(t => t.ToString())));
            Assert.That(
                exported.Zip(checkpoint.Tensors).All(p => p.First.Bytes.Span.SequenceEqual(p.Second.Bytes.Span)));
        });
    }

    [Test]
    public void Names_without_bert_and_a_single_queue_pointer_are_understood()
    {
        using var source = SmallModel.Create(_backend);
        using var target = SmallModel.Create(_backend);
        var pointer = TensorData.From("queue_ptr", [1], new[] { 4L });
        TensorData[] stored =
            [.. StateDict.Export(source).Where(t => !t.Name.StartsWith("queue_ptr", StringComparison.Ordinal))
                .Select(t => t.WithName(t.Name.Replace("bert.", "", StringComparison.Ordinal))), pointer];
        var report = StateDict.Load(target, stored);
        Assert.That(report.Missing, Is.Empty);
        Assert.That(report.Unexpected, Is.Empty);
        Assert.That(
            target.StateEntries.Single(e => e.Name == "queue_ptr_txt").Parameter.Integers, Is.EqualTo(new[] { 4L }));
    }

    [Test]
    public void Positions_of_another_image_size_are_resized_in_both_encoders()
    {
        using var source = SmallModel.Create(_backend);
        using var target = SmallModel.Create(
            _backend, DType.F32, SmallModel.Config with { Vision = SmallModel.Config.Vision with { ImageRes = 12 } });
        var report = StateDict.Load(target, StateDict.Export(source));
        Assert.That(report.Reshaped, Is.EqualTo(new[] { "visual_encoder.pos_embed", "visual_encoder_m.pos_embed" }));
        Assert.That(report.ToString(), Does.Match(
            @"^\d+ tensors loaded, 2 resized \(visual_encoder\.pos_embed, visual_encoder_m\.pos_embed\)$"));
    }

    [Test]
    public void A_wrong_shape_is_refused_in_one_line_that_names_tensor_and_shapes()
    {
        using var source = SmallModel.Create(_backend);
        using var target = SmallModel.Create(
            _backend, DType.F64, SmallModel.Config with { Text = SmallModel.Config.Text with { VocabSize = 21 } });
        Assert.That(() => StateDict.Load(target, StateDict.Export(source)), Throws.TypeOf<ModelException>()
            .With.Message.Contains("word_embeddings.weight' is [20, 8], the model expects [21, 8]")
            .And.Message.Not.Contains('\n'));
    }

    [Test]
    public void The_checkpoint_of_another_model_is_refused()
    {
        using var model = SmallModel.Create(_backend);
        TensorData[] other = [TensorData.From("conv1.weight", [2], new[] { 1f, 2f }),
            TensorData.From("temp", [1], new[] { 0.07f })];
        Assert.That(
            () => StateDict.Load(model, other), Throws.TypeOf<ModelException>().With.Message.Contains("another model"));
    }

    [Test]
    public void A_checkpoint_of_the_student_alone_starts_the_momentum_copies_from_it()
    {
        using var source = SmallModel.Create(_backend);
        using var target = AlbefModel.Create(SmallModel.Config, _backend, DType.F64, seed: 99);
        var report = StateDict.Load(
            target, [.. StateDict.Export(source).Where(t => !t.Name.Contains("_m.", StringComparison.Ordinal))]);
        Assert.That(report.Missing, Has.All.Contains("_m."));
        Assert.That(Value(target, "vision_proj_m.weight"), Is.EqualTo(Value(source, "vision_proj.weight")));
        Assert.That(report.ToString(), Has.Length.LessThan(300));
    }

    [Test]
    public void A_model_for_evaluation_takes_a_training_checkpoint_without_complaint()
    {
        using var source = SmallModel.Create(_backend);
        using var target = AlbefModel.Create(SmallModel.Config, _backend, withMomentum: false);
        var report = StateDict.Load(target, StateDict.Export(source));
        Assert.That(report.Missing, Is.Empty);
        Assert.That(report.Unexpected, Is.Empty);
    }

    [Test]
    public void Misfitting_sizes_are_refused()
    {
        var config = SmallModel.Config;
        Assert.Multiple(() =>
        {
            Assert.That(() => (config with { Vision = config.Vision with { Heads = 3 } }).Validate(),
                Throws.TypeOf<ModelException>().With.Message.Contains("divisible"));
            Assert.That(() => (config with { AmcLayer = 1 }).Validate(),
                Throws.TypeOf<ModelException>().With.Message.Contains("fusion layers 2..3"));
            Assert.That(() => (config with { Vision = config.Vision with { ImageRes = 9 } }).Validate(),
                Throws.TypeOf<ModelException>().With.Message.Contains("multiple"));
        });
    }

    private static AlbefConfig Tiny => new()
    {
        Vision = new VisionConfig
        {
            ImageRes = 64,
            Width = 48,
            Depth = 3,
            Heads = 4,
        },
        Text = new TextConfig
        {
            Hidden = 48,
            Heads = 4,
            Intermediate = 96,
            Layers = 4,
            FirstCrossLayer = 2,
            VocabSize = 128,
            MaxPositions = 32,
            ClsId = 5,
            MaskId = 7,
        },
        EmbedDim = 16,
        QueueSize = 32,
        AmcLayer = 2,
    };

    private static double[] Value(Module model, string name) =>
        model.StateEntries.Single(e => e.Name == name).Parameter.Value.ToDoubles();
}
