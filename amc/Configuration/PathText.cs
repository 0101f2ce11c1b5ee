namespace AmcEngine.Amc.Configuration;

/// <summary>Paths as people write them in files and behind <c>--name=</c>, where no shell has seen them.</summary>
internal static class PathText
{
    /// <summary>The path with <c>~</c> at its beginning as the home folder; other paths are left alone.</summary>
    public static string Expand(string path) =>
        path == "~" ? Home : path.StartsWith(
            "~/", StringComparison.Ordinal) ? Path.Combine(Home, path[2..].TrimStart('/')) : path;

    /// <summary>Whether the path names an environment variable, which would become a folder of that name.</summary>
    public static bool HasVariable(string path) =>
        path.Contains("${", StringComparison.Ordinal)
            || (path is ['$', var first, ..] && (char.IsAsciiLetter(first) || first == '_'));

    private static string Home =>
        Environment.GetEnvironmentVariable("HOME") is { Length: > 0 } home ? home : Environment.GetFolderPath(
            Environment.SpecialFolder.UserProfile);
}
