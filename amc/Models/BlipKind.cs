using AmcEngine.Amc.Configuration;
using AmcEngine.Amc.Recordings;
using AmcEngine.Backends;
using AmcEngine.Model;
using AmcEngine.Model.Blip;
using AmcEngine.Model.Contrastive;
using AmcEngine.Model.Modules;
using AmcEngine.Model.Text;
using AmcEngine.Model.Tokenization;
using AmcEngine.Tensors;

namespace AmcEngine.Amc.Models;

/// <summary>BLIP's image-text matching: <c>model: blip</c>.</summary>
internal sealed class BlipKind : IModelKind
{
    /// <inheritdoc/>
    public string Name => "blip";

    /// <inheritdoc/>
    public string Vocabulary => "bert-base-uncased with [DEC] and [ENC]";

    /// <inheritdoc/>
    public bool ExplainsWords => true;

    /// <inheritdoc/>
    public ITokenizer Tokenizer(RunConfig config) => BlipTokenizer.Over(ModelKeys.WordPieces(config));

    /// <inheritdoc/>
    public IVisionLanguageModel Create(RunConfig config, ITokenizer tokenizer, IBackend backend, bool forTraining) =>
        BlipModel.Create(Settings(config, tokenizer), backend, DType.F32, config.Seed, forTraining);

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
            ("text_layers", c.Text.Layers),
            ("max_positions", c.Text.MaxPositions),
            ("vocab_size", c.Text.VocabSize),
            ("embed_dim", c.EmbedDim),
            ("amc.layer", c.AmcLayer),
        ];
    }

    /// <inheritdoc/>
    public IVisionLanguageModel Replay(GoldenCase golden, IBackend backend, DType dtype)
    {
        var model = BlipModel.Create(Settings(golden), backend, dtype);
        DeterministicWeights.Fill(model, golden.Number("scale", 0.2), queuesInOwnType: true);
        return model;
    }

    private BlipConfig Settings(RunConfig config, ITokenizer tokenizer)
    {
        var pieces = ModelKeys.Require<BlipTokenizer>(tokenizer, Name);
        var settings = new BlipConfig
        {
            Vision = ModelKeys.Vision(config),
            Text = BlipConfig.EncoderOf(ModelKeys.Bert(config, pieces.VocabSize) with
            {
                Layers = config.Integer("text_layers"),
                PadId = pieces.PadId,
                ClsId = pieces.StartId,
                MaskId = pieces.StartId,
            }),
            EncId = pieces.EncId,
            Mode = ModelKeys.Mode(config),
            SamePicture = ModelKeys.SamePicture(config) ?? SamePicture.Positive,
            EmbedDim = config.Integer("embed_dim"),
            QueueSize = config.Integer("queue_size"),
            Momentum = config.Real("momentum"),
            Temperature = config.Real("temp"),
        };
        var layer = settings.Mode == GroundingMode.Itc ? settings.Vision.Depth - 1 : settings.DefaultLayer;
        return (settings with { AmcLayer = config.OptionalInteger("amc.layer") ?? layer }).Validate();
    }

    private static BlipConfig Settings(GoldenCase golden) => new BlipConfig
    {
        Vision = ModelKeys.Vision(golden),
        Text = BlipConfig.EncoderOf(
            ModelKeys.Bert(golden) with { ClsId = golden.Size("cls"), MaskId = golden.Size("cls") }),
        EncId = golden.Size("enc"),
        EmbedDim = golden.Size("embed"),
        QueueSize = golden.Size("queue"),
        AmcLayer = golden.Size("amc_layer"),
        Temperature = golden.Number("temp", 0.07),
        Momentum = golden.Number("momentum", 0.995),
    }.Validate();
}
