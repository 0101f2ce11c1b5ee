using AmcEngine.Model.Modules;

namespace AmcEngine.Model.Text;

/// <summary>
/// Sizes of a <see cref="BertEncoder"/>. The defaults are those of BERT-base whose upper six layers attend to an image
/// (specification 2).
/// </summary>
public sealed record TextConfig
{
    /// <summary>Width of a text token.</summary>
    public int Hidden { get; init; } = 768;

    /// <summary>Attention heads of a layer (self and cross attention).</summary>
    public int Heads { get; init; } = 12;

    /// <summary>Hidden width of a layer's feed-forward part.</summary>
    public int Intermediate { get; init; } = 3072;

    /// <summary>Layers, those with cross attention included.</summary>
    public int Layers { get; init; } = 12;

    /// <summary>First layer with cross attention; all layers from here on have it.</summary>
    public int FirstCrossLayer { get; init; } = 6;

    /// <summary>
    /// Layers of text mode, which runs without an image: by default those below the first with cross attention.
    /// </summary>
    public int? TextModeLayers { get; init; }

    /// <summary>Word pieces.</summary>
    public int VocabSize { get; init; } = 30522;

    /// <summary>Longest text in word pieces.</summary>
    public int MaxPositions { get; init; } = 512;

    /// <summary>Token types, of which type 0 alone is used; 0 where the model has no such table.</summary>
    public int TypeVocabSize { get; init; } = 2;

    /// <summary>Dropout of the embeddings and dense outputs.</summary>
    public double HiddenDropout { get; init; } = 0.1;

    /// <summary>Dropout of the attention weights.</summary>
    public double AttentionDropout { get; init; } = 0.1;

    /// <summary>Eps of the layer norms.</summary>
    public double NormEps { get; init; } = 1e-12;

    /// <summary>Id of <c>[PAD]</c>.</summary>
    public int PadId { get; init; }

    /// <summary>Id of <c>[CLS]</c>.</summary>
    public int ClsId { get; init; } = 101;

    /// <summary>Id of <c>[MASK]</c>.</summary>
    public int MaskId { get; init; } = 103;

    /// <summary>Checks that the sizes fit together and returns this configuration.</summary>
    /// <exception cref="ModelException">They do not; the message names the first misfit.</exception>
    public TextConfig Validate()
    {
        SizeRules.RequirePositive(
            ("text hidden size", Hidden), ("text heads", Heads), ("text intermediate size", Intermediate),
            ("text layers", Layers), ("vocabulary size", VocabSize), ("max positions", MaxPositions));
        SizeRules.Require(TypeVocabSize >= 0, $"type vocabulary size is {TypeVocabSize}; it must be at least 0");
        SizeRules.Require(Hidden % Heads == 0, $"text hidden size {Hidden} is not divisible by {Heads} heads");
        SizeRules.Require(FirstCrossLayer >= 0 && FirstCrossLayer < Layers,
            $"the first fusion layer is {FirstCrossLayer}; with {Layers} text layers it lies in 0..{Layers - 1}");
        SizeRules.RequireProbability(HiddenDropout, "hidden dropout", 1);
        SizeRules.RequireProbability(AttentionDropout, "attention dropout", 1);
        foreach (var (name, id) in new[] { ("pad", PadId), ("cls", ClsId), ("mask", MaskId) })
            SizeRules.Require(id >= 0 && id < VocabSize, $"the {name} id {id} is not in the vocabulary of {VocabSize}");
        return this;
    }
}
