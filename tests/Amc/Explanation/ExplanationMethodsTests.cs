using AmcEngine.Amc.Explanation.Methods;
using AmcEngine.Serialization;
using AmcEngine.Tensors;
using AmcEngine.Tests.Engine;
using NUnit.Framework;

namespace AmcEngine.Tests.Amc.Explanation;

/// <summary>Explanation methods against the recorded ones, and against sums written out by hand.</summary>
[TestFixture]
public sealed class ExplanationMethodsTests
{
    // Other shapes of the recording are replayed too, whose sums are longer.
    private const double Allowed = 1e-14;

    [Test, Category("Golden")]
    public void Rollout_and_relevance_of_a_tower_are_the_recorded_ones()
    {
        using var golden = SafetensorsReader.Open(GoldenFiles.Require("explanation-methods.safetensors"));
        var inputs = new AttentionInputs { Picture = Layers(golden, "vit") };
        Closeness.AreClose("rollout", new Rollout().Explain(inputs), golden["vit/rollout"].ToF64(), Allowed);
        Closeness.AreClose("relevance", new Relevance().Explain(inputs), golden["vit/relevance"].ToF64(), Allowed);
    }

    [Test, Category("Golden")]
    public void Relevance_of_text_and_picture_is_the_recorded_one()
    {
        using var golden = SafetensorsReader.Open(GoldenFiles.Require("explanation-methods.safetensors"));
        TextLayer[] text =
            [.. Layers(golden, "text_self").Zip(Layers(golden, "cross"), (self, cross) => new TextLayer(self, cross))];
        var inputs = new AttentionInputs { Picture = Layers(golden, "image_self"), Fusion = text };
        var all = Relevance.OfBoth(inputs.Picture, text);
        Closeness.AreClose("R_tt", all.TextToText.Values, golden["fusion/R_tt"].ToF64(), Allowed);
        Closeness.AreClose("R_ti", all.TextToPicture.Values, golden["fusion/R_ti"].ToF64(), Allowed);
        Closeness.AreClose("R_ii", all.PictureToPicture.Values, golden["fusion/R_ii"].ToF64(), Allowed);
        Closeness.AreClose(
            "class token", new Relevance().Explain(inputs), golden["fusion/relevance_class_token"].ToF64(), Allowed);
    }

    [Test]
    public void Text_layers_below_the_picture_move_the_text_alone()
    {
        var random = new Random(3);
        AttentionLayer picture = Some(random, 2, 5, 5), lower = Some(random, 2, 3, 3), upper = Some(random, 2, 3, 3),
            cross = Some(random, 2, 3, 5);
        var both = Relevance.OfBoth([picture], [new TextLayer(lower, null), new TextLayer(upper, cross)]);
        Closeness.AreClose("R_tt", both.TextToText.Values, Relevance.OfOne([lower, upper]).Values, 1e-15);
        Assert.That(
            new Relevance().Explain(new AttentionInputs { Picture = [picture], Fusion = [new TextLayer(lower, null)] }),
            Is.EqualTo(Relevance.OfOne([picture]).PatchesOf(0)), "without cross-attention it is of one modality");
    }

    [Test]
    public void Without_positive_gradients_nothing_is_relevant_and_nothing_is_NaN()
    {
        AttentionLayer Flat(int queries, int keys) =>
            new(1, queries, keys, Enumerable.Repeat(0.2, queries * keys).ToArray(), new double[queries * keys]);
        var both = Relevance.OfBoth([Flat(5, 5)], [new TextLayer(Flat(2, 2), Flat(2, 5))]);
        Assert.That(both.TextToPicture.Values, Is.All.Zero);
        Assert.That(both.TextToText.Values, Is.EqualTo(new double[] { 1, 0, 0, 1 }));
    }

    [Test]
    public void Methods_of_one_layer_are_their_formulas()
    {
        const int Heads = 3, Rows = 4, Keys = 6;
        var layer = Some(new Random(5), Heads, Rows, Keys);
        double[] weights = [0.5, 0, 0.25, 0.25];
        var inputs = new AttentionInputs { Explained = layer, RowWeights = weights };
        double[] cam = new double[Keys - 1], raw = new double[Keys - 1], plus = new double[Keys - 1];
        for (var h = 0; h < Heads; h++)
            for (var q = 0; q < Rows; q++)
            {
                double total = 0, weight = 0;
                for (var k = 1; k < Keys; k++) total += layer.Map(h)[q * Keys + k];
                for (var k = 1; k < Keys; k++)
                {
                    var g = layer.Gradient(h)[q * Keys + k];
                    if (g > 0) weight += g / (2 + total * g);
                }
                for (var k = 1; k < Keys; k++)
                {
                    double a = layer.Map(h)[q * Keys + k], g = layer.Gradient(h)[q * Keys + k];
                    cam[k - 1] += weights[q] * a * Math.Max(g, 0) / Heads;
                    raw[k - 1] += weights[q] * a / Heads;
                    plus[k - 1] += weights[q] * a * weight / Heads;
                }
            }
        Closeness.AreClose("gradcam", new GradCamMethod().Explain(inputs), cam, 1e-15);
        Closeness.AreClose("attention", new RawAttention().Explain(inputs), raw, 1e-15);
        Closeness.AreClose("gradcam++", new GradCamPlusPlus().Explain(inputs), plus, 1e-15);
        Assert.That(
            () => new RawAttention().Explain(inputs with { RowWeights = [1] }), Throws.InvalidOperationException);
    }

    [Test]
    public void GradCAM_is_that_of_training()
    {
        const int Heads = 2, Rows = 3, Keys = 5;
        var layer = Some(new Random(7), Heads, Rows, Keys);
        Tensor Of(Func<int, double[]> head) =>
            Tensor.From([.. Enumerable.Range(0, Heads).SelectMany(head)], [1, Heads, Rows, Keys], TestBackends.Cpu);
        using Tensor map = Of(h => layer.Map(h).ToArray()), gradient = Of(h => layer.Gradient(h).ToArray());
        using var mask = Tensor.From(new double[] { 1, 1, 0 }, [1, Rows], TestBackends.Cpu);
        using var trained = AmcEngine.Ops.Explanation.GradCam(map, gradient, mask);
        var inputs = new AttentionInputs { Explained = layer, RowWeights = [1.0 / 3, 1.0 / 3, 0] };
        Closeness.AreClose("gradcam", new GradCamMethod().Explain(inputs), trained.ToDoubles(), 1e-15);
    }

    [Test]
    public void Grad_ECLIP_is_its_formula()
    {
        // Patches: along the query, opposite to it, across it.
        var keys = Filled(4, 2, [9, 9, 2, 0, -1, 0, 0, 3]);
        var values = Filled(4, 2, [9, 9, 1, 2, 5, 5, -1, 4]);
        double[] Of(double[] gradient) => GradEclip.Explain(new ClassAttention([4, 0], keys, values, gradient));
        Assert.That(Of([1, 0.5]), Is.EqualTo(new[] { 2, 0, 0.5 }));
        Assert.That(Of([-1, -0.5]), Is.EqualTo(new double[] { 0, 0, 0 }));
        Assert.That(GradEclip.Explain(new ClassAttention([0, 0], keys, values, [1, 0])),
            Is.EqualTo(new double[] { 1, 5, 0 }), "no similarity tells no patch");
    }

    [Test]
    public void RISE_finds_the_pixels_that_the_score_depends_on()
    {
        const int Side = 24;
        var options = new RiseOptions(Masks: 600, Cells: 4, Batch: 64, Seed: 1);
        double[] Explain(RiseOptions o) => new Rise(o).Explain(masks =>
        {
            var scores = new double[masks.Length / (Side * Side)];
            for (var i = 0; i < scores.Length; i++) scores[i] = masks[i * Side * Side + 5 * Side + 17];
            return scores;
        }, Side);
        var map = Explain(options);
        // Neighbours within half a cell of 6 pixels are kept by nearly the same masks.
        var best = Array.IndexOf(map, map.Max());
        Assert.That(best / Side, Is.InRange(2, 8));
        Assert.That(best % Side, Is.InRange(14, 20));
        // The score is the mask at one pixel: there the map is E[m²]/p, and far away E[m]²/p = ½.
        Closeness.Near("far away", map[20 * Side + 3], 0.5, 0.1);
        Assert.That(Explain(options with { Batch = 7 }), Is.EqualTo(map), "the batch decides nothing");
        Assert.That(Explain(options with { Seed = 2 }), Is.Not.EqualTo(map));
        Assert.That(() => new Rise(options).Explain(_ => [], Side), Throws.InvalidOperationException);
    }

    /// <summary>However few the masks, and however unevenly they keep the pixels.</summary>
    [Test]
    public void A_score_that_no_mask_changes_is_the_same_everywhere()
    {
        var map = new Rise(new RiseOptions(Masks: 40)).Explain(
            masks => [.. Enumerable.Repeat(0.7, masks.Length / 100)], 10);
        Closeness.AreClose("map", map, [.. Enumerable.Repeat(0.7, 100)], 1e-14);
    }

    [Test]
    public void Masks_keep_the_share_that_they_are_to_keep()
    {
        double sum = 0, count = 0;
        var extremes = (Low: 1f, High: 0f);
        _ = new Rise(new RiseOptions(Masks: 800, Kept: 0.3)).Explain(masks =>
        {
            foreach (var m in masks)
            {
                (sum, count) = (sum + m, count + 1);
                extremes = (Math.Min(extremes.Low, m), Math.Max(extremes.High, m));
            }
            return new double[masks.Length / 100];
        }, 10);
        Closeness.Near("share", sum / count, 0.3, 0.02);
        Assert.That(extremes, Is.EqualTo((0f, 1f)));
    }

    [Test]
    public void Every_method_is_found_by_its_name()
    {
        string[] names = ["gradcam", "gradcam++", "attention", "rollout", "relevance", "grad-eclip", "rise"];
        Assert.That(ExplanationMethods.All.Select(m => m.Name), Is.EqualTo(names));
        Assert.That(names.Select(ExplanationMethods.Find), Is.EqualTo(ExplanationMethods.All));
        Assert.That(ExplanationMethods.Find("layercam"), Is.Null);
    }

    private static AttentionLayer[] Layers(SafetensorsReader golden, string name)
    {
        var extents = golden[$"{name}/maps"].Shape;
        int layers = (int)extents[0], heads = (int)extents[1], queries = (int)extents[2], keys = (int)extents[3];
        double[] maps = golden[$"{name}/maps"].ToF64(), gradients = golden[$"{name}/grads"].ToF64();
        var size = heads * queries * keys;
        return [.. Enumerable.Range(0, layers).Select(i =>
            new AttentionLayer(
                heads, queries, keys, maps[(i * size)..((i + 1) * size)], gradients[(i * size)..((i + 1) * size)]))];
    }

    private static AttentionLayer Some(Random random, int heads, int queries, int keys)
    {
        double[] Draw(double low) =>
            [.. Enumerable.Range(0, heads * queries * keys).Select(_ => low + random.NextDouble())];
        return new AttentionLayer(heads, queries, keys, Draw(0), Draw(-0.5));
    }

    private static Matrix Filled(int rows, int columns, double[] values)
    {
        var matrix = new Matrix(rows, columns);
        values.CopyTo(matrix.Values, 0);
        return matrix;
    }
}
