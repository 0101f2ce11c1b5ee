using System.Collections.Frozen;

namespace AmcEngine.DataTools;

/// <summary>
/// Says a scene's phrase in other words that mean the same: "small red circle" as "little crimson disc". Each word that
/// has synonyms gets one of them, by a random stream of its own, so that pictures and phrases are what they are
/// without.
/// </summary>
internal static class ScenePhrasebook
{
    private const ulong Stream = 0x7061726170687261UL;

    // No synonym stands for two words, none is a word of the phrases, and none of "a …" begins with a vowel.
    private static readonly FrozenDictionary<string, string[]> Synonyms = new Dictionary<string, string[]>
    {
        ["small"] = ["little", "tiny"],
        ["large"] = ["big", "huge"],
        ["red"] = ["crimson", "scarlet"],
        ["green"] = ["jade", "lime"],
        ["blue"] = ["cobalt", "navy"],
        ["yellow"] = ["golden", "lemon"],
        ["purple"] = ["violet", "mauve"],
        ["cyan"] = ["turquoise", "teal"],
        ["orange"] = ["tangerine", "pumpkin"],
        ["white"] = ["pale", "snowy"],
        ["circle"] = ["disc", "disk"],
        ["square"] = ["block", "tile"],
        ["triangle"] = ["wedge", "delta"],
        ["star"] = ["pentagram", "pentacle"],
        ["cross"] = ["plus", "plus sign"],
        ["diamond"] = ["rhombus", "lozenge"],
        ["ring"] = ["hoop", "loop"],
        ["above"] = ["over", "higher than"],
        ["below"] = ["under", "lower than"],
        ["left of"] = ["to the left of", "left from"],
        ["right of"] = ["to the right of", "right from"],
        ["left"] = ["leftmost", "left-hand"],
        ["right"] = ["rightmost", "right-hand"],
        ["top"] = ["topmost", "highest"],
        ["bottom"] = ["bottommost", "lowest"],
        ["t-shirt"] = ["tee", "jersey"],
        ["trouser"] = ["pair of pants", "pair of slacks"],
        ["pullover"] = ["sweater", "jumper"],
        ["dress"] = ["gown", "frock"],
        ["coat"] = ["jacket", "cloak"],
        ["sandal"] = ["slipper", "flip-flop"],
        ["shirt"] = ["blouse", "button-down"],
        ["sneaker"] = ["trainer", "running shoe"],
        ["bag"] = ["handbag", "purse"],
        ["boot"] = ["bootie", "high shoe"],
    }.ToFrozenDictionary(StringComparer.Ordinal);

    /// <summary>The phrase in other words.</summary>
    /// <param name="phrase">A phrase of a generated scene.</param>
    /// <param name="kind">Stream of the scene's kind.</param>
    /// <param name="seed">Seed of the scenes.</param>
    /// <param name="split">Which scenes.</param>
    /// <param name="number">Number of the scene.</param>
    public static string Paraphrase(string phrase, ulong kind, ulong seed, SceneSplit split, long number)
    {
        var random = new SeededRandom(seed, Stream, kind, (ulong)split, (ulong)number);
        var words = phrase.Split(' ');
        List<string> other = [];
        for (var i = 0; i < words.Length; i++)
        {
            var pair = i + 1 < words.Length ? $"{words[i]} {words[i + 1]}" : "";
            if (Synonyms.TryGetValue(pair, out var ways))
                i++;
            else if (!Synonyms.TryGetValue(words[i], out ways))
                ways = [words[i]];
            other.Add(random.Pick(ways));
        }
        return string.Join(' ', other);
    }

    /// <summary>
    /// Every word of cleaned paraphrases that phrases of these words do not have, each once, in a fixed order.
    /// </summary>
    /// <param name="words">The words of the phrases.</param>
    /// <param name="names">Words of the phrases as they are before cleaning, such as "t-shirt".</param>
    public static IReadOnlyList<string> NewWords(IReadOnlyList<string> words, IEnumerable<string> names) =>
    [
        .. Synonyms.Where(s => s.Key.Split(' ').All(words.Contains) || names.Contains(s.Key))
            .OrderBy(s => s.Key, StringComparer.Ordinal)
            .SelectMany(s => s.Value)
            .SelectMany(way => CaptionCleaner.Clean(way, CaptionCleaner.TrainingMaxWords).Split(' '))
            .Distinct()
            .Where(word => !words.Contains(word)),
    ];
}
