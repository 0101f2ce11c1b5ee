using AmcEngine.Model.Layers;
using AmcEngine.Model.Modules;
using AmcEngine.Ops;
using AmcEngine.Tensors;

namespace AmcEngine.Model.Text;

/// <summary>Word, position and type embeddings, summed and normalised (specification 2.1).</summary>
public sealed class BertEmbeddings : Module
{
    private readonly TextConfig _config;
    private readonly EmbeddingTable _positions;
    private readonly EmbeddingTable? _types;
    private readonly LayerNorm _norm;

    internal BertEmbeddings(TextConfig config)
    {
        _config = config;
        AddIntegers("position_ids", [1, config.MaxPositions],
            [.. Enumerable.Range(0, config.MaxPositions).Select(i => (long)i)]);
        Words = AddChild("word_embeddings", new EmbeddingTable(config.VocabSize, config.Hidden));
        _positions = AddChild("position_embeddings", new EmbeddingTable(config.MaxPositions, config.Hidden));
        if (config.TypeVocabSize > 0)
            _types = AddChild("token_type_embeddings", new EmbeddingTable(config.TypeVocabSize, config.Hidden));
        _norm = AddChild("LayerNorm", new LayerNorm(config.Hidden, config.NormEps));
    }

    /// <summary>The word table, which the MLM decoder shares.</summary>
    internal EmbeddingTable Words { get; }

    /// <summary>
    /// Ids <c>[B, L]</c> (I32) to embeddings <c>[B, L, D]</c>. The lookup's gradient skips the padding row.
    /// </summary>
    /// <exception cref="ModelException">The text is longer than the position table.</exception>
    public Tensor Forward(Tensor ids, ForwardContext context)
    {
        var length = ids.Shape[1];
        if (length > _config.MaxPositions)
            throw new ModelException($"text encoder: a text of {length} word pieces does not fit "
                + $"{_config.MaxPositions} positions; truncate it");
        return AttentionHook.Run(null, () =>
        {
            var places = _positions.Weight.Value.Slice(0, 0, length);
            if (_types is not null) places = places.Add(_types.Weight.Value.Slice(0, 0, 1));
            var words = Words.Weight.Value.Embedding(ids, _config.PadId);
            return context.Dropout(_norm.Forward(words.Add(places)), _config.HiddenDropout);
        });
    }
}
