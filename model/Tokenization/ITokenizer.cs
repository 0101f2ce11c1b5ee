namespace AmcEngine.Model.Tokenization;

/// <summary>What a model's text side needs of its tokenizer. Implementations are immutable and thread-safe.</summary>
public interface ITokenizer
{
    /// <summary>Number of tokens: ids are 0 … <see cref="VocabSize"/> − 1.</summary>
    int VocabSize { get; }

    /// <summary>Id that fills rows up to the length of a batch.</summary>
    int PadId { get; }

    /// <summary>Id that every text begins with.</summary>
    int StartId { get; }

    /// <summary>Id that every text ends with, or null where nothing marks the end.</summary>
    int? EndId { get; }

    /// <summary>Most ids that a text has where the caller sets no limit, or null: no limit.</summary>
    int? MaxLength { get; }

    /// <summary>The token of an id.</summary>
    /// <exception cref="ArgumentOutOfRangeException">There is no such id.</exception>
    string Token(int id);

    /// <summary>The ids of a text, start and end included; a cut keeps the end.</summary>
    /// <param name="text">Any text.</param>
    /// <param name="maxLength">Most ids to return; null: <see cref="MaxLength"/>.</param>
    /// <exception cref="ArgumentOutOfRangeException">The limit has no room for start and end.</exception>
    int[] Encode(string text, int? maxLength = null);

    /// <summary>The distinct words of a text that the vocabulary cannot spell.</summary>
    IReadOnlyList<string> UnknownWords(string text);

    /// <summary>Writes the files that <see cref="TokenizerFiles.Load"/> makes the same tokenizer from.</summary>
    /// <param name="folder">An existing folder, such as that of a checkpoint.</param>
    /// <exception cref="Serialization.SerializationException">They cannot be written.</exception>
    void Save(string folder);

    /// <summary>Encodes texts and pads them to the longest.</summary>
    /// <param name="texts">The texts; an empty list gives an empty batch.</param>
    /// <param name="maxLength">As for <see cref="Encode"/>.</param>
    /// <param name="minLength">Length to pad to where no text is longer, such as a model's context.</param>
    /// <exception cref="ArgumentOutOfRangeException">The limit has no room for start and end.</exception>
    TokenBatch EncodeBatch(IReadOnlyList<string> texts, int? maxLength = null, int minLength = 0)
    {
        ArgumentNullException.ThrowIfNull(texts);
        return TokenBatch.Of([.. texts.Select(text => Encode(text, maxLength))], PadId, minLength);
    }
}
