using CommandLine;

namespace AmcEngine.Amc.CommandLine;

/// <summary>Options of every command.</summary>
internal abstract class CommonOptions
{
    /// <summary>Where to compute.</summary>
    [Option("device", Default = "auto", MetaValue = "DEVICE", HelpText = "Where to compute: auto, cpu, cuda:N or opencl:N.")]
    public string Device { get; set; } = "auto";

    /// <summary>Worker threads; 0 takes one a processor.</summary>
    [Option("threads", Default = 0, MetaValue = "N", HelpText = "Worker threads; 0 takes one a processor.")]
    public int Threads { get; set; }

    /// <summary>Whether errors show where in the program they arose.</summary>
    [Option("verbose", HelpText = "Show details, and a stack trace where something fails.")]
    public bool Verbose { get; set; }
}
