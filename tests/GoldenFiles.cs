using NUnit.Framework;

namespace AmcEngine.Tests;

/// <summary>Finds the golden data: in the folder AMC_GOLDEN, else in tests/Golden above the test assembly.</summary>
internal static class GoldenFiles
{
    public static string Folder { get; } = FindFolder();

    /// <summary>The path of a golden file; the test is skipped where the folder lacks it.</summary>
    public static string Require(string name)
    {
        var path = Path.Combine(Folder, name);
        if (!File.Exists(path))
            Assert.Ignore($"{path} is missing: it is part of the repository (tests/Golden), "
                + "or set AMC_GOLDEN to a folder that has it");
        return path;
    }

    /// <summary>tests/Golden of this checkout, whatever AMC_GOLDEN says.</summary>
    public static string RepositoryFolder { get; } = FindRepositoryFolder();

    /// <summary>The root of this checkout.</summary>
    public static string Root => Path.GetFullPath(Path.Combine(RepositoryFolder, "..", ".."));

    private static string FindFolder() =>
        Environment.GetEnvironmentVariable("AMC_GOLDEN") is { Length: > 0 } named ? named : FindRepositoryFolder();

    private static string FindRepositoryFolder()
    {
        for (var up = new DirectoryInfo(AppContext.BaseDirectory); up is not null; up = up.Parent)
        {
            var candidate = Path.Combine(up.FullName, "tests", "Golden");
            if (Directory.Exists(candidate)) return candidate;
        }
        return Path.Combine(AppContext.BaseDirectory, "Golden");
    }
}
