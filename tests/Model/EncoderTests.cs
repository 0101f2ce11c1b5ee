using AmcEngine.Autograd;
using AmcEngine.Backends;
using AmcEngine.Backends.Cpu;
using AmcEngine.Memory;
using AmcEngine.Model;
using AmcEngine.Model.Albef;
using AmcEngine.Model.Layers;
using AmcEngine.Model.Text;
using AmcEngine.Tensors;
using AmcEngine.Tests.Engine;
using NUnit.Framework;

namespace AmcEngine.Tests.Model;

[TestFixture]
public sealed class EncoderTests
{
    private CpuBackend _backend = null!;
    private AlbefModel _model = null!;
    private MemoryScope _scope = null!;

    [SetUp]
    public void Start()
    {
        _backend = new CpuBackend(2);
        _model = SmallModel.Create(_backend);
        _scope = MemoryScope.Begin();
    }

    [TearDown]
    public void Stop()
    {
        _scope.Dispose();
        _model.Dispose();
        _backend.Dispose();
    }

    [Test]
    public void Text_then_fusion_equals_the_multi_modal_pass()
    {
        var (ids, mask, image) = Inputs();
        var whole = _model.Text.Bert.MultiModal(ids, mask, image, ForwardContext.Evaluation);
        var staged = _model.Text.Bert.Fusion(
            _model.Text.Bert.Text(ids, mask, ForwardContext.Evaluation), mask, image, ForwardContext.Evaluation);
        Assert.That(staged.ToDoubles(), Is.EqualTo(whole.ToDoubles()));
    }

    [TestCase(AttentionKind.TextSelf, 0, 6)]
    [TestCase(AttentionKind.TextSelf, 3, 6)]
    [TestCase(AttentionKind.Cross, 2, 5)]
    [TestCase(AttentionKind.Cross, 3, 5)]
    public void A_hook_shows_rows_of_probabilities_and_leaves_the_result_alone(AttentionKind kind, int layer, int keys)
    {
        var (ids, mask, image) = Inputs();
        var hook = new AttentionHook(kind, layer);
        var plain = _model.Text.Bert.MultiModal(ids, mask, image, ForwardContext.Evaluation).ToDoubles();
        var hooked = _model.Text.Bert.MultiModal(ids, mask, image, new ForwardContext(null, hook), firstRowOnly: false)
            .ToDoubles();
        Closeness.ElementsAreClose("hooked", hooked, plain, 2e-15);
        Assert.That(hook.Map!.Shape, Is.EqualTo(new Shape(3, 2, 6, keys)));
        double[] sums = [.. hook.Map.ToDoubles().Chunk(keys).Select(row => row.Sum())];
        Closeness.ElementsAreClose("rows of the map", sums, [.. Enumerable.Repeat(1.0, 36)], 2e-15);
    }

    [Test]
    public void A_vision_block_can_be_hooked_too()
    {
        var hook = new AttentionHook(AttentionKind.Vision, 1);
        _model.Vision.Forward(SmallModel.Batch(_model).Image, new ForwardContext(null, hook));
        Assert.That(hook.Map!.Shape, Is.EqualTo(new Shape(3, 2, 5, 5)));
    }

    [Test]
    public void The_class_row_alone_equals_that_row_of_the_whole()
    {
        var (ids, mask, image) = Inputs();
        var whole = VisionLanguageModel.ClassRow(
            _model.Text.Bert.MultiModal(ids, mask, image, ForwardContext.Evaluation)).ToDoubles();
        var alone = _model.Text.Bert.MultiModal(ids, mask, image, ForwardContext.Evaluation, firstRowOnly: true);
        Assert.That(alone.Shape, Is.EqualTo(new Shape(3, 1, 8)));
        Closeness.ElementsAreClose("class row", alone.ToDoubles(), whole, 2e-15);
    }

    [Test]
    public void Keys_projected_once_equal_those_of_every_pass()
    {
        var (ids, mask, _) = Inputs();
        var tokens = _model.Vision.Forward(SmallModel.Batch(_model).Image, ForwardContext.Evaluation);
        var index = Tensor.From([2, 0, 1], [3], _backend);
        var shared = ImageSource.Project(_model.Text.Bert, tokens).Select(index);
        var single = ImageSource.FromTokens(tokens).Select(index);
        Closeness.ElementsAreClose(
            "keys projected once",
            _model.Text.Bert.MultiModal(ids, mask, shared, ForwardContext.Evaluation).ToDoubles(),
            _model.Text.Bert.MultiModal(ids, mask, single, ForwardContext.Evaluation).ToDoubles(),
            2e-15);
    }

    [Test]
    public void An_explanation_is_the_same_for_a_text_alone_and_padded_except_for_the_divisor()
    {
        var batch = SmallModel.Batch(_model);
        var cam = _model.Explain(batch).Cam;
        Assert.That(cam.Shape, Is.EqualTo(new Shape(3, 2, 2)));
        var row = Enumerable.Range(0, 3).First(i => batch.Text.Mask.AsSpan(i * 6, 6).Contains(0));
        var length = batch.Text.Mask.AsSpan(row * 6, 6).ToArray().Sum();
        var image = Ops.Movement.Slice(batch.Image, 0, row, row + 1);
        var alone = _model.Explain(new(image, new(
            batch.Text.Ids.AsSpan(row * 6, length).ToArray(), [.. Enumerable.Repeat(1, length)], 1, length)));
        Closeness.AreClose("explanation", [.. alone.Cam.ToDoubles().Select(v => v * length / 6)],
            cam.ToDoubles()[(row * 4)..(row * 4 + 4)], 2e-15);
    }

    private (Tensor Ids, TextMask Mask, ImageSource Image) Inputs()
    {
        var batch = SmallModel.Batch(_model);
        var ids = Tensor.From(batch.Text.Ids, [batch.Text.Count, batch.Text.Length], _backend);
        var image = ImageSource.FromTokens(_model.Vision.Forward(batch.Image, ForwardContext.Evaluation));
        return (ids, TextMask.Create(batch.Text, DType.F64, _backend), image);
    }
}
