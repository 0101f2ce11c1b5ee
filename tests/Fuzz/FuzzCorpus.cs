namespace AmcEngine.Tests.Fuzz;

/// <summary>
/// The committed seeds: <c>tests/Fuzz/Corpus/FORMAT</c>; what once broke a reader is called <c>crash-…</c>.
/// </summary>
internal static class FuzzCorpus
{
    /// <summary>The folder of a format.</summary>
    public static string Folder(string format)
    {
        for (DirectoryInfo? d = new(AppContext.BaseDirectory); d is not null; d = d.Parent)
        {
            var candidate = Path.Combine(d.FullName, "tests", "Fuzz", "Corpus", format);
            if (Directory.Exists(candidate)) return candidate;
        }
        throw new DirectoryNotFoundException($"no tests/Fuzz/Corpus/{format} above the test assembly");
    }

    /// <summary>The seeds of a format, in the order of their names.</summary>
    public static IReadOnlyList<(string Name, byte[] Bytes)> Load(string format) =>
    [
        .. Directory.GetFiles(Folder(format)).Order(StringComparer.Ordinal).Select(
            file => (Path.GetFileName(file), File.ReadAllBytes(file))),
    ];
}
