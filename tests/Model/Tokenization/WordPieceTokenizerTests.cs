using System.Security.Cryptography;
using System.Text;
using AmcEngine.Model.Tokenization;
using AmcEngine.Serialization;
using AmcEngine.Tests.DataTools;
using FsCheck;
using FsCheck.Fluent;
using NUnit.Framework;

namespace AmcEngine.Tests.Model.Tokenization;

[TestFixture]
public sealed class WordPieceTokenizerTests
{
    private static readonly string[] Vocabulary =
    [
        "[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "red", "circle", "left", "##s", "un", "##able", "##believ",
        "cafe", "日", "本", ",", "!", "$", "5", "i", "σας", "\u1100\u1161\u11a8", "½", ";",
    ];

    private static readonly WordPieceTokenizer Tokenizer = WordPieceTokenizer.FromVocab(Vocabulary);

    [TestCase("Red circles", "red circle ##s")]
    [TestCase("unbelievable", "un ##believ ##able")]
    [TestCase("unred", "[UNK]")]
    [TestCase("red,circle!", "red , circle !")]
    [TestCase("CAFÉ cafe\u0301", "cafe cafe")]
    [TestCase("日本", "日 本")]
    [TestCase("$5", "$ 5")]
    [TestCase("red\tcircle\r\nleft\u00a0red\u2003circle\u2028left", "red circle left red circle left")]
    [TestCase("r\0e\u200bd\u0007 \ufffdleft", "red left")]
    [TestCase("\u0301 red", "red")]
    [TestCase("İ", "i")]
    [TestCase("ΣΑΣ", "σας")]
    [TestCase("각", "\u1100\u1161\u11a8")]
    [TestCase("½", "½")]
    [TestCase("red\u037eleft", "red ; left")]
    [TestCase("\ud800red", "red")]
    [TestCase("", "")]
    [TestCase("  \n ", "")]
    public void Text_splits_into_pieces(string text, string pieces) =>
        Assert.That(string.Join(' ', Pieces(Tokenizer, text)), Is.EqualTo(pieces));

    [Test]
    public void A_sentence_begins_with_cls_and_has_no_sep()
    {
        Assert.That(Tokenizer.Encode("red circle"), Is.EqualTo(new[] { 2, 5, 6 }));
        Assert.That(Tokenizer.Encode(""), Is.EqualTo(new[] { 2 }));
        Assert.That(Tokenizer.Encode("red [SEP] [MASK]"), Does.Not.Contain(3).And.Not.Contain(4),
            "text is no way to special tokens");
    }

    [Test]
    public void The_length_limit_counts_cls()
    {
        Assert.That(Tokenizer.Encode("red circle left", 3), Is.EqualTo(new[] { 2, 5, 6 }));
        Assert.That(Tokenizer.Encode("red", 1), Is.EqualTo(new[] { 2 }));
        Assert.That(() => Tokenizer.Encode("red", 0), Throws.InstanceOf<ArgumentOutOfRangeException>());
    }

    [Test]
    public void A_batch_is_padded_to_its_longest_text()
    {
        var batch = Tokenizer.EncodeBatch(["red", "red circle left"], 3);
        Assert.Multiple(() =>
        {
            Assert.That((batch.Count, batch.Length), Is.EqualTo((2, 3)));
            Assert.That(batch.Ids, Is.EqualTo(new[] { 2, 5, 0, 2, 5, 6 }));
            Assert.That(batch.Mask, Is.EqualTo(new[] { 1, 1, 0, 1, 1, 1 }));
            Assert.That(Tokenizer.EncodeBatch([]).Ids, Is.Empty);
        });
    }

    [Test]
    public void Words_of_more_than_a_hundred_characters_are_unknown()
    {
        var tokenizer = WordPieceTokenizer.FromVocab([.. Vocabulary, "x", "##x", "😀", "##😀"]);
        Assert.That(Pieces(tokenizer, new string('x', 100)).Length, Is.EqualTo(100));
        Assert.That(Pieces(tokenizer, new string('x', 101)), Is.EqualTo(new[] { "[UNK]" }));
        var faces = string.Concat(Enumerable.Repeat("😀", 100));
        Assert.That(Pieces(tokenizer, faces).Length, Is.EqualTo(100), "characters outside the basic plane count once");
    }

    [Test]
    public void Unknown_words_can_be_listed_for_a_warning()
    {
        Assert.That(Tokenizer.UnknownWords("red zebra, zebra and circle"), Is.EqualTo(new[] { "zebra", "and" }));
        Assert.That(Tokenizer.UnknownWords("red circles"), Is.Empty);
    }

    [Test]
    public void Special_tokens_are_found_by_name_and_missed_by_name()
    {
        var tokenizer = WordPieceTokenizer.FromVocab(["red", "[MASK]", "[CLS]", "[UNK]", "[PAD]"]);
        Assert.That((tokenizer.PadId, tokenizer.UnkId, tokenizer.ClsId, tokenizer.MaskId), Is.EqualTo((4, 3, 2, 1)));
        foreach (var missing in new[] { "[PAD]", "[UNK]", "[CLS]", "[MASK]" })
            Assert.That(
                () => WordPieceTokenizer.FromVocab([.. Vocabulary.Where(token => token != missing)]),
                Throws.TypeOf<SerializationException>().With.Message.Contains($"lacks {missing}"));
        Assert.That(
            () => WordPieceTokenizer.FromVocab([.. Vocabulary, "red"]),
            Throws.TypeOf<SerializationException>().With.Message.Contains(
                "token 25 is empty, spans lines or occurs twice"));
    }

    [Test]
    public void A_vocabulary_survives_its_file()
    {
        using var folder = new TempFolder();
        Tokenizer.SaveVocab(folder.PathOf("vocab.txt"));
        var again = WordPieceTokenizer.FromVocabFile(folder.PathOf("vocab.txt"));
        Assert.That(again.VocabSize, Is.EqualTo(Vocabulary.Length));
        Assert.That(Enumerable.Range(0, again.VocabSize).Select(again.Token), Is.EqualTo(Vocabulary));
        Assert.That(
            () => WordPieceTokenizer.FromVocabFile(folder.PathOf("absent")),
            Throws.TypeOf<SerializationException>().With.Message.Contains("cannot be read"));
    }

    [Test]
    public void A_vocabulary_of_any_encoding_is_read()
    {
        using var folder = new TempFolder();
        foreach (var encoding in new Encoding[] { new UTF8Encoding(true), Encoding.Unicode, Encoding.BigEndianUnicode })
        {
            File.WriteAllText(folder.PathOf("vocab.txt"), string.Join("\r\n", Vocabulary) + "\r\n", encoding);
            var read = WordPieceTokenizer.FromVocabFile(folder.PathOf("vocab.txt"));
            Assert.That(
                Enumerable.Range(0, read.VocabSize).Select(read.Token), Is.EqualTo(Vocabulary), encoding.EncodingName);
        }
    }

    [Test]
    public void The_vocabulary_built_in_is_the_published_file()
    {
        using var folder = new TempFolder();
        WordPieceTokenizer.BertBaseUncased.SaveVocab(folder.PathOf("vocab.txt"));
        Assert.That(
            Convert.ToHexStringLower(SHA256.HashData(File.ReadAllBytes(folder.PathOf("vocab.txt")))),
            Is.EqualTo("07eced375cec144d27c900241f3e339478dec958f92fddbc551f295c992038a3"));
        foreach (var notice in new[] { "NOTICE", "LICENSE-Apache-2.0.txt" })
            Assert.That(File.ReadAllText(Path.Combine(AppContext.BaseDirectory, notice)),
                Does.Contain("Apache License"), "the notice goes with the program");
    }

    [Test]
    public void Any_text_encodes_into_the_vocabulary() => Check.One(
        Config.QuickThrowOnFailure.WithMaxTest(300).WithReplay(1234567, 8901235),
        Prop.ForAll<string?>(text =>
        {
            var ids = Tokenizer.Encode(text ?? "");
            Assert.That(ids[0], Is.EqualTo(Tokenizer.ClsId));
            Assert.That(ids, Has.All.InRange(0, Tokenizer.VocabSize - 1));
            Assert.That(Tokenizer.UnknownWords(text ?? "").Count > 0, Is.EqualTo(ids.Contains(Tokenizer.UnkId)));
        }));

    private static string[] Pieces(WordPieceTokenizer tokenizer, string text) =>
        [.. tokenizer.Encode(text).Skip(1).Select(tokenizer.Token)];
}
