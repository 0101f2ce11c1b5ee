using AmcEngine.Serialization;

namespace AmcEngine.Model.Tokenization;

/// <summary>
/// BLIP's tokenizer: the word pieces of bert-base-uncased and two more tokens, <c>[DEC]</c> (30522) and <c>[ENC]</c>
/// (30523). A text is <c>[CLS]</c>, its pieces and <c>[SEP]</c>, at most 35 ids of which the last stays <c>[SEP]</c>.
/// Other than ALBEF's, it has the separator. Text never yields special tokens. Thread-safe.
/// </summary>
public sealed class BlipTokenizer : ITokenizer
{
    /// <summary>Most ids of a text in BLIP's retrieval code.</summary>
    public const int PublishedLength = 35;

    private const string DecodeToken = "[DEC]", EncodeToken = "[ENC]", SeparatorToken = "[SEP]";

    private readonly WordPieceTokenizer _pieces;
    private readonly int _sepId;

    private BlipTokenizer(WordPieceTokenizer pieces)
    {
        _pieces = pieces;
        _sepId = Required(SeparatorToken);
        DecId = Required(DecodeToken);
        EncId = Required(EncodeToken);

        int Required(string token) => pieces.Find(token) ?? throw new SerializationException(
            $"the vocabulary lacks {token}; give BERT's vocabulary, to which BLIP adds {DecodeToken} and "
                + $"{EncodeToken}");
    }

    /// <summary>The tokenizer of the published models, over the vocabulary that the program carries.</summary>
    public static BlipTokenizer BertBaseUncased { get; } = Over(WordPieceTokenizer.BertBaseUncased);

    /// <inheritdoc/>
    public int VocabSize => _pieces.VocabSize;

    /// <inheritdoc/>
    public int PadId => _pieces.PadId;

    /// <summary>Id of <c>[CLS]</c>.</summary>
    public int StartId => _pieces.ClsId;

    /// <summary>Id of <c>[SEP]</c>.</summary>
    public int? EndId => _sepId;

    /// <inheritdoc/>
    public int? MaxLength => PublishedLength;

    /// <summary>Id of <c>[ENC]</c>, which stands in the place of <c>[CLS]</c> where text looks at a picture.</summary>
    public int EncId { get; }

    /// <summary>Id of <c>[DEC]</c>, which begins a text that is generated.</summary>
    public int DecId { get; }

    /// <summary>
    /// BLIP's tokenizer over word pieces, with <c>[DEC]</c> and <c>[ENC]</c> appended where they are missing.
    /// </summary>
    /// <exception cref="SerializationException">The vocabulary has no <c>[SEP]</c>.</exception>
    public static BlipTokenizer Over(WordPieceTokenizer pieces)
    {
        ArgumentNullException.ThrowIfNull(pieces);
        string[] missing = [.. new[] { DecodeToken, EncodeToken }.Where(token => pieces.Find(token) is null)];
        return new BlipTokenizer(
            missing.Length == 0 ? pieces : WordPieceTokenizer.FromVocab([.. pieces.Vocabulary, .. missing]));
    }

    /// <inheritdoc/>
    public string Token(int id) => _pieces.Token(id);

    /// <inheritdoc/>
    public int[] Encode(string text, int? maxLength = null)
    {
        var limit = maxLength ?? PublishedLength;
        ArgumentOutOfRangeException.ThrowIfLessThan(limit, 2, nameof(maxLength));
        return [.. _pieces.Encode(text, limit - 1), _sepId];
    }

    /// <inheritdoc/>
    public IReadOnlyList<string> UnknownWords(string text) => _pieces.UnknownWords(text);

    /// <inheritdoc/>
    public void Save(string folder) => _pieces.Save(folder);

    /// <summary>Whether a vocabulary has both tokens that BLIP adds.</summary>
    internal static bool HasTokens(WordPieceTokenizer pieces) =>
        pieces.Find(DecodeToken) is not null && pieces.Find(EncodeToken) is not null;
}
