using AmcEngine.DataTools;

namespace AmcEngine.Tests.DataTools;

/// <summary>
/// Reads a phrase as a person would and says which items it fits; shares no code with the phrase maker.
/// </summary>
internal static class PhraseOracle
{
    private static readonly string[] Kinds = ["circle", "square", "triangle", "star", "cross", "diamond", "ring"];

    public static int[] Matches(string phrase, ShapeItem[] items)
    {
        var words = phrase.Split(' ');
        var anchorAt = Array.LastIndexOf(words, "the");
        if (anchorAt > 0)
        {
            var relation = words.Contains("of") ? words[anchorAt - 2] : words[anchorAt - 1];
            var anchor = items.Single(i => Kinds[(int)i.Kind] == words[anchorAt + 1]);
            var subject = words[1..(anchorAt - (words.Contains("of") ? 2 : 1))];
            return Indices(items, i => Fits(i, subject) && i != anchor && Lies(relation, i, anchor));
        }
        if (words[0] != "the")
            return Indices(items, i => Fits(i, words));
        return Indices(
            items, i => Fits(i, words[2..]) && items.All(o => o == i || !Fits(o, words[2..]) || Lies(words[1], i, o)));
    }

    private static int[] Indices(ShapeItem[] items, Func<ShapeItem, bool> fits) =>
        [.. Enumerable.Range(0, items.Length).Where(i => fits(items[i]))];

    private static bool Fits(ShapeItem item, string[] description) => description.All(word =>
        word == (item.Large ? "large" : "small") || word == Kinds[(int)item.Kind]
            || word == NamedColor.All[item.Color].Name);

    private static bool Lies(string where, ShapeItem item, ShapeItem other) => where switch
    {
        "left" => item.CentreX2 < other.CentreX2,
        "right" => item.CentreX2 > other.CentreX2,
        "above" or "top" => item.CentreY2 < other.CentreY2,
        "below" or "bottom" => item.CentreY2 > other.CentreY2,
        _ => throw new ArgumentException(where),
    };
}
