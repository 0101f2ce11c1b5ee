using AmcEngine.Model.Tokenization;
using NUnit.Framework;

namespace AmcEngine.Tests.Model.Tokenization;

/// <summary>
/// What CLIP's tokenizer makes of odd text before it splits it. Expected values are those of Unicode's and HTML's
/// rules.
/// </summary>
[TestFixture]
public sealed class TextRepairTests
{
    [TestCase("plain text", "plain text")]
    [TestCase("“a” ‘b’ ʼ", "\"a\" 'b' '")]
    [TestCase("ﬁne ﬄ ǆ", "fine ffl dž")]
    [TestCase("ＡＢ１！ ｶﾞｷ ￥ ﾡ", "AB1! ガキ ¥ ᄀ")]
    [TestCase("a\u3000b\u2028c\r\nd", "a b\nc\nd")]
    [TestCase("\u001b[31mred\u001b[0m", "red")]
    [TestCase("a\u0000b\uFEFFc\u007F", "abc")]
    [TestCase("it\u0092s", "it's")]
    [TestCase("&ldquo;x&rdquo; &EACUTE; &#233; &amp;amp;", "\"x\" É é &")]
    [TestCase("&nope; &copy", "&nope; &copy")]
    [TestCase("<b> &amp;", "<b> &amp;")]
    [TestCase("&lt; \n &lt;", "< \n <")]
    public void Repairs(string text, string repaired) => Assert.That(TextRepair.Repair(text), Is.EqualTo(repaired));

    [TestCase("e\u0301", "é")]
    [TestCase("a\u0302\u0323", "ậ")]
    [TestCase("a\u0323\u0302", "ậ")]
    [TestCase("q\u0307\u0323", "q\u0323\u0307")]
    [TestCase("a\u0305\u0300", "a\u0305\u0300")]
    [TestCase("\u212B \u2126", "Å Ω")]
    [TestCase("\u0958", "\u0915\u093C")]
    [TestCase("\u1112\u1161\u11AB", "한")]
    [TestCase("한글", "한글")]
    [TestCase("a\u0315\u0300\u05AE\u0300", "\u00E0\u05AE\u0300\u0315")]
    public void Composes(string text, string composed) =>
        Assert.That(CanonicalForms.Compose(text), Is.EqualTo(composed));

    [TestCase("&lt;&LT;&lt", "<<<")]
    [TestCase("&notit; &notin; &amp;lt;", "¬it; ∉ &lt;")]
    [TestCase("&#65;&#x41;&#X41&#0065 &#128; &#0; &#x110000; &#xD800; &#1; &#13;", "AAAA € \uFFFD \uFFFD \uFFFD  \r")]
    [TestCase("&#99999999999999999999;", "\uFFFD")]
    [TestCase("& &; &#; &nosuch; &apos; &apos", "& &; &#; &nosuch; ' &apos")]
    public void Unescapes(string text, string unescaped) =>
        Assert.That(HtmlEntities.Unescape(text), Is.EqualTo(unescaped));
}
