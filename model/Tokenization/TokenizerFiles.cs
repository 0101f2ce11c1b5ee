using AmcEngine.Serialization;

namespace AmcEngine.Model.Tokenization;

/// <summary>The files of tokenizers in a folder: which there are says which tokenizer it is.</summary>
public static class TokenizerFiles
{
    /// <summary>Word pieces of ALBEF's and BLIP's tokenizer, one a line.</summary>
    public const string WordPieces = "vocab.txt";

    /// <summary>Tokens of a byte-pair vocabulary with their ids.</summary>
    public const string BytePairTokens = "vocab.json";

    /// <summary>Merges of a byte-pair vocabulary, one a line, first come first.</summary>
    public const string BytePairMerges = "merges.txt";

    /// <summary>
    /// The tokenizer whose files lie in a folder: <c>vocab.json</c> and <c>merges.txt</c> are byte pairs;
    /// <c>vocab.txt</c> is BLIP's where it has <c>[ENC]</c> and <c>[DEC]</c>, else ALBEF's.
    /// </summary>
    /// <exception cref="SerializationException">There are no such files, or they cannot be read.</exception>
    public static ITokenizer Load(string folder)
    {
        ArgumentNullException.ThrowIfNull(folder);
        if (File.Exists(Path.Combine(folder, BytePairTokens))) return BytePairTokenizer.FromFolder(folder);
        var pieces = Path.Combine(folder, WordPieces);
        if (!File.Exists(pieces)) throw new SerializationException(
            $"{folder}: has no tokenizer; put {WordPieces}, or {BytePairTokens} and {BytePairMerges}, "
                + "beside the weights");
        var tokenizer = WordPieceTokenizer.FromVocabFile(pieces);
        return BlipTokenizer.HasTokens(tokenizer) ? BlipTokenizer.Over(tokenizer) : tokenizer;
    }
}
