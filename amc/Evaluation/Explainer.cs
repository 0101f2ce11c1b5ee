using AmcEngine.DataTools;
using AmcEngine.Memory;
using AmcEngine.Model;
using AmcEngine.Model.Pretraining;
using AmcEngine.Model.Tokenization;
using AmcEngine.Ops;
using AmcEngine.Tensors;

namespace AmcEngine.Amc.Evaluation;

/// <summary>How a picture becomes the model's input at evaluation (specification 7).</summary>
internal enum EvaluationResize
{
    /// <summary>OpenCV's bilinear, as for Flickr30k.</summary>
    Bilinear = 0,

    /// <summary>Pillow's antialiased bicubic, as for RefCOCO+ and RefCLEF.</summary>
    Bicubic = 1,
}

/// <summary>Asks a model where it looks.</summary>
/// <param name="model">The model.</param>
/// <param name="tokenizer">Its tokenizer.</param>
/// <param name="resize">How pictures are resized.</param>
internal sealed class Explainer(Albef model, WordPieceTokenizer tokenizer, EvaluationResize resize)
{
    /// <summary>The model.</summary>
    public Albef Model => model;

    /// <summary>Maps of pictures and phrases, each enlarged to the picture's size times <paramref name="factor"/>.</summary>
    /// <param name="samples">Pictures and phrases of one batch.</param>
    /// <param name="factor">Enlarges the maps for display; 1 for the pointing game.</param>
    public Heatmap[] Explain(IReadOnlyList<EvaluationSample> samples, int factor = 1)
    {
        using var scope = MemoryScope.Begin();
        Tensor cam = model.Explain(Batch(samples)).Cam;
        var maps = new Heatmap[samples.Count];
        for (int i = 0; i < maps.Length; i++)
        {
            int width = samples[i].Picture.Width * factor, height = samples[i].Picture.Height * factor;
            Tensor map = cam.Slice(0, i, i + 1).Interpolate(height, width, InterpolationMode.Bicubic);
            maps[i] = new Heatmap(width, height, map.ToArray<float>());
        }
        return maps;
    }

    private AlbefBatch Batch(IReadOnlyList<EvaluationSample> samples)
    {
        int side = model.Config.ImageRes, pixels = 3 * side * side;
        var images = new float[samples.Count * pixels];
        Parallel.For(0, samples.Count, i =>
        {
            RgbImage picture = samples[i].Picture;
            RgbImage input = resize == EvaluationResize.Bilinear ? ImageOps.ResizeBilinear(picture, side, side) : ImageOps.ResizeBicubic(picture, side, side);
            ImageOps.Normalize(input, ImageOps.DefaultMean, ImageOps.DefaultStd).CopyTo(images, i * pixels);
        });
        // No truncation at evaluation, except where the model has no more positions.
        TokenBatch text = tokenizer.EncodeBatch([.. samples.Select(s => s.Caption)], model.Config.MaxPositions);
        return new AlbefBatch(Tensor.From(images, [samples.Count, 3, side, side], model.Backend), text);
    }
}
