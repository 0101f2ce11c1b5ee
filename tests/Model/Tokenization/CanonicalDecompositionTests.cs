using System.Globalization;
using System.Text;
using AmcEngine.Model.Tokenization;
using NUnit.Framework;

namespace AmcEngine.Tests.Model.Tokenization;

[TestFixture]
public sealed class CanonicalDecompositionTests
{
    [TestCase(0xE9, "e")]
    [TestCase(0x1EA4, "A")]
    [TestCase(0x212B, "A")]
    [TestCase(0x37E, ";")]
    [TestCase(0x219B, "→")]
    [TestCase(0xAC00, "\u1100\u1161")]
    [TestCase(0xD7A3, "\u1112\u1175\u11c2")]
    [TestCase(0xF900, "豈")]
    [TestCase(0x1D15E, "\U0001d157\U0001d165")]
    public void Characters_lose_their_marks(int character, string rest) =>
        Assert.That(CanonicalDecomposition.BaseOf(new Rune(character)), Is.EqualTo(rest));

    [TestCase('a')]
    [TestCase('ø')]
    [TestCase('ß')]
    [TestCase('½')]
    [TestCase('日')]
    public void Characters_without_a_canonical_decomposition_stay(char character) =>
        Assert.That(CanonicalDecomposition.BaseOf(new Rune(character)), Is.Null);

    [Test]
    public void What_is_left_decomposes_no_further_and_holds_no_mark()
    {
        var decomposed = 0;
        for (var code = 0; code <= 0x10FFFF; code++)
        {
            if (!Rune.IsValid(code) || CanonicalDecomposition.BaseOf(new Rune(code)) is not { } rest) continue;
            decomposed++;
            Assert.That(rest, Is.Not.Empty, $"U+{code:X4}");
            foreach (var rune in rest.EnumerateRunes())
                Assert.That(
                    CanonicalDecomposition.BaseOf(rune) is null
                        && Rune.GetUnicodeCategory(rune) != UnicodeCategory.NonSpacingMark, $"U+{code:X4}");
        }
        // 11,172 Hangul syllables by formula, the rest by the table.
        Assert.That(decomposed, Is.EqualTo(11_172 + 2_043));
    }
}
