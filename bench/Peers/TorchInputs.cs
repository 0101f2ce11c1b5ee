using System.Runtime.InteropServices;
using System.Text.Json;
using AmcEngine.Amc.Configuration;
using AmcEngine.Amc.Data;
using AmcEngine.Amc.Models;
using AmcEngine.Bench.Harness;
using AmcEngine.Files;
using AmcEngine.Model;
using AmcEngine.Model.Albef;
using AmcEngine.Model.Contrastive;
using AmcEngine.Model.Text;
using AmcEngine.Serialization;

namespace AmcEngine.Bench.Peers;

/// <summary>
/// What PyTorch's side of a training step reads: sizes and weights of a configuration, and the first batches that the
/// engine's side trains on too.
/// </summary>
internal static class TorchInputs
{
    // The peer takes them in turn: texts differ in length.
    private const int MostBatches = 8;

    /// <summary>Refuses what the peer does not have.</summary>
    /// <exception cref="ArgumentsException">The configuration trains something else.</exception>
    public static void Require(RunConfig config)
    {
        var other = config.Model != "albef" ? $"model {config.Model}"
            : config.Truth("add_selfeq") ? "add_selfeq"
            : ModelKeys.Mode(config) == GroundingMode.Itc ? "explain.mode itc"
            : ModelKeys.SamePicture(config) == SamePicture.Positive ? "same_picture positive" : null;
        if (other is not null) throw new ArgumentsException($"bench step: --peer: {config.Path} has {other}; "
            + "the peer trains model albef with AMC on its matching score alone, to which each picture has one right "
            + "text, so leave --peer out");
    }

    /// <summary>The settings of a configuration as the peer names them.</summary>
    /// <param name="config">The configuration.</param>
    /// <param name="lean">Whether work that changes no loss is left out, as the engine leaves it out.</param>
    public static string Settings(RunConfig config, bool lean) => Json(
        AlbefKind.Settings(config, DataSources.Tokenizer(config)), lean, new Dictionary<string, object>
        {
            ["alpha"] = config.Real("alpha"),
            ["add_amc"] = config.Truth("add_gcam"),
            ["mean_weight"] = config.Real("amc.mean_weight"),
            ["mean_margin"] = config.Real("amc.mean_margin"),
            ["max_weight"] = config.Real("amc.max_weight"),
            ["max_margin"] = config.Real("amc.max_margin"),
            ["learning_rate"] = config.Real("optimizer.lr"),
            ["weight_decay"] = config.Real("optimizer.weight_decay"),
        });

    /// <summary>The published model's sizes.</summary>
    public static string Settings() => Json(new AlbefConfig(), true, []);

    /// <summary>Writes the run's first batches to a safetensors file.</summary>
    public static void WriteBatches(RunConfig config, string path)
    {
        using var loader = new BatchLoader(DataSources.Train(config), DataSources.Tokenizer(config), config.BatchSize,
            config.Integer("max_tokens"), config.Seed, config.OptionalInteger("min_tokens") ?? 0);
        var tensors = new List<TensorData>();
        for (var i = 0; i < Math.Min(MostBatches, loader.StepsPerEpoch); i++)
        {
            var batch = loader.Get(i);
            long count = batch.Text.Count, length = batch.Text.Length, side = batch.Side;
            var pixels = batch.Side * batch.Side;
            long[] has = [.. Enumerable.Range(0, batch.Text.Count).Select(
                s => batch.Masks.AsSpan(s * pixels, pixels).ContainsAnyExcept(0f) ? 1L : 0L)];
            // The loader writes the batch after the next into the same arrays.
            tensors.AddRange(
                TensorData.From($"{i}/image", [count, 3, side, side], [.. batch.Images]),
                TensorData.From($"{i}/region", [count, side, side], [.. batch.Masks]),
                TensorData.From($"{i}/ids", [count, length], Array.ConvertAll(batch.Text.Ids, v => (long)v)),
                TensorData.From($"{i}/mask", [count, length], Array.ConvertAll(batch.Text.Mask, v => (long)v)),
                TensorData.From($"{i}/has_region", [count], has));
        }
        SafetensorsWriter.Write(path, tensors);
    }

    private static string Json(AlbefConfig c, bool lean, Dictionary<string, object> more)
    {
        var settings = new Dictionary<string, object>(more)
        {
            ["image_res"] = c.Vision.ImageRes,
            ["patch"] = c.Vision.PatchSize,
            ["vision_width"] = c.Vision.Width,
            ["vision_depth"] = c.Vision.Depth,
            ["vision_heads"] = c.Vision.Heads,
            ["mlp_ratio"] = c.Vision.MlpRatio,
            ["hidden"] = c.Text.Hidden,
            ["heads"] = c.Text.Heads,
            ["intermediate"] = c.Text.Intermediate,
            ["layers"] = c.Text.Layers,
            ["first_cross_layer"] = c.Text.FirstCrossLayer,
            ["vocab"] = c.Text.VocabSize,
            ["max_positions"] = c.Text.MaxPositions,
            ["hidden_dropout"] = c.Text.HiddenDropout,
            ["attention_dropout"] = c.Text.AttentionDropout,
            ["pad_id"] = c.Text.PadId,
            ["cls_id"] = c.Text.ClsId,
            ["mask_id"] = c.Text.MaskId,
            ["embed_dim"] = c.EmbedDim,
            ["queue_size"] = c.QueueSize,
            ["amc_layer"] = c.AmcLayer,
            ["momentum"] = c.Momentum,
            ["temperature"] = c.Temperature,
            ["mlm_probability"] = c.MlmProbability,
            ["distill_over_sequence"] = c.MlmDistillAxis == MlmDistillAxis.Sequence,
            ["lean"] = lean,
        };
        return JsonSerializer.Serialize(settings);
    }
}
