using System.Text.Json;
using AmcEngine.DataTools;
using NUnit.Framework;

namespace AmcEngine.Tests.DataTools;

[TestFixture]
public class CaptionCleanerTests
{
    [TestCase("The woman's left-hand  cup", "the womans left hand cup")]
    [TestCase(",.'!?\"()*#:;~", "")]
    [TestCase("a/b - c", "a b c")]
    [TestCase("<person> with a <PERSON>", "person with a person")]
    [TestCase("tab\there", "tab\there")]
    [TestCase("tab \there\n", "tab here")]
    [TestCase("two\u001c\u001dwords", "two words")]
    [TestCase("\n", "")]
    [TestCase("ΟΔΟΣ ΣΑ", "οδος σα")]
    [TestCase("İx", "i\u0307x")]
    public void Cleans_as_the_reference_does(string caption, string expected) =>
        Assert.That(CaptionCleaner.Clean(caption, 50), Is.EqualTo(expected));

    [Test]
    public void Keeps_the_first_words() =>
        Assert.That(CaptionCleaner.Clean("One two, three", 2), Is.EqualTo("one two"));

    [Test]
    public void No_words_at_all_is_a_mistake() =>
        Assert.That(() => CaptionCleaner.Clean("a", 0), Throws.TypeOf<ArgumentOutOfRangeException>());

    [Test]
    [Category("Golden")]
    public void Equals_the_golden_strings()
    {
        using var golden = JsonDocument.Parse(File.ReadAllText(GoldenFiles.Require("tokenizer.json")));
        foreach (var entry in golden.RootElement.EnumerateArray())
        {
            var text = entry.GetProperty("text").GetString()!;
            Assert.That(CaptionCleaner.Clean(text, 50), Is.EqualTo(entry.GetProperty("clean").GetString()), text);
        }
    }
}
