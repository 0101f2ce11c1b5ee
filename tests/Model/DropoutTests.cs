using AmcEngine.Backends;
using AmcEngine.Backends.Cpu;
using AmcEngine.Memory;
using AmcEngine.Model;
using AmcEngine.Model.Albef;
using AmcEngine.Model.Contrastive;
using AmcEngine.Model.Modules;
using AmcEngine.Model.Text;
using AmcEngine.Model.Vision;
using AmcEngine.Tests.Engine;
using NUnit.Framework;

namespace AmcEngine.Tests.Model;

/// <summary>
/// Dropout of hidden states and dropout of attention each reach the student and its momentum teacher, and follow the
/// step's key.
/// </summary>
[TestFixture]
public sealed class DropoutTests
{
    private CpuBackend _backend = null!;

    [OneTimeSetUp]
    public void Start() => _backend = new CpuBackend(2);

    [OneTimeTearDown]
    public void Stop() => _backend.Dispose();

    [TestCase(0, 0)]
    [TestCase(0.3, 0)]
    [TestCase(0, 0.3)]
    public void Each_kind_reaches_student_and_teacher(double hidden, double attention)
    {
        var config = SmallModel.Config with
        {
            Text = SmallModel.Config.Text with { HiddenDropout = hidden, AttentionDropout = attention }
        };
        Results first = Step(config, 0), again = Step(config, 0), next = Step(config, 1);
        var drops = hidden + attention > 0;
        Assert.Multiple(() =>
        {
            Assert.That(again.Text, Is.EqualTo(first.Text));
            Assert.That(again.Teacher, Is.EqualTo(first.Teacher));
            Assert.That(again.Fused, Is.EqualTo(first.Fused));
            Assert.That(next.Text.SequenceEqual(first.Text), Is.EqualTo(!drops), "text encoder");
            Assert.That(next.Fused.SequenceEqual(first.Fused), Is.EqualTo(!drops), "fusion encoder");
            Assert.That(next.Teacher.SequenceEqual(first.Teacher), Is.EqualTo(!drops), "momentum text encoder");
            Assert.That(next.Language == first.Language, Is.EqualTo(!drops), "language loss");
            // The teacher has masks of its own.
            Assert.That(
                first.Teacher.SequenceEqual(first.Student), Is.EqualTo(!drops), "teacher beside an equal student");
        });
    }

    /// <summary>The share that is dropped, and the scale of what stays, as the embeddings show them.</summary>
    [Test]
    public void The_share_is_that_of_the_configuration([Values(0.1, 0.5)] double share)
    {
        using var model = SmallModel.Create(
            _backend, config: SmallModel.Config with { Text = SmallModel.Config.Text with { HiddenDropout = share } });
        using var scope = MemoryScope.Begin();
        var batch = SmallModel.Batch(model, count: 100);
        var ids = AmcEngine.Tensors.Tensor.From(batch.Text.Ids, [100, 6], _backend);
        var plain =
            model.Text.Bert.Embeddings.Forward(ids, AmcEngine.Model.Layers.ForwardContext.Evaluation).ToDoubles();
        var dropped = model.Text.Bert.Embeddings.Forward(
            ids, new AmcEngine.Model.Layers.ForwardContext(new RandomSource(3))).ToDoubles();
        Assert.That(dropped.Count(v => v == 0) / (double)dropped.Length, Is.EqualTo(share).Within(0.03));
        var kept = Enumerable.Range(0, plain.Length).Where(i => dropped[i] != 0).ToArray();
        Closeness.ElementsAreClose(
            "kept values", [.. kept.Select(i => dropped[i])], [.. kept.Select(i => plain[i] / (1 - share))], 2e-15);
    }

    private Results Step(AlbefConfig config, uint key)
    {
        // The copies equal the student and stay so.
        using var model = SmallModel.Create(_backend, config: config);
        using var scope = MemoryScope.Begin();
        var random = new RandomSource(9);
        random.BeginStep(key);
        var batch = SmallModel.Batch(model);
        var (ids, labels) = ((int[])batch.Text.Ids.Clone(), new int[batch.Text.Ids.Length]);
        Array.Fill(labels, MaskedTokens.Ignore);
        (labels[2], ids[2]) = (ids[2], config.Text.MaskId);
        var output = model.Forward(batch, new StepOptions(0.4, random)
        {
            Negatives = ArgmaxSampler.Instance,
            Masked = new MaskedTokens(ids, labels)
        });
        var queue = model.StateEntries.Single(e => e.Name == "text_queue").Parameter;
        var columns = queue.Value.ToDoubles();
        double[] teacher = [.. Enumerable.Range(0, 3).SelectMany(
            row => Enumerable.Range(0, config.EmbedDim).Select(e => columns[e * config.QueueSize + row]))];
        return new Results(output.TextEmbeds.ToDoubles(), output.TextFeat.ToDoubles(), teacher,
            output.MatchLogits.ToDoubles(), output.LossMlm.Item());
    }

    private sealed record Results(double[] Text, double[] Student, double[] Teacher, double[] Fused, double Language);
}
