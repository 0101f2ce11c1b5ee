using System.Text;
using AmcEngine.Serialization;

namespace AmcEngine.Model.Tokenization;

/// <summary>
/// CLIP's tokenizer: text repaired and character references replaced twice, white space to single blanks, lower case,
/// words and signs apart, each merged from its bytes. A text is the start token, its tokens and the end token, at most
/// 77 ids of which the last stays the end. As in CLIP, a text that spells a special token yields it. Thread-safe.
/// </summary>
/// <remarks>Of ftfy's repair of text, <see cref="TextRepair"/> says what is left out.</remarks>
public sealed class BytePairTokenizer : ITokenizer
{
    /// <summary>Positions of the published models' text side.</summary>
    public const int PublishedLength = 77;

    private static readonly Lazy<BytePairTokenizer> Published = new(
        () => new BytePairTokenizer(BytePairVocabulary.ReadPublished()));

    private static readonly string[] Contractions = ["'s", "'t", "'re", "'ve", "'m", "'ll", "'d"];

    private readonly BytePairVocabulary _vocabulary;
    private readonly Dictionary<string, int> _ids = new(StringComparer.Ordinal);
    private readonly Dictionary<(int Left, int Right), (int Rank, int Merged)> _merges = [];

    // The ids of each byte within and at the end of a word.
    private readonly int[] _inside = new int[256], _last = new int[256];

    private BytePairTokenizer(BytePairVocabulary vocabulary)
    {
        _vocabulary = vocabulary;
        for (var id = 0; id < vocabulary.Tokens.Count; id++) _ids.Add(vocabulary.Tokens[id], id);
        for (var rank = 0; rank < vocabulary.Merges.Count; rank++)
        {
            var (left, right) = vocabulary.Merges[rank];
            _merges[(_ids[left], _ids[right])] = (rank, _ids[left + right]);
        }
        for (var b = 0; b < 256; b++)
        {
            var symbol = ByteAlphabet.Of((byte)b).ToString();
            (_inside[b], _last[b]) = (_ids[symbol], _ids[symbol + BytePairVocabulary.WordEnd]);
        }
        StartId = _ids[BytePairVocabulary.StartToken];
        EndId = _ids[BytePairVocabulary.EndToken];
    }

    /// <summary>The tokenizer of the published models, whose merges the program carries.</summary>
    public static BytePairTokenizer Clip => Published.Value;

    /// <inheritdoc/>
    public int VocabSize => _vocabulary.Tokens.Count;

    /// <summary>0, which is the token "!" too: what follows the end token is never looked at.</summary>
    public int PadId => 0;

    /// <summary>Id of the start token (49406 in CLIP).</summary>
    public int StartId { get; }

    /// <summary>Id of the end token, the largest id (49407 in CLIP).</summary>
    public int EndId { get; }

    int? ITokenizer.EndId => EndId;

    /// <inheritdoc/>
    public int? MaxLength => PublishedLength;

    /// <summary>The tokenizer of a vocabulary.</summary>
    public static BytePairTokenizer Of(BytePairVocabulary vocabulary) => new(vocabulary);

    /// <summary>The tokenizer of a file of merges, such as CLIP's <c>bpe_simple_vocab_16e6.txt.gz</c>.</summary>
    /// <exception cref="SerializationException">The file cannot be read or is no such list.</exception>
    public static BytePairTokenizer FromMerges(string path) => new(BytePairVocabulary.ReadMerges(path));

    /// <summary>The tokenizer of a folder with <c>vocab.json</c> and <c>merges.txt</c>.</summary>
    /// <exception cref="SerializationException">A file cannot be read, or the two do not belong together.</exception>
    public static BytePairTokenizer FromFolder(string folder) => new(BytePairVocabulary.ReadFolder(folder));

    /// <inheritdoc/>
    public string Token(int id)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(id);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(id, VocabSize);
        return _vocabulary.Tokens[id];
    }

    /// <inheritdoc/>
    public int[] Encode(string text, int? maxLength = null)
    {
        var limit = maxLength ?? PublishedLength;
        ArgumentOutOfRangeException.ThrowIfLessThan(limit, 2, nameof(maxLength));
        List<int> ids = [StartId];
        foreach (var word in Words(text))
        {
            if (ids.Count >= limit) break;
            AppendWord(word, ids);
        }
        return [.. ids.Take(limit - 1), EndId];
    }

    /// <summary>None: every text is bytes, and every byte has a token.</summary>
    public IReadOnlyList<string> UnknownWords(string text) => [];

    /// <inheritdoc/>
    public void Save(string folder) => _vocabulary.Save(folder);

    /// <summary>
    /// The words of a text, cleaned, as they are merged each for itself: contractions, runs of letters, single digits,
    /// runs of signs, and special tokens.
    /// </summary>
    internal static IEnumerable<string> Words(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        var clean = Clean(text);
        for (var at = 0; at < clean.Length;)
        {
            var end = EndOfWord(clean, at);
            if (end > at) yield return clean[at..end];
            at = Math.Max(end, at + 1);
        }
    }

    private static string Clean(string text)
    {
        var repaired = HtmlEntities.Unescape(HtmlEntities.Unescape(TextRepair.Repair(text)));
        var words = repaired.Split(default(char[]), StringSplitOptions.RemoveEmptyEntries);
        return TextCase.Lower(string.Join(' ', words));
    }

    // Where the word that begins here ends; here, where a blank stands.
    private static int EndOfWord(string text, int start)
    {
        foreach (var special in new[] { BytePairVocabulary.StartToken, BytePairVocabulary.EndToken })
            if (string.CompareOrdinal(text, start, special, 0, special.Length) == 0) return start + special.Length;
        foreach (var ending in Contractions)
            if (Begins(text, start, ending)) return start + ending.Length;
        var first = RuneAt(text, start);
        if (Rune.IsWhiteSpace(first)) return start;
        if (Rune.IsNumber(first)) return start + first.Utf16SequenceLength;
        var letters = Rune.IsLetter(first);
        var end = start;
        while (end < text.Length)
        {
            var rune = RuneAt(text, end);
            var fits = letters
                ? Rune.IsLetter(rune)
                : !Rune.IsLetter(rune) && !Rune.IsNumber(rune) && !Rune.IsWhiteSpace(rune);
            if (!fits) break;
            end += rune.Utf16SequenceLength;
        }
        return end;
    }

    // The pattern of CLIP ignores case, by which the long s is an s.
    private static bool Begins(string text, int start, string ending)
    {
        if (start + ending.Length > text.Length) return false;
        for (var i = 0; i < ending.Length; i++)
            if ((text[start + i] == 'ſ' ? 's' : text[start + i]) != ending[i]) return false;
        return true;
    }

    // A lone surrogate counts as the replacement character, which is as long.
    private static Rune RuneAt(string text, int at) =>
        Rune.TryGetRuneAt(text, at, out var rune) ? rune : Rune.ReplacementChar;

    private void AppendWord(string word, List<int> ids)
    {
        if (word is BytePairVocabulary.StartToken or BytePairVocabulary.EndToken)
        {
            ids.Add(_ids[word]);
            return;
        }
        var bytes = Encoding.UTF8.GetBytes(word);
        List<int> symbols = [.. bytes.Select((b, i) => i == bytes.Length - 1 ? _last[b] : _inside[b])];
        while (BestMerge(symbols) is { } best) Apply(best.Left, best.Right, best.Merged, symbols);
        ids.AddRange(symbols);
    }

    // The pair that stands in the word and comes first among the merges.
    private (int Left, int Right, int Merged)? BestMerge(List<int> symbols)
    {
        (int Left, int Right, int Merged)? best = null;
        var lowest = int.MaxValue;
        for (var i = 1; i < symbols.Count; i++)
        {
            if (!_merges.TryGetValue((symbols[i - 1], symbols[i]), out var merge) || merge.Rank >= lowest) continue;
            (lowest, best) = (merge.Rank, (symbols[i - 1], symbols[i], merge.Merged));
        }
        return best;
    }

    // Every occurrence from the left.
    private static void Apply(int left, int right, int merged, List<int> symbols)
    {
        var kept = 0;
        for (var i = 0; i < symbols.Count; i++)
        {
            var joins = symbols[i] == left && i + 1 < symbols.Count && symbols[i + 1] == right;
            symbols[kept++] = joins ? merged : symbols[i];
            if (joins) i++;
        }
        symbols.RemoveRange(kept, symbols.Count - kept);
    }
}
