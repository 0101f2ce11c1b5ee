using System.IO.Compression;
using System.Text;
using System.Text.Json;
using AmcEngine.Files;
using AmcEngine.Serialization;

namespace AmcEngine.Model.Tokenization;

/// <summary>A byte-pair vocabulary: every token by its id, and the merges, the most frequent first.</summary>
/// <remarks>
/// Ids in the order of CLIP's published vocabulary: the 256 bytes, the 256 bytes that end a word, one token a merge,
/// the start and the end of a text.
/// </remarks>
public sealed class BytePairVocabulary
{
    /// <summary>The token that begins a text.</summary>
    public const string StartToken = "<|startoftext|>";

    /// <summary>The token that ends a text; it has the largest id.</summary>
    public const string EndToken = "<|endoftext|>";

    /// <summary>What the last symbol of a word ends with.</summary>
    public const string WordEnd = "</w>";

    /// <summary>Merges that CLIP takes of the published file, which has more.</summary>
    private const int PublishedMerges = 49152 - 256 - 2;

    private const string PublishedResource = "AmcEngine.Model.Tokenization.bpe_simple_vocab_16e6.txt.gz";
    private const int MaxFileBytes = 1 << 26;

    private static readonly JsonWriterOptions Unescaped = new()
    {
        Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
    };

    private BytePairVocabulary(string[] tokens, (string Left, string Right)[] merges) =>
        (Tokens, Merges) = (tokens, merges);

    /// <summary>The token of each id.</summary>
    public IReadOnlyList<string> Tokens { get; }

    /// <summary>The pairs that become one token, in the order in which they are merged.</summary>
    public IReadOnlyList<(string Left, string Right)> Merges { get; }

    /// <summary>The vocabulary of a list of merges, whose tokens get ids in the published order.</summary>
    /// <exception cref="SerializationException">
    /// A merge is of tokens that come later or never, or makes one that there is.
    /// </exception>
    public static BytePairVocabulary OfMerges(IEnumerable<(string Left, string Right)> merges) =>
        OfMerges([.. merges], "merges");

    /// <summary>
    /// Reads merges alone, such as CLIP's <c>bpe_simple_vocab_16e6.txt.gz</c>: a heading, then two symbols a line;
    /// compressed or not. Of more than 48,894 merges the rest is not used, as in CLIP.
    /// </summary>
    /// <exception cref="SerializationException">The file cannot be read or is no such list.</exception>
    public static BytePairVocabulary ReadMerges(string path) => OfMerges(ParseMerges(ReadText(path), path), path);

    /// <summary>Reads <c>vocab.json</c> and <c>merges.txt</c> of a folder.</summary>
    /// <exception cref="SerializationException">A file cannot be read, or the two do not belong together.</exception>
    public static BytePairVocabulary ReadFolder(string folder)
    {
        ArgumentNullException.ThrowIfNull(folder);
        string tokens = Path.Combine(folder, TokenizerFiles.BytePairTokens),
            merges = Path.Combine(folder, TokenizerFiles.BytePairMerges);
        return Checked(ParseTokens(ReadText(tokens), tokens), ParseMerges(ReadText(merges), merges), tokens);
    }

    /// <summary>Writes <c>vocab.json</c> and <c>merges.txt</c> into a folder.</summary>
    /// <exception cref="FileWriteException">They cannot be written.</exception>
    public void Save(string folder)
    {
        ArgumentNullException.ThrowIfNull(folder);
        DurableFile.Write(Path.Combine(folder, TokenizerFiles.BytePairTokens), stream =>
        {
            using var json = new Utf8JsonWriter(stream, Unescaped);
            json.WriteStartObject();
            for (var id = 0; id < Tokens.Count; id++) json.WriteNumber(Tokens[id], id);
            json.WriteEndObject();
        });
        var lines = string.Concat(Merges.Select(merge => $"{merge.Left} {merge.Right}\n"));
        DurableFile.Write(
            Path.Combine(folder, TokenizerFiles.BytePairMerges), new UTF8Encoding(false)
                .GetBytes("#version: 0.2\n" + lines));
    }

    /// <summary>The vocabulary of the published models, which the program carries (NOTICE names its licence).</summary>
    internal static BytePairVocabulary ReadPublished()
    {
        using var stream = typeof(BytePairVocabulary).Assembly.GetManifestResourceStream(PublishedResource)!;
        using var unpacked = new GZipStream(stream, CompressionMode.Decompress);
        using var reader = new StreamReader(unpacked, Encoding.UTF8);
        return OfMerges(ParseMerges(reader.ReadToEnd(), "CLIP's merges"), "CLIP's merges");
    }

    private static BytePairVocabulary OfMerges((string Left, string Right)[] merges, string origin)
    {
        string[] bytes = [.. ByteAlphabet.Order.ToArray().Select(b => ByteAlphabet.Of(b).ToString())];
        string[] tokens =
        [
            .. bytes, .. bytes.Select(b => b + WordEnd), .. merges.Select(m => m.Left + m.Right), StartToken, EndToken,
        ];
        return Checked(tokens, merges, origin);
    }

    private static BytePairVocabulary Checked(string[] tokens, (string Left, string Right)[] merges, string origin)
    {
        var known = new HashSet<string>(tokens.Length, StringComparer.Ordinal);
        foreach (var token in tokens)
            if (!known.Add(token)) throw Wrong(origin, $"\"{token}\" occurs twice");
        foreach (var b in ByteAlphabet.Order)
            if (!known.Contains(ByteAlphabet.Of(b).ToString()) || !known.Contains(ByteAlphabet.Of(b) + WordEnd))
                throw Wrong(origin, $"the symbol of byte {b} is missing");
        if (!known.Contains(StartToken) || !known.Contains(EndToken))
            throw Wrong(origin, $"{StartToken} or {EndToken} is missing");
        foreach (var (left, right) in merges)
            if (!known.Contains(left) || !known.Contains(right) || !known.Contains(left + right))
                throw Wrong(origin, $"the merge \"{left} {right}\" is of or makes a token that there is not");
        return new BytePairVocabulary(tokens, merges);
    }

    private static (string, string)[] ParseMerges(string text, string path)
    {
        var merges = new List<(string, string)>();
        using var reader = new StringReader(text);
        for (var number = 1; merges.Count < PublishedMerges && reader.ReadLine() is { } line; number++)
        {
            var isHeading = number == 1 && line.Contains("#version", StringComparison.Ordinal);
            if (isHeading || line.Length == 0) continue;
            if (line.Split(' ') is not [{ Length: > 0 } left, { Length: > 0 } right])
                throw Wrong(path, $"line {number} is not two symbols and a blank between them");
            merges.Add((left, right));
        }
        return [.. merges];
    }

    private static string[] ParseTokens(string text, string path)
    {
        try
        {
            using var document = JsonDocument.Parse(text);
            var tokens = new string?[document.RootElement.EnumerateObject().Count()];
            foreach (var entry in document.RootElement.EnumerateObject())
            {
                if (!entry.Value.TryGetInt32(out var id) || id < 0 || id >= tokens.Length || tokens[id] is not null)
                    throw Wrong(path, $"the id of \"{entry.Name}\" is not one of 0 … {tokens.Length - 1}, each once");
                tokens[id] = entry.Name;
            }
            return tokens!;
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            throw new SerializationException(
                $"{path}: is no JSON object of tokens and their ids ({e.Message.TrimEnd('.')})", e);
        }
    }

    private static string ReadText(string path)
    {
        ArgumentNullException.ThrowIfNull(path);
        try
        {
            return IsCompressed(path) ? Unpack(path) : TextFile.Read(path, MaxFileBytes);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or InvalidDataException)
        {
            throw new SerializationException(
                $"{path}: the byte-pair vocabulary cannot be read ({e.Message.TrimEnd('.')})", e);
        }
    }

    private static bool IsCompressed(string path)
    {
        using var stream = File.OpenRead(path);
        return stream.ReadByte() == 0x1F && stream.ReadByte() == 0x8B;
    }

    private static string Unpack(string path)
    {
        using var file = File.OpenRead(path);
        using var unpacked = new GZipStream(file, CompressionMode.Decompress);
        using var reader = new StreamReader(unpacked, Encoding.UTF8);
        // A small file may unpack to any size.
        var text = new char[MaxFileBytes];
        var length = reader.ReadBlock(text);
        return length < text.Length
            ? new string(text, 0, length)
            : throw Wrong(path, $"unpacks to more than {MaxFileBytes / 1024} kB, which no vocabulary does");
    }

    private static SerializationException Wrong(string path, string what) =>
        new($"{path}: {what}; give CLIP's bpe_simple_vocab_16e6.txt.gz, or the vocab.json and merges.txt of a "
            + "checkpoint");
}
