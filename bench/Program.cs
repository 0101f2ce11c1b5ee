using AmcEngine.Amc.Configuration;
using AmcEngine.Bench.Collectives;
using AmcEngine.Bench.Gpu;
using AmcEngine.Bench.Harness;
using AmcEngine.Files;
using AmcEngine.Tensors;

namespace AmcEngine.Bench;

/// <summary>Benchmarks; <c>help</c> lists them.</summary>
internal static class Program
{
    private static int Main(string[] args)
    {
        try
        {
            return Run(args);
        }
        catch (ArgumentsException e)
        {
            Console.Error.WriteLine(e.Message);
            return 2;
        }
        catch (Exception e)
        {
            var message = e.Message.ReplaceLineEndings(" ");
            Console.Error.WriteLine(
                e is BenchException or EngineException or ConfigException or FileWriteException or IOException
                    ? message
                    : $"unexpected {e.GetType().Name}: {message}");
            return 1;
        }
    }

    /// <summary>Runs a command and returns its exit code.</summary>
    /// <exception cref="ArgumentsException">The arguments are wrong.</exception>
    internal static int Run(string[] args)
    {
        var (command, rest) = args.Length == 0 ? ("help", args) : (args[0], args[1..]);
        switch (command)
        {
            case "help" or "--help" or "-h":
                Console.WriteLine(Usage.Text);
                return 0;
            case "ops":
                OpTable.Print(Console.Out, Threads(rest));
                return 0;
            case "gpu":
                return GpuCommand.Run(rest);
            case CollectivesCheckCommand.Command:
                return CollectivesCheckCommand.Run(rest, Console.Out, Console.Error);
            case CollectivesRun.Command:
                return CollectivesRun.Run(rest, Console.Out);
        }
#if !GPU_BUNDLE
        switch (command)
        {
            case "--quick":
                return Run(["quick", .. rest]);
            case "suites":
                return Suites.SuiteRunner.Run(rest);
            case "scaling":
                return Scaling.ScalingCommand.Run(rest, Console.Out);
            case "--filter" or "-f" or "--list" or "--info" or "--version" or "--anyCategories" or "--allCategories":
                return Suites.SuiteRunner.Run(args);
        }
        if (Cpu.CpuCommands.Run(command, rest) is { } code) return code;
#endif
        throw new ArgumentsException($"bench: unknown command \"{command}\"; bench help lists them");
    }

    private static int Threads(string[] args) => args switch
    {
        [] => Environment.ProcessorCount,
        [var text] when int.TryParse(text, out var n) && n > 0 && n <= Environment.ProcessorCount => n,
        _ => throw new ArgumentsException(
            $"bench ops {string.Join(' ', args)}: give one number of threads, 1 to {Environment.ProcessorCount}"),
    };
}
