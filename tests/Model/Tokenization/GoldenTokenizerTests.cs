using System.Text.Json;
using AmcEngine.Model.Tokenization;
using NUnit.Framework;

namespace AmcEngine.Tests.Model.Tokenization;

/// <summary>
/// The reference tokenizer's answers on 30 cleaned captions, under the full vocabulary, which the program carries.
/// </summary>
[TestFixture, Category("Golden")]
public sealed class GoldenTokenizerTests
{
    [Test]
    public void All_golden_strings_give_the_reference_tokens_and_ids()
    {
        var golden = GoldenFiles.Require("tokenizer.json");
        var tokenizer = WordPieceTokenizer.BertBaseUncased;
        using var document = JsonDocument.Parse(File.ReadAllText(golden));
        Assert.Multiple(() =>
        {
            Assert.That(
                (tokenizer.VocabSize, tokenizer.PadId, tokenizer.UnkId, tokenizer.ClsId, tokenizer.MaskId),
                Is.EqualTo((30_522, 0, 100, 101, 103)));
            foreach (var entry in document.RootElement.EnumerateArray())
            {
                var text = entry.GetProperty("clean").GetString()!;
                Assert.That(
                    tokenizer.Encode(text).Skip(1).Select(tokenizer.Token), Is.EqualTo(Strings(entry, "tokens")), text);
                Assert.That(tokenizer.Encode(text), Is.EqualTo(Numbers(entry, "input_ids")), text);
                Assert.That(tokenizer.Encode(text, 25), Is.EqualTo(Numbers(entry, "input_ids_max25")), text);
            }
        });
        Assert.That(document.RootElement.GetArrayLength(), Is.GreaterThan(0));
    }

    private static string[] Strings(JsonElement entry, string name) =>
        [.. entry.GetProperty(name).EnumerateArray().Select(element => element.GetString()!)];

    private static int[] Numbers(JsonElement entry, string name) =>
        [.. entry.GetProperty(name).EnumerateArray().Select(element => element.GetInt32())];
}
