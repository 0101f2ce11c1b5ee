namespace AmcEngine.Backends.Cpu.Host;

/// <summary>What the operating system says of the processor.</summary>
internal static class CpuInfo
{
    /// <summary>Model name, or the architecture where the system does not tell.</summary>
    public static string Name()
    {
        const string path = "/proc/cpuinfo";
        if (File.Exists(path))
            foreach (var line in File.ReadLines(path))
                if (line.StartsWith("model name", StringComparison.Ordinal))
                    return line[(line.IndexOf(':') + 1)..].Trim();
        return System.Runtime.InteropServices.RuntimeInformation.ProcessArchitecture.ToString();
    }
}
