using System.Text;

namespace AmcEngine.Model.Tokenization;

/// <summary>
/// The printable character that stands for each byte in byte-pair vocabularies (as in GPT-2): printable characters of
/// Latin-1 for themselves, the other 68 bytes as U+0100 and on. So a file of merges is plain text and no word is
/// unknown.
/// </summary>
internal static class ByteAlphabet
{
    private static readonly (byte[] Order, char[] Characters) Table = Build();

    /// <summary>
    /// All 256 bytes in the order in which published vocabularies number them: those that are printable first.
    /// </summary>
    public static ReadOnlySpan<byte> Order => Table.Order;

    /// <summary>The character of a byte.</summary>
    public static char Of(byte value) => Table.Characters[value];

    /// <summary>A word's UTF-8 bytes as characters.</summary>
    public static string Spell(string word) =>
        string.Create(Encoding.UTF8.GetByteCount(word), word, (span, text) =>
        {
            var bytes = Encoding.UTF8.GetBytes(text);
            for (var i = 0; i < span.Length; i++) span[i] = Of(bytes[i]);
        });

    private static (byte[], char[]) Build()
    {
        byte[] all = [.. Enumerable.Range(0, 256).Select(b => (byte)b)];
        byte[] order = [.. all.Where(IsPrintable), .. all.Where(b => !IsPrintable(b))];
        var characters = new char[256];
        var next = '\u0100';
        foreach (var b in order) characters[b] = IsPrintable(b) ? (char)b : next++;
        return (order, characters);
    }

    private static bool IsPrintable(byte value) => value is (>= 0x21 and <= 0x7E) or (>= 0xA1 and <= 0xAC) or >= 0xAE;
}
