using AmcEngine.Amc.Explanation;
using AmcEngine.Amc.Explanation.Methods;
using AmcEngine.Autograd;
using AmcEngine.Backends;
using AmcEngine.Backends.Cpu;
using AmcEngine.Memory;
using AmcEngine.Model;
using AmcEngine.Model.Albef;
using AmcEngine.Model.Blip;
using AmcEngine.Model.Clip;
using AmcEngine.Model.Layers;
using AmcEngine.Model.Text;
using AmcEngine.Model.Tokenization;
using AmcEngine.Model.Vision;
using AmcEngine.Ops;
using AmcEngine.Tensors;
using AmcEngine.Tests.Engine;
using AmcEngine.Tests.Model;
using NUnit.Framework;

namespace AmcEngine.Tests.Amc.Explanation;

/// <summary>
/// What methods read of a model, against maps captured one by one and gradients with respect to each.
/// </summary>
[TestFixture]
internal sealed class AttentionReaderTests
{
    private const double Allowed = 1e-13;

    private static readonly AttentionNeeds All =
        new(AttentionNeed.Gradients, AttentionNeed.Gradients, AttentionNeed.Gradients);
    private static readonly TokenBatch Text = new([1, 3, 4, 9], [1, 1, 1, 1], 1, 4);

    private CpuBackend _backend = null!;

    [SetUp]
    public void Start() => _backend = new CpuBackend(1);

    [TearDown]
    public void Stop() => _backend.Dispose();

    private static IEnumerable<TestCaseData> Groundings =>
    [
        .. new[] { "albef", "blip" }.SelectMany(kind => new[]
        {
            new TestCaseData(kind, new GroundingSettings(GroundingMode.Itm)),
            new TestCaseData(kind, new GroundingSettings(GroundingMode.Itm, WordsOnly: true)),
            // The last layer, which elsewhere computes its first row alone.
            new TestCaseData(kind, new GroundingSettings(GroundingMode.Itm, Layer: kind == "albef" ? 3 : 2)),
            new TestCaseData(kind, new GroundingSettings(GroundingMode.Itc)),
        }),
        new TestCaseData("clip", new GroundingSettings()),
        new TestCaseData("clip", new GroundingSettings(Layer: 2)),
    ];

    [TestCaseSource(nameof(Groundings))]
    public void GradCAM_on_the_host_is_that_of_the_device(string kind, GroundingSettings settings)
    {
        using var model = Create(kind);
        using var scope = MemoryScope.Begin();
        var grounder = model.Grounder(settings);
        var image = Image(model);
        var grounding = grounder.Ground(grounder.EncodeImages(image), grounder.EncodeTexts(Text));
        var device = GradCam.Explain(grounding).ToDoubles();
        var method = new GradCamMethod();
        var read = AttentionReader.Read(grounder, image, Text, method.Needs);
        Closeness.AreClose("map", method.Explain(read.Inputs), device, 1e-12);
        Closeness.Near("confidence", read.Confidence, grounding.Confidence!.ToDoubles()[0], 1e-14);
        Assert.That(device.Max(), Is.GreaterThan(0));
        Assert.That(read.Grid * read.Grid, Is.EqualTo(device.Length));
    }

    [Test]
    public void All_attentions_of_a_match_are_those_of_single_hooks([Values("albef", "blip")] string kind)
    {
        using var model = Create(kind);
        using var scope = MemoryScope.Begin();
        var image = Image(model);
        var inputs =
            AttentionReader.Read(model.Grounder(new GroundingSettings(GroundingMode.Itm)), image, Text, All).Inputs;
        (var below, var layers) = kind == "albef" ? (2, 4) : (0, 3);
        Assert.That(inputs.Picture, Has.Count.EqualTo(2));
        Assert.That(inputs.Fusion.Select(l => l.Cross is not null),
            Is.EqualTo(Enumerable.Range(0, layers).Select(i => i >= below)));
        for (var i = 0; i < 2; i++)
            AssertSame($"picture {i}", inputs.Picture[i], Hooked(model, image, AttentionKind.Vision, i));
        for (var i = 0; i < layers; i++)
        {
            AssertSame($"text {i}", inputs.Fusion[i].Self, Hooked(model, image, AttentionKind.TextSelf, i));
            if (i >= below)
                AssertSame($"cross {i}", inputs.Fusion[i].Cross!, Hooked(model, image, AttentionKind.Cross, i));
        }
        Assert.That(inputs.Explained, Is.SameAs(inputs.Fusion[kind == "albef" ? 2 : 1].Cross));
        Assert.That(new Relevance().Explain(inputs).Max(), Is.GreaterThan(0));
    }

    [Test]
    public void All_attentions_of_a_contrast_are_whole_maps_of_the_picture_alone()
    {
        using var model = (ClipModel)Create("clip");
        using var scope = MemoryScope.Begin();
        var image = Image(model);
        var inputs = AttentionReader.Read(model.Grounder(new GroundingSettings()), image, Text, All).Inputs;
        Assert.That(inputs.Fusion, Is.Empty);
        Assert.That(inputs.Picture, Has.Count.EqualTo(3));
        Assert.That(inputs.Explained, Is.SameAs(inputs.Picture[1]));
        Assert.That(inputs.RowWeights.Skip(1), Is.All.Zero);
        var text = model.TextFeature(Text, ForwardContext.Evaluation).Detach();
        for (var i = 0; i < 3; i++)
        {
            var whole = new AttentionHook(AttentionKind.Vision, i);
            model.Vision.Below(image, 3, new ForwardContext(null, whole));
            Closeness.AreClose($"map {i}", Values(inputs.Picture[i].Map, 3), whole.Map!.ToDoubles(), Allowed);
            var hook = new AttentionHook(AttentionKind.Vision, i);
            var feature = model.Vision.Forward(image, new ForwardContext(null, hook));
            var score = feature.Mul(text).Sum().Mul(model.LogitScale.Value.Exp());
            var gradient = AutogradEngine.Grad([score], [hook.Map!])[0]!.ToDoubles();
            var all = Values(inputs.Picture[i].Gradient, 3);
            // Of the last block the score reads the first of ten rows alone.
            var read = i < 2 ? all : [.. Enumerable.Range(0, 3).SelectMany(h => all[(h * 100)..(h * 100 + 10)])];
            Closeness.AreClose($"gradient {i}", read, gradient, Allowed);
            if (i == 2) Assert.That(all.Where((_, at) => at % 100 >= 10), Is.All.Zero);
        }
    }

    /// <summary>What is not differentiated is not recorded either; the maps are the same.</summary>
    [Test]
    public void Rollout_reads_the_same_maps_without_gradients()
    {
        using var model = Create("albef");
        using var scope = MemoryScope.Begin();
        var grounder = model.Grounder(new GroundingSettings(GroundingMode.Itm));
        var rollout = new Rollout();
        var inputs = AttentionReader.Read(grounder, Image(model), Text, rollout.Needs).Inputs;
        Assert.That(inputs.Explained, Is.Null);
        Assert.That(inputs.Fusion, Is.Empty);
        Assert.That(() => inputs.Picture[0].Gradient(0).Length, Throws.InvalidOperationException);
        Closeness.AreClose("rollout", rollout.Explain(inputs),
            rollout.Explain(AttentionReader.Read(grounder, Image(model), Text, All).Inputs), Allowed);
    }

    /// <summary>
    /// The map's gradient is Σ_c g_c·v_c over a head's channels, the map itself the softmax of q·k; both were read
    /// apart.
    /// </summary>
    [Test]
    public void Queries_keys_values_and_gradient_fit_the_class_tokens_map()
    {
        using var model = Create("clip");
        using var scope = MemoryScope.Begin();
        var grounder = model.Grounder(new GroundingSettings());
        var read = AttentionReader.ReadClass(grounder, Image(model), Text).Inputs;
        var layer = AttentionReader.Read(grounder, Image(model), Text, All).Inputs.Explained!;
        const int width = 5;
        for (var head = 0; head < 3; head++)
        {
            var channels = (head * width)..((head + 1) * width);
            double[] scores = [.. Enumerable.Range(0, 10).Select(t =>
                Math.Exp(Dot(read.Query.AsSpan(channels), read.Keys.Row(t)[channels]) / Math.Sqrt(width)))];
            Closeness.AreClose($"map of head {head}", layer.Map(head)[..10].ToArray(),
                [.. scores.Select(s => s / scores.Sum())], Allowed);
            double[] products = [.. Enumerable.Range(0, 10).Select(t =>
                Dot(read.Gradient.AsSpan(channels), read.Values.Row(t)[channels]))];
            Closeness.AreClose($"gradient of head {head}", layer.Gradient(head)[..10].ToArray(), products, Allowed);
        }

        static double Dot(ReadOnlySpan<double> a, ReadOnlySpan<double> b)
        {
            double sum = 0;
            for (var i = 0; i < a.Length; i++)
                sum += a[i] * b[i];
            return sum;
        }
    }

    private static void AssertSame(string what, AttentionLayer actual, (double[] Map, double[] Gradient) expected)
    {
        Closeness.AreClose($"{what}, map", Values(actual.Map, actual.Heads), expected.Map, Allowed);
        Closeness.AreClose($"{what}, gradient", Values(actual.Gradient, actual.Heads), expected.Gradient, Allowed);
    }

    private static double[] Values(Part part, int heads) =>
        [.. Enumerable.Range(0, heads).SelectMany(h => part(h).ToArray())];

    private delegate ReadOnlySpan<double> Part(int head);

    // The pass of a match written out, every row of every layer, with one hook.
    private static (double[] Map, double[] Gradient) Hooked(
        IVisionLanguageModel model, Tensor image, AttentionKind kind, int layer)
    {
        var hook = new AttentionHook(kind, layer);
        var context = new ForwardContext(null, hook);
        (var vision, var encoder, var head) = model switch
        {
            AlbefModel albef => (albef.Vision, albef.Text.Bert, albef.ItmHead),
            BlipModel blip => (blip.Vision, blip.Text, blip.ItmHead),
            _ => throw new ArgumentException("a model without matches", nameof(model)),
        };
        int[] ids = [model is BlipModel ? 19 : 1, .. Text.Ids[1..]];
        var tokens = vision.Forward(image, context);
        var words = Tensor.From(ids, [1, ids.Length], model.Backend);
        var mask = TextMask.Create(Text, model.DType, model.Backend);
        var fused = encoder.MultiModal(words, mask, ImageSource.FromTokens(tokens), context);
        var score = head.Forward(fused.Slice(1, 0, 1)).Slice(2, 1, 2).Sum();
        return (hook.Map!.ToDoubles(), AutogradEngine.Grad([score], [hook.Map!])[0]!.ToDoubles());
    }

    private IVisionLanguageModel Create(string kind)
    {
        if (kind == "albef")
            return SmallModel.Create(_backend);
        var vision = new VisionConfig { ImageRes = 9, PatchSize = 3, Width = 15, Depth = 2, Heads = 3, MlpRatio = 2 };
        var text = new TextConfig
        {
            Hidden = 10,
            Heads = 2,
            Intermediate = 14,
            Layers = 3,
            VocabSize = 20,
            MaxPositions = 8,
            ClsId = 1,
            MaskId = 1,
        };
        VisionLanguageModel model = kind == "clip"
            ? ClipModel.Create(
                new ClipConfig
                {
                    Vision = vision with { Depth = 3 },
                    TextWidth = 10,
                    TextHeads = 2,
                    TextLayers = 1,
                    Context = 7,
                    VocabSize = 20,
                    EmbedDim = 6,
                    AmcLayer = 1,
                },
                _backend, DType.F64)
            : BlipModel.Create(
                new BlipConfig
                {
                    Vision = vision,
                    Text = BlipConfig.EncoderOf(text),
                    EncId = 19,
                    EmbedDim = 5,
                    QueueSize = 6,
                    AmcLayer = 1,
                },
                _backend, DType.F64);
        return model.WithLargeWeights();
    }

    private static Tensor Image(IVisionLanguageModel model) =>
        Tensor.Empty([1, 3, model.ImageRes, model.ImageRes], DType.F64, model.Backend)
            .FillUniform(-1.5, 1.5, new RandomSource(5).NextKey());
}
