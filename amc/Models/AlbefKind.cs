using AmcEngine.Amc.Configuration;
using AmcEngine.Amc.Recordings;
using AmcEngine.Backends;
using AmcEngine.Model;
using AmcEngine.Model.Albef;
using AmcEngine.Model.Contrastive;
using AmcEngine.Model.Modules;
using AmcEngine.Model.Text;
using AmcEngine.Model.Tokenization;
using AmcEngine.Model.Vision;
using AmcEngine.Tensors;

namespace AmcEngine.Amc.Models;

/// <summary>ALBEF: <c>model: albef</c>.</summary>
internal sealed class AlbefKind : IModelKind
{
    private const string KindName = "albef";

    /// <inheritdoc/>
    public string Name => KindName;

    /// <inheritdoc/>
    public string Vocabulary => "bert-base-uncased";

    /// <inheritdoc/>
    public ITokenizer Tokenizer(RunConfig config) => ModelKeys.WordPieces(config);

    /// <inheritdoc/>
    public IVisionLanguageModel Create(RunConfig config, ITokenizer tokenizer, IBackend backend, bool forTraining) =>
        AlbefModel.Create(Settings(config, tokenizer), backend, DType.F32, config.Seed, forTraining);

    /// <inheritdoc/>
    public IReadOnlyList<(string Key, int Value)> Binding(RunConfig config, ITokenizer tokenizer)
    {
        var c = Settings(config, tokenizer);
        return
        [
            .. ModelKeys.Binding(c.Vision),
            ("text_width", c.Text.Hidden),
            ("text_heads", c.Text.Heads),
            ("text_ffn", c.Text.Intermediate),
            ("text_layers", c.Text.FirstCrossLayer),
            ("fusion_layers", c.Text.Layers - c.Text.FirstCrossLayer),
            ("max_positions", c.Text.MaxPositions),
            ("vocab_size", c.Text.VocabSize),
            ("embed_dim", c.EmbedDim),
            ("amc.layer", c.AmcLayer),
        ];
    }

    /// <inheritdoc/>
    public IVisionLanguageModel Replay(GoldenCase golden, IBackend backend, DType dtype)
    {
        var settings = Settings(golden);
        var model = AlbefModel.Create(settings, backend, dtype);
        DeterministicWeights.Fill(model);
        return model;
    }

    /// <summary>The model's settings by a configuration.</summary>
    /// <exception cref="ModelException">They do not fit together.</exception>
    /// <exception cref="ConfigException">The tokenizer has more words than the model.</exception>
    public static AlbefConfig Settings(RunConfig config, ITokenizer tokenizer)
    {
        var pieces = ModelKeys.Require<WordPieceTokenizer>(tokenizer, KindName);
        int text = config.Integer("text_layers"), fusion = config.Integer("fusion_layers");
        var settings = new AlbefConfig
        {
            Vision = ModelKeys.Vision(config),
            Text = ModelKeys.Bert(config, pieces.VocabSize) with
            {
                Layers = text + fusion,
                FirstCrossLayer = text,
                PadId = pieces.PadId,
                ClsId = pieces.ClsId,
                MaskId = pieces.MaskId,
            },
            Mode = ModelKeys.Mode(config),
            SamePicture = ModelKeys.SamePicture(config) ?? SamePicture.Negative,
            EmbedDim = config.Integer("embed_dim"),
            QueueSize = config.Integer("queue_size"),
            Momentum = config.Real("momentum"),
            Temperature = config.Real("temp"),
            MlmProbability = config.Real("mlm_probability"),
            MlmDistillAxis =
                config.Text("mlm_distill_axis") == "vocab" ? MlmDistillAxis.Vocab : MlmDistillAxis.Sequence,
        };
        var layer = settings.Mode == GroundingMode.Itc ? settings.Vision.Depth - 1 : settings.DefaultLayer;
        return (settings with { AmcLayer = config.OptionalInteger("amc.layer") ?? layer }).Validate();
    }

    private static AlbefConfig Settings(GoldenCase golden) => new AlbefConfig
    {
        Vision = ModelKeys.Vision(golden),
        Text = ModelKeys.Bert(golden) with
        {
            FirstCrossLayer = golden.FirstCrossLayer ?? golden.Size("fusion"),
            PadId = golden.Size("pad"),
            ClsId = golden.Size("cls"),
            MaskId = golden.Size("mask_id"),
        },
        EmbedDim = golden.Size("embed"),
        QueueSize = golden.Size("queue"),
        AmcLayer = golden.Size("amc_layer"),
        Temperature = golden.Number("temp", 0.07),
        Momentum = golden.Number("momentum", 0.995),
        MlmDistillAxis = MlmDistillAxis.Sequence,
    }.Validate();
}
