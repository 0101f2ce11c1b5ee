using AmcEngine.Model.Tokenization;

namespace AmcEngine.Model;

/// <summary>Axis over which the student's log-softmax of the MLM distillation term is normalised (specification 2.6).</summary>
public enum MlmDistillAxis
{
    /// <summary>Over the positions of the text, padding included: what the AMC implementation does.</summary>
    Sequence,

    /// <summary>Over the vocabulary: ALBEF after its correction of March 2022.</summary>
    Vocab,
}

/// <summary>
/// Every size of ALBEF (specification 1 and 2). The defaults are those of the published model: ViT-B/16 at 256 pixels
/// and a BERT-base whose upper six layers attend to the image.
/// </summary>
public sealed record AlbefConfig
{
    /// <summary>Side of the square input image in pixels.</summary>
    public int ImageRes { get; init; } = 256;

    /// <summary>Side of a square patch in pixels.</summary>
    public int PatchSize { get; init; } = 16;

    /// <summary>Width of an image token.</summary>
    public int VisionWidth { get; init; } = 768;

    /// <summary>Blocks of the vision transformer.</summary>
    public int VisionDepth { get; init; } = 12;

    /// <summary>Attention heads of a vision block.</summary>
    public int VisionHeads { get; init; } = 12;

    /// <summary>Hidden width of a vision block's MLP in multiples of <see cref="VisionWidth"/>.</summary>
    public double VisionMlpRatio { get; init; } = 4;

    /// <summary>Width of a text token.</summary>
    public int TextHidden { get; init; } = 768;

    /// <summary>Attention heads of a text layer (self and cross attention).</summary>
    public int TextHeads { get; init; } = 12;

    /// <summary>Hidden width of a text layer's feed-forward part.</summary>
    public int TextIntermediate { get; init; } = 3072;

    /// <summary>Text layers, fusion layers included.</summary>
    public int TextLayers { get; init; } = 12;

    /// <summary>First layer with cross attention; all layers from here on are fusion layers.</summary>
    public int FusionLayer { get; init; } = 6;

    /// <summary>Word pieces.</summary>
    public int VocabSize { get; init; } = 30522;

    /// <summary>Longest text in word pieces.</summary>
    public int MaxPositions { get; init; } = 512;

    /// <summary>Token types; type 0 is the only one that is used.</summary>
    public int TypeVocabSize { get; init; } = 2;

    /// <summary>Width of the contrastive features.</summary>
    public int EmbedDim { get; init; } = 256;

    /// <summary>Columns of the feature queues.</summary>
    public int QueueSize { get; init; } = 65536;

    /// <summary>Momentum of the teacher's weights.</summary>
    public double Momentum { get; init; } = 0.995;

    /// <summary>Initial temperature of the contrastive similarities.</summary>
    public double Temperature { get; init; } = 0.07;

    /// <summary>Dropout of the text encoder's embeddings and dense outputs.</summary>
    public double HiddenDropout { get; init; } = 0.1;

    /// <summary>Dropout of the text encoder's attention weights.</summary>
    public double AttentionDropout { get; init; } = 0.1;

    /// <summary>The fusion layer whose cross-attention map explains the prediction (0-based).</summary>
    public int AmcLayer { get; init; } = 8;

    /// <summary>Probability that a word piece is selected for masked language modelling.</summary>
    public double MlmProbability { get; init; } = 0.15;

    /// <summary>Axis of the distillation term; <see cref="MlmDistillAxis.Sequence"/> reproduces AMC.</summary>
    public MlmDistillAxis MlmDistillAxis { get; init; } = MlmDistillAxis.Sequence;

    /// <summary>Id of <c>[PAD]</c>.</summary>
    public int PadId { get; init; }

    /// <summary>Id of <c>[CLS]</c>.</summary>
    public int ClsId { get; init; } = 101;

    /// <summary>Id of <c>[MASK]</c>.</summary>
    public int MaskId { get; init; } = 103;

    /// <summary>Patches along one side of the image.</summary>
    public int Grid => ImageRes / PatchSize;

    /// <summary>Image tokens: the class token and one a patch.</summary>
    public int ImageTokens => 1 + Grid * Grid;

    /// <summary>Hidden width of a vision block's MLP.</summary>
    public int VisionMlpWidth => (int)(VisionWidth * VisionMlpRatio);

    /// <summary>This configuration with the vocabulary size and special ids of a tokenizer.</summary>
    public AlbefConfig WithTokenizer(WordPieceTokenizer tokenizer) => this with
    {
        VocabSize = tokenizer.VocabSize,
        PadId = tokenizer.PadId,
        ClsId = tokenizer.ClsId,
        MaskId = tokenizer.MaskId,
    };

    /// <summary>Checks that the sizes fit together and returns this configuration.</summary>
    /// <exception cref="ModelException">They do not; the message names the first misfit.</exception>
    public AlbefConfig Validate()
    {
        RequirePositive();
        Require(ImageRes % PatchSize == 0, $"image_res {ImageRes} is not a multiple of the patch size {PatchSize}");
        Require(VisionWidth % VisionHeads == 0, $"vision width {VisionWidth} is not divisible by {VisionHeads} heads");
        Require(TextHidden % TextHeads == 0, $"text hidden size {TextHidden} is not divisible by {TextHeads} heads");
        Require(VisionMlpWidth > 0, $"vision MLP ratio {VisionMlpRatio} leaves no hidden unit");
        Require(FusionLayer >= 0 && FusionLayer < TextLayers,
            $"the first fusion layer is {FusionLayer}; with {TextLayers} text layers it lies in 0..{TextLayers - 1}");
        Require(AmcLayer >= FusionLayer && AmcLayer < TextLayers,
            $"the AMC layer {AmcLayer} has no cross attention; choose one of the fusion layers {FusionLayer}..{TextLayers - 1}");
        RequireProbability(Momentum, "momentum", 1);
        RequireProbability(HiddenDropout, "hidden dropout", 1);
        RequireProbability(AttentionDropout, "attention dropout", 1);
        Require(MlmProbability is >= 0 and <= 1, $"MLM probability {MlmProbability} is not in [0, 1]");
        Require(Temperature > 0 && double.IsFinite(Temperature), $"temperature {Temperature} is not positive");
        foreach (var (name, id) in new[] { ("pad", PadId), ("cls", ClsId), ("mask", MaskId) })
            Require(id >= 0 && id < VocabSize, $"the {name} id {id} is not in the vocabulary of {VocabSize}");
        return this;
    }

    private void RequirePositive()
    {
        (string Name, int Value)[] sizes =
        [
            ("image_res", ImageRes), ("patch size", PatchSize), ("vision width", VisionWidth), ("vision depth", VisionDepth),
            ("vision heads", VisionHeads), ("text hidden size", TextHidden), ("text heads", TextHeads),
            ("text intermediate size", TextIntermediate), ("text layers", TextLayers), ("vocabulary size", VocabSize),
            ("max positions", MaxPositions), ("type vocabulary size", TypeVocabSize), ("embed_dim", EmbedDim), ("queue_size", QueueSize),
        ];
        foreach (var (name, value) in sizes) Require(value > 0, $"{name} is {value}; it must be at least 1");
    }

    private static void RequireProbability(double value, string name, double below) =>
        Require(value >= 0 && value < below, $"{name} {value} is not in [0, {below})");

    private static void Require(bool condition, string problem)
    {
        if (!condition) throw new ModelException($"model configuration: {problem}");
    }
}
