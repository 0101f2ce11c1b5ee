using AmcEngine.Serialization;

namespace AmcEngine.Model.Checkpoints;

/// <summary>
/// An encoder that was trained without the model around it, as the reference's training starts from: BERT for texts,
/// DeiT for pictures (specification 1 and 2.8).
/// </summary>
public sealed class PretrainedEncoder
{
    private const string BertLevel = "bert.";

    private readonly Func<string, string> _rename;
    private readonly string[] _extras;

    private PretrainedEncoder(string part, Func<string, string> rename, string[] extras) =>
        (Part, _rename, _extras) = (part, rename, extras);

    /// <summary>
    /// BERT, as Hugging Face and Google's conversions name it: with or without <c>bert.</c>, norms with <c>gamma</c>
    /// and <c>beta</c> or with <c>weight</c> and <c>bias</c>. Layer i becomes layer i, the fusion layers' own attention
    /// and feed-forward parts included; cross attention, which BERT lacks, keeps its fresh weights. The head of masked
    /// words is taken where the model has one; pooler and next-sentence head are left out.
    /// </summary>
    public static PretrainedEncoder Bert { get; } = new("text_encoder.", BertName,
        ["pooler.", "cls.", "embeddings.position_ids", "embeddings.token_type_embeddings."]);

    /// <summary>
    /// A vision transformer, as timm and DeiT name it. Position embeddings of another grid are resized; the classifier
    /// is left out.
    /// </summary>
    public static PretrainedEncoder VisionTransformer { get; } = new("visual_encoder.", name => name, ["head."]);

    /// <summary>What the names of its part of a model begin with.</summary>
    public string Part { get; }

    /// <summary>
    /// Loads it into its part of a model. Shapes are strict and every number must be finite; momentum copies are made
    /// equal to the student. A table of words may have fewer rows than the model's, which keeps its fresh ones for the
    /// others (BLIP's two own words).
    /// </summary>
    /// <param name="model">The model with fresh weights.</param>
    /// <param name="tensors">The weights: of <c>.pth</c>, <c>.bin</c> or safetensors files alike.</param>
    /// <param name="skipped">Entries of the file that are no plain tensors.</param>
    /// <exception cref="ModelException">
    /// The model has no such part, a shape does not fit, a number is not finite, or it is no such encoder.
    /// </exception>
    public LoadReport Load(
        IVisionLanguageModel model, IReadOnlyList<TensorData> tensors, IReadOnlyList<SkippedEntry>? skipped = null)
    {
        var names = model.Names;
        HashSet<string> known = [.. model.StateEntries.Select(e => names.Canonical(e.Name))];
        if (!known.Any(name => name.StartsWith(Part, StringComparison.Ordinal)))
            throw new ModelException($"the model has no {Part.TrimEnd('.')} to load weights into");
        bool IsKnown(string name) => known.Contains(names.Canonical(Part + _rename(name)));

        var prefix = WrapperPrefix.Find(tensors.Select(t => t.Name), IsKnown);
        List<TensorData> renamed = [];
        foreach (var tensor in tensors)
        {
            var plain = WrapperPrefix.Strip(tensor.Name, prefix);
            var name = _rename(plain);
            if (IsKnown(plain) || !_extras.Any(extra => name.StartsWith(extra, StringComparison.Ordinal)))
                renamed.Add(tensor.WithName(Part + name));
        }
        return StateDict.LoadPart(model, Part, renamed, skipped ?? []) with { Prefix = prefix };
    }

    private static string BertName(string name)
    {
        if (name.StartsWith(BertLevel, StringComparison.Ordinal)) name = name[BertLevel.Length..];
        return Ending(name, "LayerNorm.gamma", "LayerNorm.weight") ?? Ending(name, "LayerNorm.beta", "LayerNorm.bias")
            ?? name;
    }

    private static string? Ending(string name, string old, string current) =>
        name.EndsWith(old, StringComparison.Ordinal) ? name[..^old.Length] + current : null;
}
