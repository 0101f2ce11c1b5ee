using AmcEngine.Amc.Configuration;
using AmcEngine.DataTools;
using AmcEngine.Files;

namespace AmcEngine.Amc.CommandLine;

/// <summary>Looks at the files that a command will write before it computes anything.</summary>
internal static class OutputFiles
{
    private const int MostLinks = 40;

    /// <summary>Refuses an output that cannot be written.</summary>
    /// <param name="option">The option that names it.</param>
    /// <param name="path">The file.</param>
    /// <exception cref="ConfigException">It is a folder, or its folder is missing or not writable.</exception>
    public static void RequireWritable(string option, string path)
    {
        if (Directory.Exists(path) || Path.GetFileName(path).Length == 0)
            throw new ConfigException($"{option} {path}: is a folder; name a file");
        var folder = Path.GetDirectoryName(Path.GetFullPath(path))!;
        if (!Directory.Exists(folder))
            throw new ConfigException($"{option} {path}: there is no folder {folder}; make it or choose another file");
        try
        {
            var probe = Path.Combine(folder, $".probe-{Guid.NewGuid():N}");
            File.WriteAllBytes(probe, []);
            File.Delete(probe);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new ConfigException(
                $"{option} {path}: the folder cannot be written ({e.Message.TrimEnd('.')}); choose another file", e);
        }
    }

    /// <summary>Refuses a name that no picture is written under.</summary>
    /// <param name="option">The option that names it.</param>
    /// <param name="path">The file.</param>
    /// <exception cref="ConfigException">Its ending is that of no format.</exception>
    public static void RequirePictureName(string option, string path)
    {
        if (!RgbImage.CanSave(path))
            throw new ConfigException($"{option} {path}: "
                + $"pictures are written as {string.Join(", ", RgbImage.SavedAs)}; choose such a name");
    }

    /// <summary>Whether a result could not be written, or not be drawn for want of its pictures.</summary>
    public static bool IsWriteFailure(Exception e) =>
        e is FileWriteException or DataException or IOException or UnauthorizedAccessException;

    /// <summary>Refuses an output that would take the place of another file of the command.</summary>
    /// <param name="option">The option that names it.</param>
    /// <param name="path">The file.</param>
    /// <param name="others">What the other files are called, and where they are; null for none.</param>
    /// <exception cref="ConfigException">Both are the same file, by whatever path.</exception>
    public static void RequireOther(string option, string path, params IEnumerable<(string Name, string? Path)> others)
    {
        var real = Real(path);
        foreach ((var name, var other) in others)
        {
            if (other is { Length: > 0 } && Real(other) == real)
                throw new ConfigException(
                    $"{option} {path}: is the file of {name} {other}, which would be lost; choose another file");
        }
    }

    /// <summary>
    /// Refuses outputs that cannot be written, or would take the place of another file of the command, of one another
    /// too.
    /// </summary>
    /// <param name="outputs">What the options are called, and the files that they name; null for none.</param>
    /// <param name="others">Likewise the files that the command reads.</param>
    /// <exception cref="ConfigException">One is such an output.</exception>
    public static void RequireApart(
        IEnumerable<(string Name, string? Path)> outputs, IEnumerable<(string Name, string? Path)> others)
    {
        List<(string Name, string? Path)> taken = [.. others];
        foreach ((var option, var path) in outputs)
        {
            if (path is null)
                continue;
            RequireWritable(option, path);
            RequireOther(option, path, taken);
            taken.Add((option, path));
        }
    }

    /// <summary>The path without links, dots and doubled slashes; what does not exist stays as it is named.</summary>
    internal static string Real(string path, int links = 0)
    {
        string full = Path.TrimEndingDirectorySeparator(Path.GetFullPath(path)), root = Path.GetPathRoot(full)!;
        var real = root;
        foreach (var part in full[root.Length..].Split(
            Path.DirectorySeparatorChar, StringSplitOptions.RemoveEmptyEntries))
        {
            var next = Path.Combine(real, part);
            real = links < MostLinks && new FileInfo(next).LinkTarget is { } target
                ? Real(Path.GetFullPath(target, real), links + 1) : next;
        }
        return real;
    }
}
