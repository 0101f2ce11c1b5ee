using AmcEngine.Model.Tokenization;
using AmcEngine.Tests.DataTools;
using NUnit.Framework;

namespace AmcEngine.Tests.Model.Tokenization;

/// <summary>BLIP's tokenizer beside ALBEF's, over the same word pieces.</summary>
[TestFixture]
public sealed class BlipTokenizerTests
{
    [Test]
    public void Blip_adds_two_tokens_and_the_separator()
    {
        var blip = BlipTokenizer.BertBaseUncased;
        Assert.That((blip.VocabSize, blip.DecId, blip.EncId, blip.StartId, blip.EndId),
            Is.EqualTo((30_524, 30_522, 30_523, 101, (int?)102)));
        Assert.That(blip.Encode("a red ring"), Is.EqualTo(new[] { 101, 1037, 2417, 3614, 102 }));
        Assert.That(blip.Encode("[ENC] [DEC]"), Has.None.AnyOf(blip.EncId, blip.DecId));
        Assert.That(WordPieceTokenizer.BertBaseUncased.Encode("a red ring"),
            Is.EqualTo(new[] { 101, 1037, 2417, 3614 }), "ALBEF's has none");
    }

    [Test]
    public void A_cut_keeps_the_separator()
    {
        var blip = BlipTokenizer.BertBaseUncased;
        var whole = string.Concat(Enumerable.Repeat("red ", 100));
        Assert.That(blip.Encode(whole), Has.Length.EqualTo(35));
        Assert.That(blip.Encode(whole)[^1], Is.EqualTo(102));
        Assert.That(blip.Encode(whole, 200), Has.Length.EqualTo(102));
        Assert.That(blip.Encode("red ring", 3), Is.EqualTo(new[] { 101, 2417, 102 }));
        Assert.That(() => blip.Encode("red", 1), Throws.TypeOf<ArgumentOutOfRangeException>());
    }

    [Test]
    public void Its_files_are_told_from_ALBEF_s()
    {
        using var folder = new TempFolder();
        BlipTokenizer.BertBaseUncased.Save(folder.Path);
        Assert.That(TokenizerFiles.Load(folder.Path),
            Is.TypeOf<BlipTokenizer>().With.Property(nameof(ITokenizer.VocabSize)).EqualTo(30_524));
        WordPieceTokenizer.BertBaseUncased.Save(folder.Path);
        Assert.That(TokenizerFiles.Load(folder.Path),
            Is.TypeOf<WordPieceTokenizer>().With.Property(nameof(ITokenizer.VocabSize)).EqualTo(30_522));
    }
}
