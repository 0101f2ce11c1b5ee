using AmcEngine.Serialization;

namespace AmcEngine.Amc.Configuration;

/// <summary>
/// Reads a YAML file into values by dotted key; every complaint names the file, the line and the key.
/// </summary>
internal static class YamlConfigReader
{
    /// <summary>Largest file that is taken for a configuration, in bytes.</summary>
    internal const int MaxBytes = 1 << 20;

    // A misspelt key is not excused by an anchor.
    private const int MisspeltDistance = 2;
    private const int MisspeltLength = 5;

    /// <summary>Reads a file.</summary>
    /// <exception cref="ConfigException">
    /// The file is missing, empty, not YAML, or holds a key or value that is wrong.
    /// </exception>
    public static Dictionary<string, object> Read(string path)
    {
        var root = Compose(path, Text(path));
        var values = new Dictionary<string, object>(StringComparer.Ordinal);
        // A top-level key that only names settings for "<<" or "*" elsewhere is not read by itself.
        ReadEntries(path, root.Entries.Where(e => !IsShared(e)), "", values);
        return values;
    }

    /// <summary>Applies one <c>key=value</c> of the command line.</summary>
    /// <exception cref="ConfigException">The argument has no '=', or its key or value is wrong.</exception>
    public static void Override(Dictionary<string, object> values, string argument)
    {
        var name = $"--set {MessageText.Quote(argument)}";
        var equals = argument.IndexOf('=', StringComparison.Ordinal);
        if (equals <= 0)
            throw new ConfigException($"{name}: must be key=value, for example --set optimizer.lr=1e-4");
        var root = Compose(name, $"value: {argument[(equals + 1)..]}");
        var path = argument[..equals].Trim();
        if (ConfigSchema.Find(path) is not { } key)
        {
            throw ConfigSchema.IsSection(path)
                ? new ConfigException($"{name}: \"{path}\" is a section; set one of its keys, for example "
                    + $"{ConfigSchema.Keys.First(k => k.Path.StartsWith(path + ".", StringComparison.Ordinal)).Path}=…")
                : ConfigSchema.Unknown(path, "--set");
        }
        Store(key, root.Entries[0].Value, values, line => name);
    }

    private static string Text(string path)
    {
        try
        {
            return TextFile.Read(path, MaxBytes);
        }
        catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException)
        {
            throw new ConfigException(
                $"{path}: configuration not found; check the path (ready ones are in configs/)", e);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new ConfigException(
                $"{path}: configuration cannot be read ({e.Message}); check that it is a readable file", e);
        }
    }

    private static YamlMap Compose(string name, string text) => YamlComposer.Compose(name, text) switch
    {
        null or YamlScalar { IsNull: true } =>
            throw new ConfigException($"{name}: the configuration is empty; copy one from configs/ and change it"),
        YamlMap map => map,
        var other => throw new ConfigException($"{name}: line {other.Line}: must be a list of \"key: value\" lines"),
    };

    private static bool IsShared(YamlEntry entry) =>
        ConfigSchema.Find(entry.Key) is null && !ConfigSchema.IsSection(entry.Key)
        && (entry.Value.IsReused || (entry.Value is YamlMap map && map.Entries.Any(e => e.Value.IsReused)))
        && !ConfigSchema.Names.Any(n => n.Length >= MisspeltLength
            && Math.Abs(n.Length - entry.Key.Length) <= MisspeltDistance
            && EditDistance.Between(entry.Key, n) <= MisspeltDistance);

    private static void ReadEntries(
        string path, IEnumerable<YamlEntry> entries, string prefix, Dictionary<string, object> values)
    {
        foreach (var entry in entries)
        {
            var name = prefix + entry.Key;
            var where = $"{path}: line {entry.Line}";
            if (prefix.Length == 0 && ConfigSchema.IsSection(name))
            {
                if (entry.Value is not YamlMap section)
                    throw new ConfigException($"{where}: {name}: expected a section of keys, such as {{lr: 1e-4}}, "
                        + $"found {entry.Value.Description}");
                ReadEntries(path, section.Entries, name + ".", values);
                continue;
            }
            var key = ConfigSchema.Find(name) ?? throw ConfigSchema.Unknown(name, where);
            Store(key, entry.Value, values, line => $"{path}: line {line}");
        }
    }

    private static void Store(
        ConfigKey key, YamlValue node, Dictionary<string, object> values, Func<long, string> where)
    {
        // "key:" with nothing behind it, or null, leaves the key as it is without the file.
        if (node is YamlScalar { IsNull: true }
            || (key.IsAutomatic && node is YamlScalar { Text: ScalarParser.Auto }))
        {
            values.Remove(key.Path);
            return;
        }
        var value = Convert(key, node)
            ?? throw new ConfigException(
                $"{where(node.Line)}: {key.Path}: expected {key.Expected}, found {node.Description}");
        var variable = key.IsPath ? (value as string[] ?? [(string)value]).FirstOrDefault(PathText.HasVariable) : null;
        if (variable is not null)
            throw new ConfigException($"{where(node.Line)}: {key.Path}: \"{MessageText.Quote(variable)}\" names a "
                + "variable, and none is filled in here; write the path out, or begin it with ~/");
        values[key.Path] = value;
    }

    private static object? Convert(ConfigKey key, YamlValue node)
    {
        if (node is YamlScalar scalar)
            return ScalarParser.Parse(key, scalar.Text, !scalar.IsPlain);
        if (node is not YamlList list || key.Kind is not (ConfigKind.TextList or ConfigKind.IntegerList))
            return null;
        List<object?> items = [
            .. list.Items.Select(i => i is YamlScalar item ? ScalarParser.Parse(key, item.Text, !item.IsPlain) : null)];
        return items.Contains(null) ? null
            : key.Kind == ConfigKind.TextList ? items.SelectMany(i => (string[])i!).ToArray()
            : items.SelectMany(i => (int[])i!).ToArray();
    }
}
