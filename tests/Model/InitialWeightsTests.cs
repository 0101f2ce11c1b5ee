using AmcEngine.Backends.Cpu;
using AmcEngine.Model;
using AmcEngine.Model.Albef;
using AmcEngine.Model.Modules;
using AmcEngine.Model.Text;
using AmcEngine.Model.Vision;
using AmcEngine.Tensors;
using AmcEngine.Tests.Engine;
using NUnit.Framework;

namespace AmcEngine.Tests.Model;

/// <summary>Fresh weights, and which of them decay: every parameter by its published name.</summary>
[TestFixture]
public sealed class InitialWeightsTests
{
    private const double EncoderStd = 0.02;

    // Wide enough that a standard deviation can be told from few matrices.
    private static readonly AlbefConfig Config = SmallModel.Config with
    {
        Vision = SmallModel.Config.Vision with
        {
            Width = 48,
        },
        Text = SmallModel.Config.Text with
        {
            Hidden = 64,
            Intermediate = 80,
            VocabSize = 300,
            MaxPositions = 30,
        },
        EmbedDim = 40,
        QueueSize = 50,
    };

    private CpuBackend _backend = null!;

    [OneTimeSetUp]
    public void Start() => _backend = new CpuBackend(2);

    [OneTimeTearDown]
    public void Stop() => _backend.Dispose();

    [Test]
    public void Every_parameter_has_its_published_distribution()
    {
        using var model = AlbefModel.Create(Config, _backend, DType.F32, seed: 3);
        Assert.Multiple(() =>
        {
            foreach (var p in model.Trainable)
            {
                var values = p.Value.ToDoubles();
                if (p.Name == "temp") Closeness.ElementsAreClose(p.Name, values, [0.07f], 0);
                else if (IsNorm(p)) Assert.That(
                    values, Is.All.EqualTo(p.Name.EndsWith(".weight", StringComparison.Ordinal) ? 1 : 0), p.Name);
                else if (DefaultInputs(p) is { } inputs) AssertUniform(p, values, 1 / Math.Sqrt(inputs));
                else if (p.Name.EndsWith(".bias", StringComparison.Ordinal)) Assert.That(values, Is.All.Zero, p.Name);
                else AssertNormal(p, values);
            }
        });
    }

    [Test]
    public void Tensors_of_one_size_differ_and_so_do_seeds()
    {
        using AlbefModel model = AlbefModel.Create(Config, _backend, seed: 3),
            again = AlbefModel.Create(Config, _backend, seed: 3), other = AlbefModel.Create(Config, _backend, seed: 4);
        double[][] Matrices(AlbefModel m) =>
            [.. m.Trainable.Where(p => p.Shape.Rank > 1).Select(p => p.Value.ToDoubles())];
        var first = Matrices(model);
        Assert.Multiple(() =>
        {
            Assert.That(first.Select(m => m[0]), Is.Unique);
            Assert.That(Matrices(again).Zip(first).All(p => p.First.AsSpan().SequenceEqual(p.Second)));
            Assert.That(Matrices(other).Zip(first).Any(p => p.First.AsSpan().SequenceEqual(p.Second)), Is.False);
        });
    }

    [Test]
    public void Copies_equal_the_student_and_queues_hold_random_columns_of_length_one()
    {
        using var model = AlbefModel.Create(Config, _backend, seed: 3);
        var state = model.StateEntries.ToDictionary(e => e.Name, e => e.Parameter);
        Assert.Multiple(() =>
        {
            foreach (var (name, parameter) in state.Where(
                e => e.Key.Contains("_m.", StringComparison.Ordinal) && e.Value.Kind != ParameterKind.Integers))
                Assert.That(parameter.Value.ToDoubles(),
                    Is.EqualTo(state[name.Replace("_m.", ".", StringComparison.Ordinal)].Value.ToDoubles()), name);
            foreach (var name in (string[])["image_queue", "text_queue"])
            {
                var queue = state[name].Value.ToDoubles();
                for (var c = 0; c < Config.QueueSize; c++)
                    Closeness.Near(
                        $"{name}, column {c}",
                        Enumerable.Range(0, Config.EmbedDim).Sum(e => Math.Pow(queue[e * Config.QueueSize + c], 2)),
                        1,
                        1e-6);
                Assert.That(queue[..Config.QueueSize], Is.Unique, name);
            }
            Assert.That(
                state["image_queue"].Value.ToDoubles()[0], Is.Not.EqualTo(state["text_queue"].Value.ToDoubles()[0]));
            Assert.That(state["queue_ptr_img"].Integers, Is.EqualTo(new[] { 0 }));
            Assert.That(state["queue_ptr_txt"].Integers, Is.EqualTo(new[] { 0 }));
        });
    }

    /// <summary>
    /// The reference exempts tensors of one dimension and biases; all else decays, what other recipes exempt too.
    /// </summary>
    [Test]
    public void Norms_and_biases_do_not_decay_and_all_else_does()
    {
        using var model = AlbefModel.Create(Config, _backend);
        var groups = model.ParameterGroups(0.07);
        var names = model.Trainable.ToDictionary(p => p.Value, p => p.Name);
        Assert.That(groups.Select(g => g.WeightDecay), Is.EqualTo(new[] { 0, 0.07 }));
        string[] exempt = [.. groups[0].Parameters.Select(t => names[t])],
            decayed = [.. groups[1].Parameters.Select(t => names[t])];
        string[] expected = [.. model.Trainable.Where(
            p => IsNorm(p) || p.Name.EndsWith(".bias", StringComparison.Ordinal)).Select(p => p.Name)];
        Assert.Multiple(() =>
        {
            Assert.That(exempt, Is.EqualTo(expected));
            Assert.That(decayed, Is.EqualTo(model.Trainable.Select(p => p.Name).Except(expected)));
            Assert.That(decayed, Is.SupersetOf(new[]
            {
                "temp", "visual_encoder.cls_token", "visual_encoder.pos_embed",
                "visual_encoder.patch_embed.proj.weight",
                "text_encoder.bert.embeddings.word_embeddings.weight",
                "text_encoder.bert.embeddings.position_embeddings.weight",
                "text_encoder.bert.embeddings.token_type_embeddings.weight", "itm_head.weight",
            }));
            Assert.That(exempt, Is.SupersetOf(new[] { "visual_encoder.norm.weight",
                "text_encoder.bert.embeddings.LayerNorm.weight", "text_encoder.cls.predictions.bias",
                "itm_head.bias" }));
        });
    }

    private static bool IsNorm(Parameter p) =>
        p.Name.Split('.') is [.., var module, "weight" or "bias"]
            && module.Contains("norm", StringComparison.OrdinalIgnoreCase);

    /// <summary>Inputs of a layer with PyTorch's default initialisation; null for a layer of the encoders.</summary>
    private static int? DefaultInputs(Parameter p) => p.Name[..Math.Max(0, p.Name.LastIndexOf('.'))] switch
    {
        "visual_encoder.patch_embed.proj" => 3 * Config.Vision.PatchSize * Config.Vision.PatchSize,
        "vision_proj" => Config.Vision.Width,
        "text_proj" or "itm_head" => Config.Text.Hidden,
        _ => null,
    };

    // A uniform variable is within 2 % of its bound with odds of 1 to 50 a draw; small tensors are only held below it.
    private static void AssertUniform(Parameter p, double[] values, double bound)
    {
        var largest = values.Max(Math.Abs);
        Assert.That(largest <= bound && largest > (values.Length > 300 ? 0.98 : values.Length > 20 ? 0.8 : 0.1) * bound,
            Is.True, $"{p.Name}: at most {largest}, bound {bound}");
        if (values.Length > 300)
            Assert.That(Math.Abs(values.Average()) < 0.15 * bound, Is.True, $"{p.Name}: mean {values.Average()}");
    }

    // Five standard errors.
    private static void AssertNormal(Parameter p, double[] values)
    {
        var std = Math.Sqrt(values.Sum(v => v * v) / values.Length);
        Assert.That(Math.Abs(std / EncoderStd - 1) < 5 / Math.Sqrt(2.0 * values.Length), Is.True,
            $"{p.Name}: standard deviation {std}");
        Assert.That(Math.Abs(values.Average()) < 5 * EncoderStd / Math.Sqrt(values.Length), Is.True,
            $"{p.Name}: mean {values.Average()}");
        Assert.That(values.Max(Math.Abs) < 6 * EncoderStd, Is.True, p.Name);
    }
}
