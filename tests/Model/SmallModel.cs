using AmcEngine.Amc.Explanation;
using AmcEngine.Backends;
using AmcEngine.Memory;
using AmcEngine.Model;
using AmcEngine.Model.Albef;
using AmcEngine.Model.Contrastive;
using AmcEngine.Model.Text;
using AmcEngine.Model.Tokenization;
using AmcEngine.Model.Vision;
using AmcEngine.Ops;
using AmcEngine.Tensors;

namespace AmcEngine.Tests.Model;

/// <summary>A model of width 8 with two heads and four text layers, and batches for it.</summary>
internal static class SmallModel
{
    public static AlbefConfig Config { get; } = new()
    {
        Vision = new VisionConfig
        {
            ImageRes = 8,
            PatchSize = 4,
            Width = 8,
            Depth = 2,
            Heads = 2,
            MlpRatio = 2,
        },
        Text = new TextConfig
        {
            Hidden = 8,
            Heads = 2,
            Intermediate = 16,
            Layers = 4,
            FirstCrossLayer = 2,
            VocabSize = 20,
            MaxPositions = 10,
            ClsId = 1,
            MaskId = 2,
        },
        EmbedDim = 4,
        QueueSize = 8,
        AmcLayer = 2,
    };

    /// <summary>Weights large enough that every path of the objective carries signal.</summary>
    public static AlbefModel Create(IBackend backend, DType dtype = DType.F64, AlbefConfig? config = null) =>
        AlbefModel.Create(config ?? Config, backend, dtype, seed: 7).WithLargeWeights();

    /// <summary>GradCAM <c>[B, n, n]</c> and match logit <c>[B]</c> of each pair, in evaluation mode.</summary>
    public static (Tensor Cam, Tensor Score) Explain(
        this IVisionLanguageModel model, PairBatch batch, int? layer = null)
    {
        using var scope = MemoryScope.Begin();
        var grounder = model.Grounder(new GroundingSettings(Layer: layer));
        var grounding = grounder.Ground(grounder.EncodeImages(batch.Image), grounder.EncodeTexts(batch.Text));
        return (scope.Keep(GradCam.Explain(grounding)), scope.Keep(grounding.Score.Detach()));
    }

    /// <summary>Random images with texts of 6, 4 and 5 tokens (and so on).</summary>
    public static PairBatch Batch(AlbefModel model, int count = 3, int length = 6, ulong seed = 5)
    {
        var config = model.Config;
        var random = new RandomSource(seed);
        var image = Tensor.Empty([count, 3, config.Vision.ImageRes, config.Vision.ImageRes], model.DType, model.Backend)
            .FillUniform(-1.5, 1.5, random.NextKey());
        var (ids, mask) = (new int[count * length], new int[count * length]);
        var draws = random.Uniforms(ids.Length);
        for (var i = 0; i < ids.Length; i++)
        {
            var (row, column) = (i / length, i % length);
            if (column >= length - row * 2 % 3) continue;
            mask[i] = 1;
            ids[i] = column == 0 ? config.Text.ClsId : 3 + (int)(draws[i] * (config.Text.VocabSize - 3));
        }
        return new PairBatch(image, new TokenBatch(ids, mask, count, length));
    }
}
