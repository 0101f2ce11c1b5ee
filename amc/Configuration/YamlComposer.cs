using YamlDotNet.Core;
using YamlDotNet.Core.Events;

namespace AmcEngine.Amc.Configuration;

/// <summary>
/// Makes values of a YAML text: anchors, aliases and merge keys resolved, every size bounded, every complaint with the
/// line that is to be mended. Aliases share what they repeat, so that ten lines cannot become a billion values.
/// </summary>
internal sealed class YamlComposer
{
    private const string MergeKey = "<<";
    private const int MaxDepth = 32;
    private const int MaxValues = 100_000;

    private static readonly HashSet<string> CoreTags = [.. new[] { "str", "int", "float", "bool", "null", "seq", "map",
        "merge" }.Select(t => "tag:yaml.org,2002:" + t)];

    private readonly string _name;
    private readonly Scanner _scanner;
    private readonly Parser _parser;
    private readonly Dictionary<AnchorName, YamlValue> _anchors = [];
    private int _values;

    private YamlComposer(string name, string text)
    {
        _name = name;
        _scanner = new Scanner(new StringReader(text));
        _parser = new Parser(_scanner);
    }

    /// <summary>The one document of a text; null where the text holds none.</summary>
    /// <param name="name">What messages call the text.</param>
    /// <param name="text">The text.</param>
    /// <exception cref="ConfigException">
    /// It is no YAML, holds a second document, or is too deep or too large.
    /// </exception>
    public static YamlValue? Compose(string name, string text)
    {
        var composer = new YamlComposer(name, text);
        // The library would take it for the end and leave out the rest.
        if (text.IndexOf('\0') is var nul and >= 0)
            throw composer.Wrong(text.AsSpan(0, nul).Count('\n') + 1,
                "not valid YAML: holds a NUL character; the file is damaged, or no text");
        try
        {
            return composer.Document();
        }
        catch (YamlException e)
        {
            if (IndentingTab(text, composer._scanner.CurrentPosition.Line) is { } line)
                throw composer.Wrong(line, "not valid YAML: a tab cannot indent a line; use spaces", e);
            throw composer.Wrong(e.Start.Line, $"not valid YAML: {(e.InnerException ?? e).Message}", e);
        }
        catch (Exception e) when (e is InvalidOperationException or ArgumentException or IndexOutOfRangeException
            or FormatException or OverflowException)
        {
            // Some broken files make the library trip over itself instead of saying what is wrong.
            throw composer.Wrong(composer._scanner.CurrentPosition.Line,
                "not valid YAML; check brackets, quotes and indentation there", e);
        }
    }

    // The parser complains about the beginning of the section. A tab that it has not come to is not the cause.
    private static long? IndentingTab(string text, long last)
    {
        var lines = text.ReplaceLineEndings("\n").Split('\n');
        for (var i = 0; i < lines.Length && i < last; i++)
        {
            var indentation = lines[i][..^lines[i].TrimStart(' ', '\t').Length];
            if (indentation.Contains('\t') && lines[i].Length > indentation.Length
                && lines[i][indentation.Length] != '#')
                return i + 1;
        }
        return null;
    }

    private YamlValue? Document()
    {
        Take<StreamStart>();
        if (Current is StreamEnd)
            return null;
        Take<DocumentStart>();
        var root = Value(1);
        Take<DocumentEnd>();
        if (Current is DocumentStart second)
            throw Wrong(second.Start.Line, "a second document begins here (\"---\"); a configuration is one: "
                + "delete the rest, or give it a file of its own");
        return root;
    }

    private ParsingEvent Current => _parser.Current!;

    private YamlValue Value(int depth)
    {
        if (depth > MaxDepth)
            throw Wrong(Current.Start.Line,
                $"values are nested more than {MaxDepth} deep; a configuration has sections of keys and nothing below");
        Count(1);
        if (Current is AnchorAlias alias)
            return Alias(alias);
        if (Current is not NodeEvent node)
            throw Wrong(Current.Start.Line, "not valid YAML; a value is missing");
        if (!node.Tag.IsEmpty && !node.Tag.IsNonSpecific && !CoreTags.Contains(node.Tag.Value))
            throw Wrong(node.Start.Line,
                $"the tag {MessageText.Quote(node.Tag.Value)} is not known; write the value without it");
        YamlValue value = node switch
        {
            SequenceStart => List(depth),
            MappingStart => Map(depth),
            _ => Scalar(),
        };
        if (!node.Anchor.IsEmpty)
            _anchors[node.Anchor] = value;
        return value;
    }

    private YamlValue Alias(AnchorAlias alias)
    {
        // An anchor is known when its value is complete: none can hold itself.
        if (!_anchors.TryGetValue(alias.Value, out var value))
            throw Wrong(alias.Start.Line, $"*{MessageText.Quote(alias.Value.Value)} repeats a value that no "
                + $"&{MessageText.Quote(alias.Value.Value)} has named before");
        value.IsReused = true;
        Next();
        return value;
    }

    private YamlScalar Scalar()
    {
        var scalar = Take<Scalar>();
        return new YamlScalar(scalar.Value, scalar.Style is ScalarStyle.Plain, scalar.Start.Line);
    }

    private YamlList List(int depth)
    {
        var line = Take<SequenceStart>().Start.Line;
        var items = new List<YamlValue>();
        while (Current is not SequenceEnd)
            items.Add(Value(depth + 1));
        Next();
        return new YamlList(items, line);
    }

    private YamlMap Map(int depth)
    {
        var line = Take<MappingStart>().Start.Line;
        var own = new Dictionary<string, YamlEntry>(StringComparer.Ordinal);
        YamlEntry? merge = null;
        while (Current is not MappingEnd)
        {
            if (Value(depth + 1) is not YamlScalar key)
                throw Wrong(line, "a key is a list or a section; keys are words, as in \"seed: 1\"");
            var entry = new YamlEntry(key.Text, key.Line, Value(depth + 1));
            var merges = key is { IsPlain: true, Text: MergeKey };
            if (merges ? merge is not null : own.ContainsKey(key.Text))
                throw Wrong(key.Line, $"not valid YAML: the key \"{MessageText.Quote(key.Text)}\" is there twice; "
                    + $"keep one (also at line {(merges ? merge! : own[key.Text]).Line})");
            if (merges)
                merge = entry;
            else
                own.Add(key.Text, entry);
        }
        Next();
        if (merge is not null)
            Merge(merge, own);
        return new YamlMap([.. own.Values], line);
    }

    // What stands in the section itself wins over what is merged, and of several sections the first wins.
    private void Merge(YamlEntry merge, Dictionary<string, YamlEntry> own)
    {
        var sources = merge.Value is YamlList list ? list.Items : [merge.Value];
        foreach (var source in sources)
        {
            if (source is not YamlMap map)
                throw Wrong(merge.Line,
                    $"\"<<\" merges a section, such as *name, or a list of sections; found {source.Description}");
            Count(map.Entries.Count);
            foreach (var entry in map.Entries)
                own.TryAdd(entry.Key, entry);
        }
    }

    private void Count(int values)
    {
        _values += values;
        if (_values > MaxValues)
            throw Wrong(
                Current.Start.Line, $"holds more than {MaxValues} values, which no configuration does; check the file");
    }

    private T Take<T>() where T : ParsingEvent
    {
        if (_parser.Current is null)
            Next();
        if (_parser.Current is not T taken)
            throw Wrong(
                _parser.Current?.Start.Line ?? 1, "not valid YAML; check brackets, quotes and indentation there");
        Next();
        return taken;
    }

    private void Next() => _parser.MoveNext();

    private ConfigException Wrong(long line, string what, Exception? inner = null) =>
        new($"{_name}: line {line}: {what}", inner);
}
