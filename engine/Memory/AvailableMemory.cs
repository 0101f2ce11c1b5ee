using System.Globalization;

namespace AmcEngine.Memory;

/// <summary>How much memory this process can still take.</summary>
public static class AvailableMemory
{
    /// <summary>
    /// Bytes: what the machine has to give (Linux's MemAvailable), or the control groups of the process where these
    /// allow less; null where the system does not tell.
    /// </summary>
    /// <param name="root">Where the system's files are; tests bring their own.</param>
    public static long? Bytes(string root = "/")
    {
        long?[] all = [Machine(Path.Combine(root, "proc/meminfo")), .. Groups(root)];
        return all.Min();
    }

    private static long? Machine(string file) => Field(file, "MemAvailable:") * 1024;

    // A line "0::/path" of the second version, "4:memory:/path" of the first one; the groups above hold as well.
    private static IEnumerable<long?> Groups(string root)
    {
        foreach (var line in Lines(Path.Combine(root, "proc/self/cgroup")))
        {
            if (line.Split(':', 3) is not [_, var controllers, var path]) continue;
            if (controllers.Length == 0)
            {
                foreach (var folder in Up(Path.Combine(root, "sys/fs/cgroup"), path))
                    yield return Left(folder, "memory.max", "memory.current", "inactive_file");
            }
            else if (controllers.Split(',').Contains("memory"))
            {
                foreach (var folder in Up(Path.Combine(root, "sys/fs/cgroup/memory"), path))
                    yield return Left(
                        folder, "memory.limit_in_bytes", "memory.usage_in_bytes", "total_inactive_file");
            }
        }
    }

    private static IEnumerable<string> Up(string mount, string path)
    {
        for (var rest = path.Trim('/'); rest.Length > 0; rest = rest[..Math.Max(0, rest.LastIndexOf('/'))])
            yield return Path.Combine(mount, rest);
        yield return mount;
    }

    // What the group may still take; pages of files that nobody uses make room.
    private static long? Left(string folder, string limit, string usage, string cache) =>
        Number(Path.Combine(folder, limit)) - Number(Path.Combine(folder, usage))
            + (Field(Path.Combine(folder, "memory.stat"), cache) ?? 0);

    private static long? Number(string file) => Parse(Lines(file).FirstOrDefault());

    private static long? Field(string file, string name) =>
        Lines(file).Select(l => l.Split(' ', StringSplitOptions.RemoveEmptyEntries)).Where(w => w.Length > 1
            && w[0] == name).Select(w => Parse(w[1])).FirstOrDefault();

    // "max" stands for no limit.
    private static long? Parse(string? text) =>
        long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var value) ? value : null;

    private static IEnumerable<string> Lines(string file)
    {
        try
        {
            return File.ReadAllLines(file);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return [];
        }
    }
}
