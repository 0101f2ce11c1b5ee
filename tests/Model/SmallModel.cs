using AmcEngine.Backends;
using AmcEngine.Model;
using AmcEngine.Model.Pretraining;
using AmcEngine.Model.Tokenization;
using AmcEngine.Ops;
using AmcEngine.Tensors;

namespace AmcEngine.Tests.Model;

/// <summary>A model of width 8 with two heads and four text layers, and batches for it.</summary>
internal static class SmallModel
{
    public static AlbefConfig Config { get; } = new()
    {
        ImageRes = 8,
        PatchSize = 4,
        VisionWidth = 8,
        VisionDepth = 2,
        VisionHeads = 2,
        VisionMlpRatio = 2,
        TextHidden = 8,
        TextHeads = 2,
        TextIntermediate = 16,
        TextLayers = 4,
        FusionLayer = 2,
        VocabSize = 20,
        MaxPositions = 10,
        EmbedDim = 4,
        QueueSize = 8,
        AmcLayer = 2,
        ClsId = 1,
        MaskId = 2,
    };

    /// <summary>Weights large enough that every path of the objective carries signal.</summary>
    public static Albef Create(IBackend backend, DType dtype = DType.F64, AlbefConfig? config = null)
    {
        var model = Albef.Create(config ?? Config, backend, dtype, seed: 7);
        var random = new RandomSource(11);
        foreach (var p in model.Trainable.Where(p => p.Name != "temp")) p.Value.FillUniform(-0.4, 0.4, random.NextKey());
        model.CopyStudentToMomentum();
        return model;
    }

    /// <summary>Random images with texts of 6, 4 and 5 tokens (and so on).</summary>
    public static AlbefBatch Batch(Albef model, int count = 3, int length = 6, ulong seed = 5)
    {
        var config = model.Config;
        var random = new RandomSource(seed);
        var image = Tensor.Empty([count, 3, config.ImageRes, config.ImageRes], model.DType, model.Backend)
            .FillUniform(-1.5, 1.5, random.NextKey());
        var (ids, mask) = (new int[count * length], new int[count * length]);
        var draws = random.Uniforms(ids.Length);
        for (var i = 0; i < ids.Length; i++)
        {
            var (row, column) = (i / length, i % length);
            if (column >= length - row * 2 % 3) continue;
            mask[i] = 1;
            ids[i] = column == 0 ? config.ClsId : 3 + (int)(draws[i] * (config.VocabSize - 3));
        }
        return new AlbefBatch(image, new TokenBatch(ids, mask, count, length));
    }
}
