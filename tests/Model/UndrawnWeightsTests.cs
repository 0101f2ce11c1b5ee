using AmcEngine.Backends;
using AmcEngine.Backends.Cpu;
using AmcEngine.Backends.Kernels;
using AmcEngine.Memory;
using AmcEngine.Model;
using AmcEngine.Model.Albef;
using AmcEngine.Model.Blip;
using AmcEngine.Model.Checkpoints;
using AmcEngine.Model.Clip;
using AmcEngine.Model.Modules;
using AmcEngine.Serialization;
using AmcEngine.Tensors;
using AmcEngine.Tests.Model.Blip;
using AmcEngine.Tests.Model.Clip;
using NUnit.Framework;

namespace AmcEngine.Tests.Model;

/// <summary>First values are drawn when they are asked for: the same numbers, and none that nobody needs.</summary>
[TestFixture]
public sealed class UndrawnWeightsTests
{
    private const ulong Seed = 3;

    private CpuBackend _backend = null!;

    [OneTimeSetUp]
    public void Start() => _backend = new CpuBackend(2);

    [OneTimeTearDown]
    public void Stop() => _backend.Dispose();

    [Test]
    public void Each_entry_has_a_random_stream_of_its_own_whatever_is_drawn_before_it()
    {
        using AlbefModel model = Undrawn(), fresh = Fresh();
        Parameter[] entries = [.. Floating(model)], drawn = [.. Floating(fresh)];
        // From the last to the first.
        for (var i = entries.Length - 1; i >= 0; i--)
            Assert.That(Bits(entries[i]), Is.EqualTo(Bits(drawn[i])), entries[i].Name);
        var at = Array.FindIndex(entries, p => p.Name == "text_encoder.bert.encoder.layer.1.output.dense.weight");
        using var expected = Tensor.Empty(entries[at].Shape, DType.F64, _backend);
        _backend.Run(new NormalArgs(expected, 0, 0.02, new RandomKey(Seed, (uint)at, 0)));
        Assert.That(Bits(entries[at]), Is.EqualTo(expected.ToDoubles()));
    }

    [Test]
    public void Nothing_is_drawn_that_a_checkpoint_brings()
    {
        using var source = SmallModel.Create(_backend);
        var stored = StateDict.Export(source);
        using var draws = new DrawCount();
        using var target = Undrawn();
        StateDict.Load(target, stored);
        foreach (var (model, expected) in Floating(target).Zip(Floating(source)))
            Assert.That(Bits(model), Is.EqualTo(Bits(expected)), model.Name);
        Assert.That(draws.Count, Is.Zero);
        using var fresh = Fresh();
        Assert.That(draws.Count, Is.GreaterThan(20), "what counts draws sees them");
    }

    [Test]
    public void Copies_that_equal_the_student_are_not_drawn_again()
    {
        int drawn, alone;
        using (var draws = new DrawCount())
        {
            using var model = Fresh();
            drawn = draws.Count;
        }
        using (var draws = new DrawCount())
        {
            using var model = AlbefModel.Create(SmallModel.Config, _backend, withMomentum: false);
            alone = draws.Count;
        }
        // The queues are beside them.
        Assert.That(drawn, Is.EqualTo(alone + 2));
    }

    [TestCase(true)]
    [TestCase(false)]
    public void What_a_checkpoint_lacks_has_the_values_of_a_fresh_model(bool momentum)
    {
        string[] lacking =
        [
            "image_queue", "itm_head.weight", "text_encoder.bert.encoder.layer.2.crossattention.self.query.weight",
            "visual_encoder.norm.weight", "vision_proj_m.weight",
        ];
        using var source = SmallModel.Create(_backend);
        TensorData[] stored = [.. StateDict.Export(source).Where(t => !lacking.Contains(t.Name)
            && (momentum || !t.Name.Contains("_m.", StringComparison.Ordinal)))];
        using AlbefModel model = Undrawn(), fresh = Fresh();
        StateDict.Load(model, stored);
        StateDict.Load(fresh, stored);
        Assert.Multiple(() =>
        {
            foreach (var (entry, expected) in Floating(model).Zip(Floating(fresh)))
                Assert.That(Bits(entry), Is.EqualTo(Bits(expected)), entry.Name);
            using var untouched = Fresh();
            foreach (var name in lacking[..4])
                Assert.That(Bits(Named(model, name)), Is.EqualTo(Bits(Named(untouched, name))), name);
            Assert.That(Bits(Named(model, "vision_proj_m.weight")), Is.EqualTo(
                Bits(Named(momentum ? untouched : source, "vision_proj.weight"))));
        });
    }

    [Test]
    public void Parts_that_are_loaded_one_after_the_other_leave_the_rest_fresh()
    {
        var bert = EncoderFiles.Bert(hidden: 8, ffn: 16, layers: 4, words: 18, positions: 10);
        using AlbefModel model = Undrawn(), fresh = Fresh();
        foreach (var each in (AlbefModel[])[model, fresh])
        {
            PretrainedEncoder.Bert.Load(each, bert);
            PretrainedEncoder.VisionTransformer.Load(each, EncoderFiles.DeiT(8, 16, 2, 4, grid: 3));
        }
        Assert.Multiple(() =>
        {
            foreach (var (entry, expected) in Floating(model).Zip(Floating(fresh)))
                Assert.That(Bits(entry), Is.EqualTo(Bits(expected)), entry.Name);
        });
    }

    [Test]
    public void A_write_that_fails_leaves_the_first_values()
    {
        using AlbefModel model = Undrawn(), fresh = Fresh();
        var weight = Named(model, "itm_head.weight");
        Assert.That(() => weight.Overwrite(tensor =>
        {
            tensor.LoadRange<double>([1, 2, 3], 0);
            throw new SerializationException("the file ended");
        }), Throws.TypeOf<SerializationException>());
        Assert.That(Bits(weight), Is.EqualTo(Bits(Named(fresh, "itm_head.weight"))));
    }

    [Test]
    public void A_step_begins_with_all_values_drawn_and_gives_the_same_losses()
    {
        using AlbefModel model = Undrawn(), fresh = Fresh();
        double[] Losses(AlbefModel each)
        {
            using var scope = MemoryScope.Begin();
            var output = each.Forward(SmallModel.Batch(each), new StepOptions(0.4, new RandomSource(1)));
            return [.. output.Losses.Select(l => l.Value.Item())];
        }
        Assert.That(Losses(model), Is.EqualTo(Losses(fresh)));
        Assert.That(Floating(model).Where(p => p.IsUndrawn), Is.Empty);
    }

    [Test]
    public void Optimizer_and_averages_take_tensors_that_are_loaded_later()
    {
        using var source = SmallModel.Create(_backend);
        using var draws = new DrawCount();
        using var model = Undrawn();
        var groups = model.ParameterGroups(0.02);
        var average = model.Average!;
        StateDict.Load(model, StateDict.Export(source));
        Assert.That(draws.Count, Is.Zero);
        HashSet<Tensor> known = [.. model.Trainable.Select(p => p.Value)];
        Assert.That(groups.SelectMany(g => g.Parameters), Is.EquivalentTo(known));
        Assert.That(average.IsPending);
    }

    [Test]
    public void Clip_and_blip_have_the_same_values_now_and_later()
    {
        foreach (var create in (Func<bool, IVisionLanguageModel>[])[
            draw => BlipModel.Create(BlipModelTests.Config, _backend, DType.F64, Seed, draw: draw),
            draw => ClipModel.Create(ClipModelTests.Config, _backend, DType.F64, Seed, draw)])
        {
            using IVisionLanguageModel model = create(false), fresh = create(true);
            Assert.That(Floating(model).Where(p => !p.IsUndrawn), Is.Empty);
            Assert.That(Floating(fresh).Where(p => p.IsUndrawn), Is.Empty);
            foreach (var (entry, expected) in Floating(model).Reverse().Zip(Floating(fresh).Reverse()))
                Assert.That(Bits(entry), Is.EqualTo(Bits(expected)), entry.Name);
        }
    }

    private AlbefModel Undrawn() => AlbefModel.Create(SmallModel.Config, _backend, DType.F64, Seed, draw: false);

    private AlbefModel Fresh() => AlbefModel.Create(SmallModel.Config, _backend, DType.F64, Seed);

    private static IEnumerable<Parameter> Floating(IVisionLanguageModel model) =>
        model.StateEntries.Where(e => !e.IsAlias && e.Parameter.Integers is null).Select(e => e.Parameter);

    private static Parameter Named(IVisionLanguageModel model, string name) =>
        Floating(model).Single(p => p.Name == name);

    private static double[] Bits(Parameter parameter) => parameter.Value.ToDoubles();
}
