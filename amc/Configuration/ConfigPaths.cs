namespace AmcEngine.Amc.Configuration;

/// <summary>
/// Keys that hold paths: what a run stores and compares of them does not depend on the folder a command is started in.
/// </summary>
internal static class ConfigPaths
{
    private const string PictureRoot = "image_root";

    /// <summary>Whether the key holds paths.</summary>
    public static bool Contains(string key) => ConfigSchema.Find(key) is { IsPath: true };

    /// <summary>The flat configuration with full paths.</summary>
    public static SortedDictionary<string, string?> Full(IReadOnlyDictionary<string, string?> flat)
    {
        var full = new SortedDictionary<string, string?>(StringComparer.Ordinal);
        foreach ((var key, var value) in flat)
            full[key] = Contains(key) ? Full(value) : value;
        // No root means the current folder; that of the run, wherever it is resumed.
        if (string.IsNullOrEmpty(flat.GetValueOrDefault(PictureRoot))
            && flat.GetValueOrDefault("dataset") == "annotations")
            full[PictureRoot] = Full(".");
        return full;
    }

    /// <summary>Paths, one a line, in full and without a slash at the end.</summary>
    public static string? Full(string? paths) => string.IsNullOrEmpty(paths)
        ? paths
        : string.Join('\n', paths.Split('\n').Select(p => Path.TrimEndingDirectorySeparator(Path.GetFullPath(p))));

    /// <summary>Whether all of the paths, one a line, are there.</summary>
    public static bool Exist(string? paths) => paths is not null && paths.Split('\n').All(Path.Exists);
}
