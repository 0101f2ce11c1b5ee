using System.IO.Compression;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using AmcEngine.Model.Tokenization;
using AmcEngine.Serialization;
using AmcEngine.Tests.DataTools;
using NUnit.Framework;

namespace AmcEngine.Tests.Model.Tokenization;

/// <summary>CLIP's tokenizer: its own answers, its files, and what it does at the edges.</summary>
[TestFixture]
public sealed class BytePairTokenizerTests
{
    private static readonly BytePairTokenizer Small = BytePairTokenizer.Of(
        BytePairTrainer.Train(["red circle", "a red ring", "red"]));

    [Test, Category("Golden")]
    public void All_golden_strings_give_CLIP_s_ids()
    {
        using var document = JsonDocument.Parse(File.ReadAllText(GoldenFiles.Require("clip-tokenizer.json")));
        var clip = BytePairTokenizer.Clip;
        Assert.Multiple(() =>
        {
            Assert.That(clip.VocabSize, Is.EqualTo(document.RootElement.GetProperty("vocab").GetInt32()));
            Assert.That((clip.StartId, clip.EndId, clip.PadId), Is.EqualTo((49406, 49407, 0)));
            foreach (var entry in document.RootElement.GetProperty("cases").EnumerateArray())
            {
                var text = entry.GetProperty("text").GetString()!;
                int[] ids = [.. entry.GetProperty("ids").EnumerateArray().Select(id => id.GetInt32())];
                Assert.That(clip.Encode(text), Is.EqualTo(ids), text);
            }
        });
        Assert.That(document.RootElement.GetProperty("cases").GetArrayLength(), Is.GreaterThan(0));
    }

    [Test]
    public void The_merges_built_in_are_the_published_file()
    {
        using var stream = typeof(BytePairTokenizer).Assembly.GetManifestResourceStream(
            "AmcEngine.Model.Tokenization.bpe_simple_vocab_16e6.txt.gz")!;
        Assert.That(
            Convert.ToHexStringLower(SHA256.HashData(stream)),
            Is.EqualTo("924691ac288e54409236115652ad4aa250f48203de50a9e4722a6ecd48d6804a"));
        Assert.That(
            File.ReadAllText(Path.Combine(AppContext.BaseDirectory, "LICENSE-CLIP-MIT.txt")),
            Does.Contain("Copyright (c) 2021 OpenAI"), "the notice goes with the program");
    }

    [TestCase("x y x", new[] { "x", "y", "x" })]
    [TestCase("it's we'll they'd I'm 'tis", new[] { "it", "'s", "we", "'ll", "they", "'d", "i", "'m", "'t", "is" })]
    [TestCase("a12½b", new[] { "a", "1", "2", "½", "b" })]
    [TestCase("--'s <|x", new[] { "--'", "s", "<|", "x" })]
    [TestCase("one!<|endoftext|>two", new[] { "one", "!<|", "endoftext", "|>", "two" })]
    [TestCase("one <|endoftext|>two", new[] { "one", "<|endoftext|>", "two" })]
    [TestCase("𝐀𝐁 丂𠀀!😀", new[] { "𝐀𝐁", "丂𠀀", "!😀" })]
    [TestCase("&amp;amp;lt; &lt", new[] { "<", "<" })]
    [TestCase("ΟΔΟΣ ΟΣΟ", new[] { "οδος", "οσο" })]
    public void Words_of_a_text(string text, string[] words) =>
        Assert.That(BytePairTokenizer.Words(text), Is.EqualTo(words));

    [Test]
    public void A_cut_keeps_the_end_token()
    {
        var whole = Small.Encode("red red red red");
        Assert.That(whole, Has.Length.EqualTo(6));
        Assert.That(Small.Encode("red red red red", 6), Is.EqualTo(whole));
        Assert.That(Small.Encode("red red red red", 5),
            Is.EqualTo(new[] { whole[0], whole[1], whole[1], whole[1], Small.EndId }));
        Assert.That(Small.Encode("red", 2), Is.EqualTo(new[] { Small.StartId, Small.EndId }));
        Assert.That(Small.Encode(string.Concat(Enumerable.Repeat("red ", 100))), Has.Length.EqualTo(77));
        Assert.That(() => Small.Encode("red", 1), Throws.TypeOf<ArgumentOutOfRangeException>());
    }

    [Test]
    public void A_vocabulary_survives_its_files()
    {
        using var folder = new TempFolder();
        foreach (var tokenizer in new[] { Small, BytePairTokenizer.Clip })
        {
            tokenizer.Save(folder.Path);
            var again = TokenizerFiles.Load(folder.Path);
            Assert.That(again, Is.TypeOf<BytePairTokenizer>());
            Assert.That(Enumerable.Range(0, again.VocabSize).Select(again.Token),
                Is.EqualTo(Enumerable.Range(0, tokenizer.VocabSize).Select(tokenizer.Token)));
            foreach (var text in new[] { "a red ring, red circles", "naïve café", "xxxxxxxxxxxxxxxxxxx" })
                Assert.That(again.Encode(text), Is.EqualTo(tokenizer.Encode(text)), text);
        }
    }

    [Test]
    public void Merges_alone_are_read_compressed_or_not()
    {
        using var folder = new TempFolder();
        const string Text = "\"bpe_simple_vocab_16e6.txt#version: 0.2\nr e\nre d</w>\n";
        File.WriteAllText(folder.PathOf("merges"), Text);
        using (var packed = new GZipStream(File.Create(folder.PathOf("merges.gz")), CompressionLevel.Fastest))
            packed.Write(Encoding.UTF8.GetBytes(Text));
        foreach (var file in new[] { "merges", "merges.gz" })
        {
            var tokenizer = BytePairTokenizer.FromMerges(folder.PathOf(file));
            Assert.That(tokenizer.VocabSize, Is.EqualTo(516));
            // The bytes are numbered from "!" (0x21) on, those at the end of a word 256 further.
            Assert.That(tokenizer.Encode("red reb !e"),
                Is.EqualTo(new[] { 514, 513, 512, 256 + 'b' - '!', 256, 256 + 'e' - '!', 515 }));
        }
    }

    [TestCase("\"#version: 0.2\nre d\n", "merge \"re d\"")]
    [TestCase("#version: 0.2\nr e d\n", "line 2")]
    [TestCase("#version: 0.2\nr e\nr e\n", "\"re\" occurs twice")]
    public void A_damaged_list_of_merges_is_refused(string text, string message)
    {
        using var folder = new TempFolder();
        File.WriteAllText(folder.PathOf("merges"), text);
        Assert.That(() => BytePairTokenizer.FromMerges(folder.PathOf("merges")),
            Throws.TypeOf<SerializationException>().With.Message.Contains(message));
    }

    [TestCase("[]", "no JSON object")]
    [TestCase("{\"a\": 5}", "id of \"a\"")]
    [TestCase("{\"a\": 0}", "symbol of byte")]
    public void A_damaged_vocabulary_is_refused(string json, string message)
    {
        using var folder = new TempFolder();
        Small.Save(folder.Path);
        File.WriteAllText(folder.PathOf("vocab.json"), json);
        Assert.That(() => TokenizerFiles.Load(folder.Path),
            Throws.TypeOf<SerializationException>().With.Message.Contains(message));
    }

    [Test]
    public void A_folder_without_a_tokenizer_is_refused()
    {
        using var folder = new TempFolder();
        Assert.That(() => TokenizerFiles.Load(folder.Path),
            Throws.TypeOf<SerializationException>().With.Message.Contains("vocab.txt"));
    }

    [Test]
    public void Learned_merges_make_every_word_one_token_commonest_first()
    {
        var vocabulary = BytePairTrainer.Train(["low low low low", "newer newer newer", "new"]);
        // "e w" is in newer and new (4), as "l o" and "o w</w>" are in low; the first of them by ordinal order comes
        // first.
        Assert.That(vocabulary.Merges.Take(3), Is.EqualTo(new[] { ("l", "o"), ("lo", "w</w>"), ("n", "e") }));
        var tokenizer = BytePairTokenizer.Of(vocabulary);
        Assert.That(tokenizer.Encode("low newer new"), Has.Length.EqualTo(5));
        Assert.That(BytePairTrainer.Train(["new", "newer newer newer", "low low low low"]).Merges,
            Is.EqualTo(vocabulary.Merges));
        Assert.That(BytePairTrainer.Train(["low newer"], 2).Merges, Has.Count.EqualTo(2));
    }

    [Test]
    public void A_batch_is_padded_behind_the_end_token()
    {
        ITokenizer tokenizer = Small;
        var batch = tokenizer.EncodeBatch(["red", "red ring"], minLength: 5);
        Assert.That((batch.Count, batch.Length), Is.EqualTo((2, 5)));
        Assert.That(batch.Mask, Is.EqualTo(new[] { 1, 1, 1, 0, 0, 1, 1, 1, 1, 0 }));
        Assert.That(batch.Ids[3..5], Is.EqualTo(new[] { 0, 0 }));
        Assert.That(batch.Ids[2], Is.EqualTo(Small.VocabSize - 1), "the end has the largest id");
    }
}
