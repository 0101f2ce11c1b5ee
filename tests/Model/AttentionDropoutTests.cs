using AmcEngine.Backends;
using AmcEngine.Backends.Cpu;
using AmcEngine.Backends.Kernels;
using AmcEngine.Memory;
using AmcEngine.Model;
using AmcEngine.Model.Albef;
using AmcEngine.Model.Contrastive;
using AmcEngine.Model.Layers;
using AmcEngine.Model.Text;
using AmcEngine.Model.Vision;
using AmcEngine.Tensors;
using AmcEngine.Tests.Engine;
using NUnit.Framework;

namespace AmcEngine.Tests.Model;

/// <summary>
/// Dropout of the attention weights and dropout of the hidden states are two settings, and each is applied where it
/// belongs.
/// </summary>
[TestFixture]
internal sealed class AttentionDropoutTests
{
    // Streams that a multi-modal pass takes: one for each thing that is dropped. Two text layers with one attention
    // each, two fusion layers with two; and the embeddings, the end of every attention and of every feed-forward part.
    [TestCase(0.0, 0.0, 0u)]
    [TestCase(0.0, 0.5, 6u)]
    [TestCase(0.5, 0.0, 11u)]
    [TestCase(0.5, 0.5, 17u)]
    public void Each_dropout_is_applied_in_its_places(double hidden, double attention, uint streams)
    {
        var random = new RandomSource(3);
        Run(hidden, attention, random);
        Assert.That(random.NextKey(), Is.EqualTo(new RandomKey(3, streams, 0)));
    }

    [Test]
    public void The_probability_is_the_configured_one()
    {
        var none = Run(0, 0, new RandomSource(3));
        double[] some = Run(0, 0.3, new RandomSource(3)), more = Run(0, 0.6, new RandomSource(3)),
            hidden = Run(0.3, 0, new RandomSource(3));
        Assert.That(Run(0, 0.3, new RandomSource(3)), Is.EqualTo(some), "the same streams drop the same");
        Assert.That(some, Is.Not.EqualTo(none));
        Assert.That(more, Is.Not.EqualTo(some));
        Assert.That(hidden, Is.Not.EqualTo(some));
        Assert.That(Run(0, 0.3, null), Is.EqualTo(none), "evaluation drops nothing");
    }

    [TestCase(AttentionKind.TextSelf, 0)]
    [TestCase(AttentionKind.TextSelf, 3)]
    [TestCase(AttentionKind.Cross, 2)]
    [TestCase(AttentionKind.Cross, 3)]
    public void A_hooked_attention_drops_as_others_do(AttentionKind kind, int layer)
    {
        double[] fused = Run(0.2, 0.4, new RandomSource(3)),
            hooked = Run(0.2, 0.4, new RandomSource(3), new AttentionHook(kind, layer));
        Closeness.ElementsAreClose("hooked", hooked, fused, 2e-15);
    }

    private static double[] Run(double hidden, double attention, RandomSource? random, AttentionHook? hook = null)
    {
        using var backend = new CpuBackend(threads: 1);
        using var model = SmallModel.Create(backend, config: SmallModel.Config with
        {
            Text = SmallModel.Config.Text with { HiddenDropout = hidden, AttentionDropout = attention }
        });
        using var scope = MemoryScope.Begin();
        var batch = SmallModel.Batch(model);
        var mask = TextMask.Create(batch.Text, model.DType, backend);
        var ids = Tensor.From(batch.Text.Ids, [batch.Text.Count, batch.Text.Length], backend);
        var image = ImageSource.FromTokens(model.Vision.Forward(batch.Image, ForwardContext.Evaluation));
        return model.Text.Bert.MultiModal(ids, mask, image, new ForwardContext(random, hook)).ToDoubles();
    }
}
