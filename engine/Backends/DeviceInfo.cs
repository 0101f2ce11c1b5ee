namespace AmcEngine.Backends;

/// <summary>What is known of a device.</summary>
/// <param name="Id">Its name on the command line: <c>cpu</c>, <c>cuda:0</c>, <c>opencl:0</c>.</param>
/// <param name="Name">The maker's name.</param>
/// <param name="MemoryBytes">Memory in bytes.</param>
/// <param name="Threads">Worker threads (CPU), or multiprocessors.</param>
/// <param name="Details">One line: instruction sets, compute capability.</param>
public sealed record DeviceInfo(string Id, string Name, long MemoryBytes, int Threads, string Details)
{
    /// <summary>Whether it computes in f64.</summary>
    public bool SupportsDouble { get; init; } = true;

    /// <summary>Whether it is the machine's own processor, be it by an OpenCL driver.</summary>
    public bool IsProcessor { get; init; }

    /// <summary>Driver, clocks and limits, one line, as far as they are known.</summary>
    public string Driver { get; init; } = "";
}
