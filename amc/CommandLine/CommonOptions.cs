using CommandLine;

namespace AmcEngine.Amc.CommandLine;

/// <summary>Options of every command.</summary>
internal abstract class CommonOptions
{
    /// <summary>Where to compute.</summary>
    [Option("device", Default = "auto", MetaValue = "DEVICE", HelpText = "Where to compute: auto (a GPU where there is "
        + "one, else the processor), cpu, cuda:N, opencl:N, or emulate (a simulated GPU, for toy sizes).")]
    public string Device { get; set; } = "auto";

    /// <summary>Worker threads; 0 takes one a processor.</summary>
    [Option("threads", Default = 0, MetaValue = "N", HelpText = "Worker threads; 0 takes one a processor.")]
    public int Threads { get; set; }

    /// <summary>Most memory to take from the device; 0 for all of it.</summary>
    [Option("memory-limit", Default = 0, MetaValue = "MIB",
        HelpText = "Most memory to take from the device, in MiB; 0 for all of it.")]
    public int MemoryLimit { get; set; }

    /// <summary>Whether errors show where in the program they arose.</summary>
    [Option("verbose", HelpText = "Show details, and a stack trace where something fails.")]
    public bool Verbose { get; set; }
}
