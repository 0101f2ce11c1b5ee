using AmcEngine.Amc.Configuration;
using AmcEngine.Amc.Recordings;
using AmcEngine.Backends;
using AmcEngine.Model;
using AmcEngine.Model.Clip;
using AmcEngine.Model.Modules;
using AmcEngine.Model.Tokenization;
using AmcEngine.Model.Vision;
using AmcEngine.Tensors;

namespace AmcEngine.Amc.Models;

/// <summary>CLIP: <c>model: clip</c>.</summary>
internal sealed class ClipKind : IModelKind
{
    /// <inheritdoc/>
    public string Name => "clip";

    /// <inheritdoc/>
    public string Vocabulary => "CLIP's byte pairs";

    /// <inheritdoc/>
    public string NegativesKey => "contrastive";

    /// <inheritdoc/>
    public ITokenizer Tokenizer(RunConfig config)
    {
        if (config.OptionalText("vocab_file") is { } path)
            return Directory.Exists(path) ? BytePairTokenizer.FromFolder(path) : BytePairTokenizer.FromMerges(path);
        return config.IsGenerated
            ? BytePairTokenizer.Of(BytePairTrainer.Train(ModelKeys.SceneWords(config)))
            : BytePairTokenizer.Clip;
    }

    /// <inheritdoc/>
    public IVisionLanguageModel Create(
        RunConfig config, ITokenizer tokenizer, IBackend backend, bool forTraining, bool draw) =>
        ClipModel.Create(Settings(config, tokenizer), backend, DType.F32, config.Seed, draw);

    /// <inheritdoc/>
    public IReadOnlyList<(string Key, int Value)> Binding(RunConfig config, ITokenizer tokenizer)
    {
        var c = Settings(config, tokenizer);
        return
        [
            .. ModelKeys.Binding(c.Vision),
            ("text_width", c.TextWidth),
            ("text_heads", c.TextHeads),
            ("text_layers", c.TextLayers),
            ("max_positions", c.Context),
            ("vocab_size", c.VocabSize),
            ("embed_dim", c.EmbedDim),
            ("amc.layer", c.AmcLayer ?? c.Vision.Depth - 1),
        ];
    }

    /// <inheritdoc/>
    public IVisionLanguageModel Replay(GoldenCase golden, IBackend backend, DType dtype)
    {
        var model = ClipModel.Create(Settings(golden), backend, dtype, draw: false);
        DeterministicWeights.Fill(model, golden.Number("scale", 0.2));
        return model;
    }

    private ClipConfig Settings(RunConfig config, ITokenizer tokenizer) => new ClipConfig
    {
        Vision = ModelKeys.Vision(config) with { NormEps = ClipConfig.NormEps },
        TextWidth = config.Integer("text_width"),
        TextHeads = config.Integer("text_heads"),
        TextLayers = config.Integer("text_layers"),
        Context = config.Integer("max_positions"),
        VocabSize = ModelKeys.VocabSize(config, ModelKeys.Require<BytePairTokenizer>(tokenizer, Name).VocabSize),
        EmbedDim = config.Integer("embed_dim"),
        Temperature = config.Real("temp"),
        AmcLayer = config.OptionalInteger("amc.layer"),
    }.Validate();

    private static ClipConfig Settings(GoldenCase golden) => new ClipConfig
    {
        Vision = new VisionConfig
        {
            ImageRes = golden.Size("image_res"),
            PatchSize = golden.Size("patch"),
            Width = golden.Size("vision_width"),
            Depth = golden.Size("vision_layers"),
            Heads = golden.Size("vision_heads"),
            NormEps = ClipConfig.NormEps,
        },
        TextWidth = golden.Size("text_width"),
        TextHeads = golden.Size("text_heads"),
        TextLayers = golden.Size("text_layers"),
        Context = golden.Size("context"),
        VocabSize = golden.Size("vocab"),
        EmbedDim = golden.Size("embed"),
        AmcLayer = golden.Size("amc_layer"),
    }.Validate();
}
