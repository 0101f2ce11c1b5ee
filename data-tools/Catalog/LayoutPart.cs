namespace AmcEngine.DataTools;

/// <summary>A file or folder that a data set is expected to hold.</summary>
/// <param name="Path">Its path below the data set's folder; <c>*</c> stands for anything within the last part.</param>
/// <param name="Holds">What it holds, in a few words.</param>
/// <param name="IsRequired">Whether the data set is unusable without it.</param>
public sealed record LayoutPart(string Path, string Holds, bool IsRequired = true)
{
    /// <summary>Whether it is there.</summary>
    /// <param name="root">The data set's folder, which exists.</param>
    public bool IsIn(string root)
    {
        var full = System.IO.Path.Combine(root, Path);
        var folder = System.IO.Path.GetDirectoryName(full)!;
        return Path.Contains('*', StringComparison.Ordinal)
            ? Directory.Exists(folder)
                && Directory.EnumerateFileSystemEntries(folder, System.IO.Path.GetFileName(full)).Any()
            : File.Exists(full) || Directory.Exists(full);
    }
}
