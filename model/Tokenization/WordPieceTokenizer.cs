using System.Text;
using AmcEngine.Files;
using AmcEngine.Serialization;

namespace AmcEngine.Model.Tokenization;

/// <summary>
/// The tokenizer of bert-base-uncased as ALBEF and AMC use it (specification 2.8): basic tokenization, then
/// greedy WordPiece; a sentence is <c>[CLS]</c> and its pieces, <b>without</b> <c>[SEP]</c>. Text never yields special
/// tokens, not even when it spells one. Thread-safe.
/// </summary>
public sealed class WordPieceTokenizer : ITokenizer
{
    /// <summary>Words with more characters are unknown as a whole.</summary>
    private const int MaxWordCharacters = 100;

    private const string ContinuationPrefix = "##";

    private const string BertResource = "AmcEngine.Model.Tokenization.bert-base-uncased-vocab.txt";
    private const int MaxVocabularyBytes = 1 << 26;

    private static readonly Lazy<WordPieceTokenizer> Bert = new(() =>
    {
        using var stream = typeof(WordPieceTokenizer).Assembly.GetManifestResourceStream(BertResource)!;
        using var reader = new StreamReader(stream, Encoding.UTF8);
        return new WordPieceTokenizer(Lines(reader), "bert-base-uncased");
    });

    private readonly string[] _vocabulary;
    private readonly Dictionary<string, int>.AlternateLookup<ReadOnlySpan<char>> _ids;

    private WordPieceTokenizer(IEnumerable<string> vocabulary, string origin)
    {
        _vocabulary = [.. vocabulary];
        var ids = new Dictionary<string, int>(_vocabulary.Length, StringComparer.Ordinal);
        for (var id = 0; id < _vocabulary.Length; id++)
        {
            var usable = _vocabulary[id].Length > 0 && _vocabulary[id].AsSpan().IndexOfAny('\n', '\r') < 0;
            if (!usable || !ids.TryAdd(_vocabulary[id], id)) throw new SerializationException(
                $"{origin}: token {id + 1} is empty, spans lines or occurs twice; a vocabulary has one token a line, "
                    + "each once");
        }
        _ids = ids.GetAlternateLookup<ReadOnlySpan<char>>();
        PadId = Special("[PAD]");
        UnkId = Special("[UNK]");
        ClsId = Special("[CLS]");
        MaskId = Special("[MASK]");

        int Special(string name) => ids.TryGetValue(name, out var id)
            ? id
            : throw new SerializationException(
                $"{origin}: the vocabulary lacks {name}; give a BERT vocabulary with [PAD], [UNK], [CLS] and [MASK]");
    }

    /// <summary>Id of <c>[PAD]</c> (0 in bert-base-uncased).</summary>
    public int PadId { get; }

    /// <summary>Id of <c>[UNK]</c> (100 in bert-base-uncased).</summary>
    public int UnkId { get; }

    /// <summary>Id of <c>[CLS]</c> (101 in bert-base-uncased).</summary>
    public int ClsId { get; }

    /// <summary>Id of <c>[MASK]</c> (103 in bert-base-uncased).</summary>
    public int MaskId { get; }

    int ITokenizer.StartId => ClsId;

    int? ITokenizer.EndId => null;

    int? ITokenizer.MaxLength => null;

    /// <summary>Number of tokens (30,522 in bert-base-uncased).</summary>
    public int VocabSize => _vocabulary.Length;

    /// <summary>
    /// The tokenizer with the vocabulary of bert-base-uncased, which the program carries (NOTICE names its licence).
    /// </summary>
    public static WordPieceTokenizer BertBaseUncased => Bert.Value;

    /// <summary>
    /// Reads a vocabulary: UTF-8 text (a byte-order mark is skipped, UTF-16 read), one token a line, the line number
    /// (from 0) being the id.
    /// </summary>
    /// <exception cref="SerializationException">
    /// The file cannot be read, a token is empty or double, or a special token is missing.
    /// </exception>
    public static WordPieceTokenizer FromVocabFile(string path)
    {
        ArgumentNullException.ThrowIfNull(path);
        try
        {
            return new WordPieceTokenizer(Lines(new StringReader(TextFile.Read(path, MaxVocabularyBytes))), path);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new SerializationException(
                $"{path}: the vocabulary cannot be read; give the vocab.txt that belongs to the checkpoint", e);
        }
    }

    /// <summary>Takes a vocabulary from a list, the position being the id.</summary>
    /// <exception cref="SerializationException">A token is empty or double, or a special token is missing.</exception>
    public static WordPieceTokenizer FromVocab(IReadOnlyList<string> vocabulary)
    {
        ArgumentNullException.ThrowIfNull(vocabulary);
        return new WordPieceTokenizer(vocabulary, "vocabulary");
    }

    /// <summary>The token of an id.</summary>
    /// <exception cref="ArgumentOutOfRangeException">There is no such id.</exception>
    public string Token(int id)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(id);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(id, VocabSize);
        return _vocabulary[id];
    }

    /// <summary>The ids of a text: <c>[CLS]</c>, then its pieces.</summary>
    /// <param name="text">Any text; captions should have gone through the caption cleaner.</param>
    /// <param name="maxLength">
    /// Most ids to return, <c>[CLS]</c> included (25 in training); <c>null</c> = no limit.
    /// </param>
    /// <exception cref="ArgumentOutOfRangeException">The limit is less than 1.</exception>
    public int[] Encode(string text, int? maxLength = null)
    {
        var limit = maxLength ?? int.MaxValue;
        ArgumentOutOfRangeException.ThrowIfLessThan(limit, 1, nameof(maxLength));
        return [.. PieceIds(text).Prepend(ClsId).Take(limit)];
    }

    /// <summary>Encodes texts and pads them to the longest.</summary>
    /// <param name="texts">The texts; an empty list gives an empty batch.</param>
    /// <param name="maxLength">As for <see cref="Encode"/>.</param>
    /// <param name="minLength">Length to pad to where no text is longer.</param>
    /// <exception cref="ArgumentOutOfRangeException">The limit is less than 1.</exception>
    public TokenBatch EncodeBatch(IReadOnlyList<string> texts, int? maxLength = null, int minLength = 0)
    {
        ArgumentNullException.ThrowIfNull(texts);
        return TokenBatch.Of([.. texts.Select(text => Encode(text, maxLength))], PadId, minLength);
    }

    /// <summary>The distinct words of a text that the vocabulary cannot spell and that become <c>[UNK]</c>.</summary>
    public IReadOnlyList<string> UnknownWords(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        return [.. BasicTokenizer.Split(text).Where(word => !TrySpell(word, [])).Distinct()];
    }

    /// <inheritdoc/>
    public void Save(string folder) => SaveVocab(Path.Combine(folder, TokenizerFiles.WordPieces));

    /// <summary>The id of a token, or null where the vocabulary lacks it.</summary>
    internal int? Find(string token) => _ids.TryGetValue(token, out var id) ? id : null;

    /// <summary>All tokens, in the order of their ids.</summary>
    internal IReadOnlyList<string> Vocabulary => _vocabulary;

    /// <summary>Writes the vocabulary, one token a line, as <see cref="FromVocabFile"/> reads it.</summary>
    /// <exception cref="FileWriteException">The file cannot be written.</exception>
    public void SaveVocab(string path)
    {
        ArgumentNullException.ThrowIfNull(path);
        DurableFile.Write(
            path, new UTF8Encoding(false).GetBytes(string.Concat(_vocabulary.Select(token => token + "\n"))));
    }

    private static IEnumerable<string> Lines(TextReader reader)
    {
        while (reader.ReadLine() is { } line) yield return line;
    }

    private List<int> PieceIds(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        var pieces = new List<int>();
        foreach (var word in BasicTokenizer.Split(text))
            if (!TrySpell(word, pieces)) pieces.Add(UnkId);
        return pieces;
    }

    /// <summary>
    /// Appends the pieces of a word, longest match first; appends nothing where some part has no piece.
    /// </summary>
    private bool TrySpell(string word, List<int> pieces)
    {
        var before = pieces.Count;
        var start = Characters(word) > MaxWordCharacters ? -1 : 0;
        while (start >= 0 && start < word.Length) start = AppendLongest(word, start, pieces);
        if (start >= 0) return true;
        pieces.RemoveRange(before, pieces.Count - before);
        return false;
    }

    /// <summary>Appends the longest piece at a position and returns where it ends; −1 where there is none.</summary>
    private int AppendLongest(string word, int start, List<int> pieces)
    {
        var prefix = start > 0 ? ContinuationPrefix : "";
        var rest = prefix + word[start..];
        for (var length = rest.Length; length > prefix.Length; length--)
        {
            if (!_ids.TryGetValue(rest.AsSpan(0, length), out var id)) continue;
            pieces.Add(id);
            return start + length - prefix.Length;
        }
        return -1;
    }

    /// <summary>Code points, as the reference counts them.</summary>
    private static int Characters(string word)
    {
        var count = 0;
        foreach (var _ in word.EnumerateRunes()) count++;
        return count;
    }
}
