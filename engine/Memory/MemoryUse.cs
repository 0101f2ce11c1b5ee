using System.Globalization;
using AmcEngine.Tensors;

namespace AmcEngine.Memory;

/// <summary>How much memory tensors hold, and the process.</summary>
public static class MemoryUse
{
    /// <summary>
    /// Bytes of the blocks that the tensors hold, each block once, with what its size class rounds up.
    /// </summary>
    public static long Of(IEnumerable<Tensor> tensors) => Blocks(tensors).Sum(s => s.Bytes);

    /// <summary>The blocks that the tensors hold, each once.</summary>
    public static IReadOnlySet<Storage> Blocks(IEnumerable<Tensor> tensors) =>
        tensors.Select(t => t.Storage).ToHashSet();

    /// <summary>
    /// Most bytes of this process that were ever resident: Linux's "high water mark"; null elsewhere.
    /// </summary>
    public static long? PeakResident() => Status("VmHWM:");

    /// <summary>Bytes of this process that are resident now; null where the system does not tell.</summary>
    public static long? Resident() => Status("VmRSS:");

    private static long? Status(string field)
    {
        const string file = "/proc/self/status";
        if (!File.Exists(file)) return null;
        var line = File.ReadLines(file).FirstOrDefault(l => l.StartsWith(field, StringComparison.Ordinal));
        return line is not null && long.TryParse(line[field.Length..].Replace("kB", "", StringComparison.Ordinal)
            .Trim(), CultureInfo.InvariantCulture, out var kib) ? kib * 1024 : null;
    }
}
