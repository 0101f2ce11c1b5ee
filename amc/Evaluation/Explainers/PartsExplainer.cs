using AmcEngine.Amc.Configuration;
using AmcEngine.Amc.Explanation;
using AmcEngine.Amc.Explanation.Methods;
using AmcEngine.Amc.Maps;
using AmcEngine.DataTools;
using AmcEngine.Memory;
using AmcEngine.Model;
using AmcEngine.Ops;
using AmcEngine.Tensors;

namespace AmcEngine.Amc.Evaluation.Explainers;

/// <summary>
/// Explains phrases of a picture with their words and by several layers: the picture is encoded once, all phrases go
/// through the model together, and one gradient pass serves every map. By GradCAM, as <see cref="Explainer"/>.
/// </summary>
internal sealed class PartsExplainer
{
    private readonly ExplainedModel _model;
    private readonly IGrounder _grounder;
    private readonly int _explained;
    private readonly int[] _layers;
    private readonly bool _words;

    /// <summary>An explainer.</summary>
    /// <param name="model">The model.</param>
    /// <param name="words">Whether each word has a map.</param>
    /// <param name="layers">Layers that have a map; empty for none, null for all.</param>
    /// <exception cref="ConfigException">The score has no words, or no such layer.</exception>
    public PartsExplainer(ExplainedModel model, bool words, IReadOnlyList<int>? layers)
    {
        var settings = model.Settings ?? new GroundingSettings();
        var grounder = model.Model.Grounder(settings);
        if (words && grounder.Mode != GroundingMode.Itm)
            throw new ConfigException("--words: this model is explained by image-text contrast, whose map is of the "
                + "whole phrase; leave --words out");
        var all = grounder.Layers;
        foreach (var layer in layers ?? [])
        {
            if (!all.Contains(layer))
                throw new ConfigException(FormattableString.Invariant(
                    $"--layers {layer}: {(grounder.Mode == GroundingMode.Itm ? "that layer has no cross attention"
                        : "is no block of the image encoder")}; choose among {all[0]}..{all[^1]}"));
        }
        (_model, _words, _explained) = (model, words, grounder.Layer);
        _layers = [.. layers ?? all];
        // By contrast a picture is encoded up to the lowest layer that is looked at.
        _grounder = model.Model.Grounder(settings with { Layer = _layers.Append(_explained).Min() });
    }

    /// <summary>Explains phrases of one picture.</summary>
    /// <param name="picture">The picture in the model's size.</param>
    /// <param name="phrases">The phrases.</param>
    /// <param name="crop">The square of the picture that it shows; null for all of it.</param>
    public IReadOnlyList<PhraseMaps> Explain(RgbImage picture, IReadOnlyList<string> phrases, CentreCrop? crop)
    {
        using var scope = MemoryScope.Begin();
        var side = _model.Model.ImageRes;
        var pixels = new float[3 * side * side];
        ImageOps.Normalize(picture, ImageOps.DefaultMean, ImageOps.DefaultStd, pixels);
        var image = _grounder.EncodeImages(Tensor.From(pixels, [1, 3, side, side], _model.Model.Backend));
        if (phrases.Count > 1)
            image = image.Select(Tensor.From(new int[phrases.Count], [phrases.Count], _model.Model.Backend));
        var texts = _model.Tokenizer.EncodeBatch([.. phrases], _model.Model.MaxTextLength);
        int[] layers = [.. _layers.Append(_explained).Distinct().Order()];
        var groundings = _grounder.GroundLayers(image, _grounder.EncodeTexts(texts), layers);
        var explained = GradCam.ExplainLayers(groundings);
        var confidence = groundings[0].Confidence!.ToArray<float>();
        float[][] cams = [.. explained.Select(e => e.Cam.ToArray<float>())];
        int grid = groundings[0].Grid, patches = grid * grid, own = Array.IndexOf(layers, _explained);
        return [.. phrases.Select((phrase, i) => new PhraseMaps(phrase, confidence[i],
        [
            new PartMap(MapPart.Sentence, 0, phrase, Map(cams[own].AsSpan(i * patches, patches).ToArray())),
            .. _words ? Words(phrase, i, groundings[own].Map, explained[own].MapGradient).Select((w, n) =>
                new PartMap(MapPart.Word, n, w.Word, Map(w.Values))) : [],
            .. _layers.Select(layer => new PartMap(
                MapPart.Layer, layer, FormattableString.Invariant($"layer {layer}"),
                Map(cams[Array.IndexOf(layers, layer)].AsSpan(i * patches, patches).ToArray()))),
        ]))];

        PatchMap Map(float[] values) => new(grid, values) { Crop = crop };
    }

    // The mean over the rows of a word's pieces; words that the model's longest text cuts off have none.
    private IEnumerable<(string Word, float[] Values)> Words(string phrase, int place, Tensor map, Tensor gradient)
    {
        var row = map.Slice(0, place, place + 1);
        var layer = new AttentionLayer(map.Shape[1], map.Shape[2], map.Shape[3], row.ToDoubles(),
            gradient.Slice(0, place, place + 1).ToDoubles());
        var next = 1;
        foreach (var word in phrase.Split(' ', StringSplitOptions.RemoveEmptyEntries))
        {
            var first = next;
            next += Pieces(word);
            if (next > layer.Queries)
                yield break;
            if (next == first)
                continue;
            var weights = new double[layer.Queries];
            Array.Fill(weights, 1.0 / (next - first), first, next - first);
            var values = new GradCamMethod().Explain(new AttentionInputs { Explained = layer, RowWeights = weights });
            yield return (word, Array.ConvertAll(values, v => (float)v));
        }
    }

    private int Pieces(string word) =>
        _model.Tokenizer.Encode(word, int.MaxValue).Length - (_model.Tokenizer.EndId is null ? 1 : 2);
}
