using YamlDotNet.Core;
using YamlDotNet.RepresentationModel;

namespace AmcEngine.Amc.Configuration;

/// <summary>Reads a YAML file into values by dotted key; every complaint names the file, the line and the key.</summary>
internal static class YamlConfigReader
{
    /// <summary>Reads a file.</summary>
    /// <exception cref="ConfigException">The file is missing, empty, not YAML, or holds a key or value that is wrong.</exception>
    public static Dictionary<string, object> Read(string path)
    {
        var values = new Dictionary<string, object>(StringComparer.Ordinal);
        ReadMapping(path, Root(path), "", values);
        return values;
    }

    /// <summary>Applies one <c>key=value</c> of the command line.</summary>
    /// <exception cref="ConfigException">The argument has no '=', or its key or value is wrong.</exception>
    public static void Override(Dictionary<string, object> values, string argument)
    {
        int equals = argument.IndexOf('=', StringComparison.Ordinal);
        if (equals <= 0)
            throw new ConfigException($"--set {argument}: must be key=value, for example --set optimizer.lr=1e-4");
        string yaml = $"value: {argument[(equals + 1)..]}";
        YamlMappingNode root = Parse($"--set {argument}", new StringReader(yaml));
        string path = argument[..equals].Trim();
        if (ConfigSchema.Find(path) is not { } key)
        {
            throw ConfigSchema.IsSection(path)
                ? new ConfigException($"--set {argument}: \"{path}\" is a section; set one of its keys, for example {ConfigSchema.Keys.First(k => k.Path.StartsWith(path + ".", StringComparison.Ordinal)).Path}=…")
                : ConfigSchema.Unknown(path, "--set");
        }
        Store(key, root.Children.First().Value, values, line => $"--set {argument}");
    }

    private static YamlMappingNode Root(string path)
    {
        try
        {
            using var reader = new StreamReader(path);
            return Parse(path, reader);
        }
        catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException)
        {
            throw new ConfigException($"{path}: configuration not found; check the path (ready ones are in configs/)", e);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new ConfigException($"{path}: configuration cannot be read ({e.Message}); check that it is a readable file", e);
        }
    }

    private static YamlMappingNode Parse(string name, TextReader reader)
    {
        var stream = new YamlStream();
        var parser = new Parser(reader);
        try
        {
            stream.Load(parser);
        }
        catch (YamlException e)
        {
            string reason = (e.InnerException ?? e).Message;
            throw new ConfigException($"{name}: line {e.Start.Line}: not valid YAML: {reason}", e);
        }
        catch (Exception e) when (e is InvalidOperationException or ArgumentException)
        {
            // Some broken files make the library trip over itself instead of saying what is wrong.
            throw new ConfigException($"{name}: line {parser.Current?.End.Line ?? 1}: not valid YAML; check brackets, quotes and indentation there", e);
        }
        if (stream.Documents.Count == 0)
            throw new ConfigException($"{name}: the configuration is empty; copy one from configs/ and change it");
        return stream.Documents[0].RootNode as YamlMappingNode
            ?? throw new ConfigException($"{name}: line {stream.Documents[0].RootNode.Start.Line}: must be a list of \"key: value\" lines");
    }

    private static void ReadMapping(string path, YamlMappingNode mapping, string prefix, Dictionary<string, object> values)
    {
        foreach ((YamlNode keyNode, YamlNode node) in mapping.Children)
        {
            string name = prefix + ((keyNode as YamlScalarNode)?.Value ?? keyNode.ToString());
            string where = $"{path}: line {keyNode.Start.Line}";
            if (prefix.Length == 0 && ConfigSchema.IsSection(name))
            {
                if (node is not YamlMappingNode section)
                    throw new ConfigException($"{where}: {name}: expected a section of keys, such as {{lr: 1e-4}}, found {Describe(node)}");
                ReadMapping(path, section, name + ".", values);
                continue;
            }
            ConfigKey key = ConfigSchema.Find(name) ?? throw ConfigSchema.Unknown(name, where);
            Store(key, node, values, line => $"{path}: line {line}");
        }
    }

    private static void Store(ConfigKey key, YamlNode node, Dictionary<string, object> values, Func<long, string> where)
    {
        // "key:" with nothing behind it, or null, leaves the key as it is without the file.
        if (node is YamlScalarNode { Style: ScalarStyle.Plain } empty && empty.Value is null or "" or "null" or "~")
        {
            values.Remove(key.Path);
            return;
        }
        values[key.Path] = Convert(key, node)
            ?? throw new ConfigException($"{where(node.Start.Line)}: {key.Path}: expected {key.Expected}, found {Describe(node)}");
    }

    private static object? Convert(ConfigKey key, YamlNode node)
    {
        if (node is YamlScalarNode scalar)
            return ScalarParser.Parse(key, scalar.Value ?? "", scalar.Style is not ScalarStyle.Plain);
        if (node is not YamlSequenceNode sequence || key.Kind is not (ConfigKind.TextList or ConfigKind.IntegerList))
            return null;
        List<YamlScalarNode?> items = [.. sequence.Children.Select(c => c as YamlScalarNode)];
        if (items.Contains(null))
            return null;
        if (key.Kind == ConfigKind.TextList)
            return items.Select(i => i!.Value ?? "").ToArray();
        List<int?> numbers = items.ConvertAll(i => ScalarParser.Integer(i!.Value ?? ""));
        return numbers.Contains(null) ? null : numbers.Select(n => n!.Value).ToArray();
    }

    private static string Describe(YamlNode node) => node switch
    {
        YamlScalarNode { Style: ScalarStyle.Plain } scalar => scalar.Value ?? "nothing",
        YamlScalarNode scalar => $"the text \"{scalar.Value}\"",
        YamlSequenceNode => "a list",
        _ => "a section",
    };
}
