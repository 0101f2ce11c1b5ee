using System.Globalization;
using System.Text;
using System.Text.Json;

namespace AmcEngine.DataTools;

/// <summary>A phrase of a sentence of Flickr30k Entities.</summary>
/// <param name="Text">Its words.</param>
/// <param name="Entity">The number of the chain of phrases about the same thing; 0 for what cannot be seen.</param>
/// <param name="Types">The kinds of thing, such as <c>people</c>; perhaps several.</param>
internal sealed record FlickrPhrase(string Text, string Entity, IReadOnlyList<string> Types)
{
    /// <summary>Whether it names something that can be seen.</summary>
    public bool IsVisual => Entity != "0";
}

/// <summary>Reads the phrases of sentences: <c>[/EN#5/people A man] in [/EN#6/clothing an orange hat] .</c></summary>
internal static class FlickrSentence
{
    /// <summary>The phrases of each sentence of a file of the original, a sentence a line.</summary>
    /// <exception cref="DataException">The file cannot be read, or a mark in it is not closed or is none.</exception>
    public static IReadOnlyList<IReadOnlyList<FlickrPhrase>> Load(string path)
    {
        var lines = OriginalFile.Lines(path);
        List<IReadOnlyList<FlickrPhrase>> sentences = [];
        foreach (var line in lines)
        {
            try
            {
                sentences.Add(Phrases(line));
            }
            catch (FormatException e)
            {
                throw new DataException(string.Create(CultureInfo.InvariantCulture,
                    $"{path}: line {sentences.Count + 1}: {e.Message}; the file is cut off or damaged: "
                        + $"fetch it again."), e);
            }
        }
        return sentences;
    }

    /// <summary>
    /// The phrases in the order of their first words. A phrase within another is one of its own, and its words are the
    /// outer one's too.
    /// </summary>
    /// <param name="sentence">The marked sentence.</param>
    /// <exception cref="FormatException">A mark is not closed, or is none.</exception>
    public static IReadOnlyList<FlickrPhrase> Phrases(string sentence)
    {
        List<FlickrPhrase?> phrases = [];
        Stack<(int Index, string[] Tag, StringBuilder Words)> open = [];
        foreach (var token in sentence.Split(' ', StringSplitOptions.RemoveEmptyEntries))
        {
            if (token.StartsWith("[/EN#", StringComparison.Ordinal))
            {
                var tag = token["[/EN#".Length..].Split('/');
                if (tag.Length < 2 || tag[0].Length == 0 || tag.Any(t => t.Contains(']', StringComparison.Ordinal)))
                    throw new FormatException($"the mark \"{token}\" is not like [/EN#5/people");
                open.Push((phrases.Count, tag, new StringBuilder()));
                phrases.Add(null);
                continue;
            }
            // Several phrases may end at a word.
            var word = token.TrimEnd(']');
            var ends = Math.Min(token.Length - word.Length, open.Count);
            word = token[..^ends];
            foreach (var (_, _, words) in open)
                Append(words, word);
            for (; ends > 0; ends--)
            {
                var (index, tag, words) = open.Pop();
                phrases[index] = new FlickrPhrase(words.ToString(), tag[0], tag[1..]);
            }
        }
        return open.Count == 0 ? [.. phrases.OfType<FlickrPhrase>()] : throw new FormatException(
            $"the phrase EN#{open.Peek().Tag[0]} has no end");
    }

    /// <summary>
    /// The phrases of a sentence of info-ground's <c>sentences_SPLIT.json</c>; null where one of them is malformed.
    /// </summary>
    public static IReadOnlyList<FlickrPhrase>? Phrases(JsonElement sentence)
    {
        List<FlickrPhrase> phrases = [];
        foreach (var phrase in sentence.Elements("phrases"))
        {
            if (phrase.Text("phrase") is not { } text || (phrase.Text("phrase_id") ?? phrase.Whole("phrase_id")
                ?.ToString(CultureInfo.InvariantCulture)) is not { } entity)
                return null;
            phrases.Add(new FlickrPhrase(
                text, entity, [.. phrase.Elements("phrase_type").Select(t => t.AsText()).OfType<string>()]));
        }
        return phrases;
    }

    private static void Append(StringBuilder words, string word)
    {
        if (word.Length == 0)
            return;
        if (words.Length > 0)
            words.Append(' ');
        words.Append(word);
    }
}
