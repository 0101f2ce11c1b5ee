using AmcEngine.Backends;
using AmcEngine.Backends.Cpu;
using AmcEngine.Backends.Gpu;
using AmcEngine.Bench.Harness;
using AmcEngine.Collectives;
using CommandLine;

namespace AmcEngine.Bench.Collectives;

/// <summary>Arguments of <c>bench collectives-check</c>, which a launcher starts.</summary>
internal sealed class CollectivesCheckOptions
{
    [Option("device", HelpText = "Where the tensors are: cpu, cuda:N or opencl:N.")]
    public string Device { get; set; } = "cpu";

    [Option("nccl", HelpText = "Check NCCL, with host memory in place of a device's: for a library made for tests.")]
    public bool Nccl { get; set; }

    [Value(0)]
    public IEnumerable<string> Rest { get; set; } = [];
}

/// <summary>
/// <c>bench collectives-check</c>: each rank runs all checks of the collectives, or fails in one of the ways that tests
/// look at.
/// </summary>
internal static class CollectivesCheckCommand
{
    public const string Command = "collectives-check";

    /// <returns>0 where all hold, 1 where one does not, 2 where a library fails or is not there.</returns>
    public static int Run(string[] args, TextWriter output, TextWriter error)
    {
        var options = CommandArguments.Parse<CollectivesCheckOptions>(Command, args);
        try
        {
            var world = Communicator.Open();
            if (options.Rest.FirstOrDefault() is { } scenario) return CollectiveFailures.Run(scenario, world, output);
            using IBackend backend = options.Device == "cpu" ? new CpuBackend(1) : GpuDevices.Open(options.Device);
            using var communicator = options.Nccl
                ? Communicator.OnDevice(
                    world, new HostMemoryDevice(), Environment.GetEnvironmentVariable(NcclLibrary.Variable))
                : Communicator.OnDevice(world, backend);
            return CollectiveChecks.Run(communicator, backend, output);
        }
        catch (CollectiveException e)
        {
            if (Launcher.Detect() is null or { Rank: 0 }) error.WriteLine($"error: {e.Message}");
            return 2;
        }
    }
}
