namespace AmcEngine.Tests;

/// <summary>Finds the small inputs of <c>tests/Cases</c>: what people's work produces.</summary>
internal static class Cases
{
    /// <summary>The full path of a file; it need not exist, for tests of missing ones.</summary>
    public static string Path(string folder, string name)
    {
        for (DirectoryInfo? d = new(AppContext.BaseDirectory); d is not null; d = d.Parent)
        {
            var candidate = System.IO.Path.Combine(d.FullName, "tests", "Cases", folder);
            if (Directory.Exists(candidate))
                return System.IO.Path.Combine(candidate, name);
        }
        throw new DirectoryNotFoundException($"no tests/Cases/{folder} above the test assembly");
    }
}
