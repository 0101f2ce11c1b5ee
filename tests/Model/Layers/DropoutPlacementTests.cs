using AmcEngine.Backends;
using AmcEngine.Backends.Cpu;
using AmcEngine.Memory;
using AmcEngine.Model;
using AmcEngine.Model.Albef;
using AmcEngine.Model.Layers;
using AmcEngine.Model.Text;
using AmcEngine.Ops;
using AmcEngine.Tensors;
using AmcEngine.Tests.Engine;
using NUnit.Framework;

namespace AmcEngine.Tests.Model.Layers;

/// <summary>
/// Dropout where the reference has it: of attention weights behind the map, of each part before its residual.
/// </summary>
[TestFixture]
public sealed class DropoutPlacementTests
{
    /// <summary>A dropout that keeps nothing, as far as any test can see.</summary>
    private const double Everything = 1 - 1e-12;

    private CpuBackend _backend = null!;
    private MemoryScope _scope = null!;

    [SetUp]
    public void Start()
    {
        _backend = new CpuBackend(2);
        _scope = MemoryScope.Begin();
    }

    [TearDown]
    public void Stop()
    {
        _scope.Dispose();
        _backend.Dispose();
    }

    [TestCase(AttentionKind.TextSelf, 1, 6)]
    [TestCase(AttentionKind.Cross, 2, 5)]
    [TestCase(AttentionKind.Cross, 3, 5)]
    public void In_training_a_hook_shows_the_map_before_dropout_and_changes_nothing(
        AttentionKind kind, int layer, int keys)
    {
        using var model = Model(0.1, 0.3);
        var (ids, mask, image) = Inputs(model);
        double[] Run(AttentionHook? hook) =>
            model.Text.Bert.MultiModal(ids, mask, image, new ForwardContext(new RandomSource(3), hook)).ToDoubles();
        var hook = new AttentionHook(kind, layer);
        Closeness.ElementsAreClose("hooked", Run(hook), Run(null), 2e-15);
        Assert.That(hook.Map!.Shape, Is.EqualTo(new Shape(3, 2, 6, keys)));
        Closeness.ElementsAreClose("rows of the map", [.. hook.Map.ToDoubles().Chunk(keys).Select(row => row.Sum())],
            [.. Enumerable.Repeat(1.0, 36)], 2e-15);
        // And something is dropped: other random numbers give another result.
        Assert.That(model.Text.Bert.MultiModal(ids, mask, image, new ForwardContext(new RandomSource(4))).ToDoubles(),
            Is.Not.EqualTo(Run(null)));
    }

    [Test]
    public void Attention_and_hidden_dropout_act_each_in_its_place()
    {
        // Nothing is left of the attended values: the bias of the output layer alone is added to the residual.
        using (var model = Model(0, Everything))
            Compare(model, (x, attention) => Normed(attention, x.Add(Bias(attention))));
        // Nothing is left of the dense output: the residual alone is normalised. Dropped behind the residual, nothing
        // would be.
        using (var model = Model(Everything, 0)) Compare(model, (x, attention) => Normed(attention, x));

        void Compare(AlbefModel model, Func<Tensor, Layer, Tensor> expected)
        {
            var x = Tensor.Empty([2, 3, 8], DType.F64, _backend).FillUniform(-1, 1, new RandomSource(9).NextKey());
            var layer = new Layer(model, "text_encoder.bert.encoder.layer.2.crossattention");
            var attention = model.Text.Bert.Layers[2].Cross;
            var y = attention.Forward(x, attention.Project(x), null, new ForwardContext(new RandomSource(5)));
            Closeness.ElementsAreClose("output", y.ToDoubles(), expected(x, layer).ToDoubles(), 1e-14);
        }
    }

    [Test]
    public void Embeddings_are_dropped_after_their_norm()
    {
        using var model = Model(Everything, 0);
        var (ids, _, _) = Inputs(model);
        Assert.That(
            model.Text.Bert.Embeddings.Forward(ids, new ForwardContext(new RandomSource(5))).ToDoubles(), Is.All.Zero);
    }

    private sealed record Layer(AlbefModel Model, string Prefix)
    {
        public Tensor Weight(string name) => Model.Trainable.Single(p => p.Name == $"{Prefix}.{name}").Value;
    }

    private static Tensor Bias(Layer layer) => layer.Weight("output.dense.bias");

    private static Tensor Normed(Layer layer, Tensor x) =>
        x.LayerNorm(layer.Weight("output.LayerNorm.weight"), layer.Weight("output.LayerNorm.bias"), 1e-12);

    private AlbefModel Model(double hidden, double attention) =>
        SmallModel.Create(_backend, config: SmallModel.Config with
        {
            Text = SmallModel.Config.Text with { HiddenDropout = hidden, AttentionDropout = attention }
        });

    private (Tensor Ids, TextMask Mask, ImageSource Image) Inputs(AlbefModel model)
    {
        var batch = SmallModel.Batch(model);
        var ids = Tensor.From(batch.Text.Ids, [batch.Text.Count, batch.Text.Length], _backend);
        var image = ImageSource.FromTokens(model.Vision.Forward(batch.Image, ForwardContext.Evaluation));
        return (ids, TextMask.Create(batch.Text, DType.F64, _backend), image);
    }
}
