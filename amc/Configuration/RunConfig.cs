using System.Globalization;

namespace AmcEngine.Amc.Configuration;

/// <summary>A checked configuration: the file, then the command line's <c>--set</c>, over the defaults.</summary>
internal sealed class RunConfig
{
    private readonly Dictionary<string, object> _values;

    private RunConfig(string path, Dictionary<string, object> values, IReadOnlyList<string> notes) =>
        (Path, _values, Notes) = (path, values, notes);

    /// <summary>The file it came from.</summary>
    public string Path { get; }

    /// <summary>What its files hold that has no effect.</summary>
    public IReadOnlyList<string> Notes { get; }

    /// <summary>annotations, scenes or fashion-scenes.</summary>
    public string Dataset => Text("dataset");

    /// <summary>Which kind of model.</summary>
    public string Model => Text("model");

    /// <summary>Whether pictures are generated rather than read.</summary>
    public bool IsGenerated => Dataset != "annotations";

    /// <summary>Whether the learning rate is planned over steps rather than over the reference's epochs.</summary>
    public bool CountsSteps => Has("steps") || Has("schedular.warmup_steps");

    /// <summary>Pairs a step.</summary>
    public int BatchSize => Integer("batch_size");

    /// <summary>Pairs that are computed at a time; null where that is the whole batch, or chosen by memory.</summary>
    public int? MicroBatch => OptionalInteger("micro_batch") is { } size && size < BatchSize ? size : null;

    /// <summary>Whether a key leaves its value to the program.</summary>
    public bool IsAuto(string key) => Value(key) is ScalarParser.Auto;

    /// <summary>Side of the square pictures.</summary>
    public int ImageSize => Integer("image_res");

    /// <summary>
    /// The folder that picture paths start from. The reference's evaluation files may hold full paths, with an empty
    /// image_root.
    /// </summary>
    public string ImageRoot => OptionalText("image_root") is { Length: > 0 } root ? root : ".";

    /// <summary>The annotation files of the training, those of relation_file last, each once.</summary>
    public IReadOnlyList<string> TrainFiles => [.. Texts("train_file").Concat(Texts("relation_file")).Distinct()];

    /// <summary>
    /// Whether the test questions are those of Flickr30k Entities, by the reference's own three lists of files.
    /// </summary>
    public bool AsksFlickr =>
        !IsGenerated && Texts("test_file").Count == 0 && Texts("image_ids_file").Count > 0;

    /// <summary>The files that say which test questions there are; none where accuracy is not measured.</summary>
    public IReadOnlyList<string> TestFiles => AsksFlickr ? Texts("image_ids_file") : Texts("test_file");

    /// <summary>Whether explanations are trained to lie inside of regions.</summary>
    public bool TrainsAmc => Truth("add_gcam") && (IsGenerated || Texts("relation_file").Count == 0);

    /// <summary>Whether training pictures are augmented: those of files, unless told otherwise.</summary>
    public bool Augments => OptionalTruth("augment") ?? !IsGenerated;

    /// <summary>Seed of the weights, the data order, augmentation and dropout.</summary>
    public ulong Seed => (ulong)Integer("seed");

    /// <summary>Loads a configuration.</summary>
    /// <param name="path">The YAML file.</param>
    /// <param name="overrides"><c>key=value</c> arguments that win over the file.</param>
    /// <exception cref="ConfigException">Something is wrong; the message names file, line and key.</exception>
    public static RunConfig Load(string path, IEnumerable<string>? overrides = null)
    {
        var values = YamlConfigReader.Read(path);
        foreach (var argument in overrides ?? [])
            YamlConfigReader.Override(values, argument);
        return Create(path, values);
    }

    /// <summary>Completes and checks values, for example those stored with a checkpoint.</summary>
    /// <param name="path">What messages call the configuration.</param>
    /// <param name="values">Values by dotted key.</param>
    /// <exception cref="ConfigException">Two keys contradict each other.</exception>
    public static RunConfig Create(string path, Dictionary<string, object> values)
    {
        var notes = new List<string>();
        ReferenceDefaults.Complete(values, notes);
        return Create(path, values, notes);
    }

    private static RunConfig Create(string path, Dictionary<string, object> values, List<string> notes)
    {
        if (values.TryGetValue("bert_config", out var bert))
            BertConfigFile.Apply(
                (string)bert, System.IO.Path.GetDirectoryName(System.IO.Path.GetFullPath(path))!, values, notes);
        // The reference gives the rate twice; here one of them is enough.
        if (values.TryGetValue("schedular.lr", out var rate))
            values.TryAdd("optimizer.lr", rate);
        var config = new RunConfig(path, values, notes);
        ConfigRules.Check(config);
        return config;
    }

    /// <summary>Whether the file or the command line gives the key.</summary>
    public bool Has(string key) => _values.ContainsKey(key);

    /// <summary>
    /// Whether the key is given with another value than its default; an empty text or list counts as none.
    /// </summary>
    public bool Differs(string key) =>
        Has(key) && Print(Value(key)) is { Length: > 0 } given && given != Print(ConfigSchema.Find(key)!.Default);

    /// <summary>Whether two keys have the same value.</summary>
    public bool AreEqual(string key, string other) => Print(Value(key)) == Print(Value(other));

    /// <summary>A whole number.</summary>
    public int Integer(string key) => (int)Value(key)!;

    /// <summary>A whole number, or null where not set or left to the program.</summary>
    public int? OptionalInteger(string key) => Value(key) as int?;

    /// <summary>A number.</summary>
    public double Real(string key) => (double)Value(key)!;

    /// <summary>A number, or null where not set.</summary>
    public double? OptionalReal(string key) => (double?)Value(key);

    /// <summary>True or false.</summary>
    public bool Truth(string key) => (bool)Value(key)!;

    /// <summary>True or false, or null where not set.</summary>
    public bool? OptionalTruth(string key) => (bool?)Value(key);

    /// <summary>A text.</summary>
    public string Text(string key) => (string)Value(key)!;

    /// <summary>A text, or null where not set.</summary>
    public string? OptionalText(string key) => (string?)Value(key);

    /// <summary>A list of texts; empty where not set.</summary>
    public IReadOnlyList<string> Texts(string key) => (string[]?)Value(key) ?? [];

    /// <summary>A list of whole numbers; empty where not set.</summary>
    public IReadOnlyList<int> Integers(string key) => (int[]?)Value(key) ?? [];

    /// <summary>
    /// Every key with its value as text, defaults included: what a checkpoint stores and a resumed run compares.
    /// </summary>
    public SortedDictionary<string, string?> Flatten() =>
        new(ConfigSchema.Keys.ToDictionary(k => k.Path, k => Print(Value(k.Path))), StringComparer.Ordinal);

    /// <summary>The configuration back from <see cref="Flatten"/>.</summary>
    /// <param name="path">What messages call the configuration.</param>
    /// <param name="flat">Texts by key.</param>
    /// <param name="overrides"><c>key=value</c> arguments that win over it.</param>
    /// <exception cref="ConfigException">A key or value is not known to this version.</exception>
    public static RunConfig Restore(
        string path, IReadOnlyDictionary<string, string?> flat, IEnumerable<string>? overrides = null)
    {
        var values = new Dictionary<string, object>(StringComparer.Ordinal);
        foreach ((var name, var text) in flat)
        {
            if (text is null)
                continue;
            var key = ConfigSchema.Find(name) ?? throw ConfigSchema.Unknown(name, path);
            // A key at its default was most likely not given, and some keys only count where they are.
            if (text == Print(key.Default))
                continue;
            values[name] = key.Kind switch
            {
                ConfigKind.TextList => text.Length == 0 ? [] : text.Split('\n'),
                ConfigKind.IntegerList => text.Length == 0 ? Array.Empty<int>() : text.Split('\n').SelectMany(
                    t => (int[]?)ScalarParser.Parse(key, t, quoted: false) ?? throw Unfit(key, text)).ToArray(),
                _ => ScalarParser.Parse(key, text, quoted: false)
                    ?? throw Unfit(key, text),
            };
        }
        // The sizes were taken from this file when the run began; it need not exist any more.
        values.Remove("bert_config");
        foreach (var argument in overrides ?? [])
            YamlConfigReader.Override(values, argument);
        // What a run was completed with is stored; what is not stored was at its default.
        return Create(path, values, []);

        ConfigException Unfit(ConfigKey key, string text) =>
            new($"{path}: {key.Path}: expected {key.Expected}, found {MessageText.Quote(text)}");
    }

    /// <summary>
    /// What a key is where nothing is given, as <see cref="Flatten"/> prints it; null too for a key that is not known.
    /// </summary>
    public static string? DefaultText(string key) => Print(ConfigSchema.Find(key)?.Default);

    private object? Value(string key) =>
        _values.TryGetValue(key, out var value) ? value
        : (ConfigSchema.Find(key) ?? throw new ArgumentException(
            $"\"{key}\" is not in the schema.", nameof(key))).Default;

    private static string? Print(object? value) => value switch
    {
        null => null,
        string[] texts => string.Join('\n', texts),
        int[] numbers => string.Join('\n', numbers),
        bool truth => truth ? "true" : "false",
        IFormattable number => number.ToString(null, CultureInfo.InvariantCulture),
        _ => value.ToString(),
    };
}
