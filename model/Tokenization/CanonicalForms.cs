using System.Globalization;
using System.Text;

namespace AmcEngine.Model.Tokenization;

/// <summary>
/// Canonical decomposition and composition of Unicode (forms D and C). The platform cannot be asked: with invariant
/// globalization <c>string.Normalize</c> returns its input unchanged.
/// </summary>
/// <remarks>
/// The tables are the Unicode Character Database 14.0 (www.unicode.org, Unicode licence), read from a file inside the
/// program whose head says how its lines are written. Hangul syllables follow the formula of the standard, section
/// 3.12.
/// </remarks>
internal static class CanonicalForms
{
    private const string Resource = "AmcEngine.Model.Tokenization.canonical-14.0.txt";
    private const int HangulFirst = 0xAC00, HangulCount = 11172;
    private const int Leading = 0x1100, Vowel = 0x1161, Trailing = 0x11A7, Leadings = 19, Vowels = 21, Trailings = 28;

    private static readonly Dictionary<int, int[]> Parts = [];
    private static readonly Dictionary<(int First, int Second), int> Composites = [];
    private static readonly Dictionary<int, int> Classes = [];

    static CanonicalForms()
    {
        using var stream = typeof(CanonicalForms).Assembly.GetManifestResourceStream(Resource)!;
        using var reader = new StreamReader(stream, Encoding.UTF8);
        while (reader.ReadLine() is { } line)
        {
            if (line.StartsWith('@')) ReadClass(line.Split(' '));
            else if (!line.StartsWith('#')) ReadParts(line.TrimStart('-').Split(' '), composes: !line.StartsWith('-'));
        }
    }

    /// <summary>Whether a character is decomposed at all.</summary>
    public static bool Decomposes(Rune character) => IsSyllable(character.Value) || Parts.ContainsKey(character.Value);

    /// <summary>The full canonical decomposition of one character, itself where it has none.</summary>
    public static IEnumerable<Rune> Decompose(Rune character)
    {
        var code = character.Value;
        if (IsSyllable(code)) return Jamo(code - HangulFirst).Select(c => new Rune(c));
        return Parts.TryGetValue(code, out var parts) ? parts.SelectMany(c => Decompose(new Rune(c))) : [character];
    }

    /// <summary>The text in form C: decomposed, marks in the order of their classes, and composed again.</summary>
    public static string Compose(string text)
    {
        // Nothing below the combining marks changes.
        if (!text.AsSpan().ContainsAnyExceptInRange('\0', '\u02FF')) return text;
        List<int> codes = [.. text.EnumerateRunes().SelectMany(Decompose).Select(r => r.Value)];
        SortMarks(codes);
        var composed = new StringBuilder(text.Length);
        foreach (var code in Join(codes)) composed.Append(new Rune(code));
        return composed.ToString();
    }

    private static void ReadClass(string[] fields)
    {
        var number = int.Parse(fields[0].AsSpan(1), CultureInfo.InvariantCulture);
        foreach (var range in fields.AsSpan(1))
        {
            var ends = range.Split('-');
            for (var code = Hex(ends[0]); code <= Hex(ends[^1]); code++) Classes.Add(code, number);
        }
    }

    private static void ReadParts(string[] fields, bool composes)
    {
        var code = Hex(fields[0]);
        int[] parts = [.. fields.Skip(1).Select(Hex)];
        Parts.Add(code, parts);
        if (composes) Composites.Add((parts[0], parts[1]), code);
    }

    private static int Hex(string text) => int.Parse(text, NumberStyles.HexNumber, CultureInfo.InvariantCulture);

    private static bool IsSyllable(int code) => code - HangulFirst is >= 0 and < HangulCount;

    private static int[] Jamo(int syllable)
    {
        var leading = Leading + syllable / (Vowels * Trailings);
        var vowel = Vowel + syllable / Trailings % Vowels;
        var trailing = syllable % Trailings;
        return trailing == 0 ? [leading, vowel] : [leading, vowel, Trailing + trailing];
    }

    // Each run of marks by class, those of one class in the order that they stand in.
    private static void SortMarks(List<int> codes)
    {
        for (var start = 0; start < codes.Count;)
        {
            var end = start;
            while (end < codes.Count && Class(codes[end]) > 0) end++;
            if (end - start > 1)
            {
                int[] sorted = [.. codes.GetRange(start, end - start).OrderBy(Class)];
                for (var i = start; i < end; i++) codes[i] = sorted[i - start];
            }
            start = Math.Max(end, start + 1);
        }
    }

    // A character joins the last starter unless one of its own class, or of none, stands between them.
    private static List<int> Join(List<int> codes)
    {
        var joined = new List<int>(codes.Count);
        int starter = -1, lastClass = 0;
        foreach (var code in codes)
        {
            var mark = Class(code);
            var adjacent = starter == joined.Count - 1;
            if (starter >= 0 && (adjacent || lastClass < mark) && Pair(joined[starter], code) is { } composite)
            {
                joined[starter] = composite;
                continue;
            }
            if (mark == 0) starter = joined.Count;
            lastClass = mark;
            joined.Add(code);
        }
        return joined;
    }

    private static int? Pair(int first, int second)
    {
        int leading = first - Leading, vowel = second - Vowel, syllable = first - HangulFirst,
            trailing = second - Trailing;
        if (leading is >= 0 and < Leadings && vowel is >= 0 and < Vowels)
            return HangulFirst + (leading * Vowels + vowel) * Trailings;
        if (syllable is >= 0 and < HangulCount && syllable % Trailings == 0 && trailing is > 0 and < Trailings)
            return first + trailing;
        return Composites.TryGetValue((first, second), out var composite) ? composite : null;
    }

    private static int Class(int code) => Classes.GetValueOrDefault(code);
}
