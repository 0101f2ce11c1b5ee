using System.Text.Json;
using AmcEngine.Model.Tokenization;
using NUnit.Framework;

namespace AmcEngine.Tests.Model.Tokenization;

/// <summary>The reference tokenizer's answers on 30 cleaned captions, under the full vocabulary.</summary>
[TestFixture, Category("Golden")]
public sealed class GoldenTokenizerTests
{
    private const string VocabularyName = "bert-base-uncased-vocab.txt";

    [Test]
    public void All_golden_strings_give_the_reference_tokens_and_ids()
    {
        string golden = GoldenFiles.Require("tokenizer.json");
        var tokenizer = WordPieceTokenizer.FromVocabFile(RequireVocabulary());
        using var document = JsonDocument.Parse(File.ReadAllText(golden));
        Assert.Multiple(() =>
        {
            Assert.That(
                (tokenizer.VocabSize, tokenizer.PadId, tokenizer.UnkId, tokenizer.ClsId, tokenizer.MaskId),
                Is.EqualTo((30_522, 0, 100, 101, 103)));
            foreach (var entry in document.RootElement.EnumerateArray())
            {
                string text = entry.GetProperty("clean").GetString()!;
                Assert.That(tokenizer.Tokenize(text), Is.EqualTo(Strings(entry, "tokens")), text);
                Assert.That(tokenizer.Encode(text), Is.EqualTo(Numbers(entry, "input_ids")), text);
                Assert.That(tokenizer.Encode(text, 25), Is.EqualTo(Numbers(entry, "input_ids_max25")), text);
            }
        });
        Assert.That(document.RootElement.GetArrayLength(), Is.GreaterThan(0));
    }

    private static string RequireVocabulary()
    {
        string?[] places =
        [
            Environment.GetEnvironmentVariable("AMC_BERT_VOCAB"),
            Path.Combine(GoldenFiles.Folder, VocabularyName),
            Path.Combine(GoldenFiles.Folder, "..", "data", VocabularyName),
        ];
        string? found = places.FirstOrDefault(File.Exists);
        if (found is null) Assert.Ignore(
            "the BERT vocabulary is not on this machine: fetch vocab.txt of bert-base-uncased from Hugging Face "
            + $"(Apache-2.0, 230 kB), and set AMC_BERT_VOCAB to it or put it at {places[1]}");
        return found!;
    }

    private static string[] Strings(JsonElement entry, string name) =>
        [.. entry.GetProperty(name).EnumerateArray().Select(element => element.GetString()!)];

    private static int[] Numbers(JsonElement entry, string name) =>
        [.. entry.GetProperty(name).EnumerateArray().Select(element => element.GetInt32())];
}
