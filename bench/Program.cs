using AmcEngine.Bench.Gpu;

namespace AmcEngine.Bench;

/// <summary>
/// <c>ops [threads]</c> prints a quick table of every op that names a benchmark case, <c>gpu</c> checks and measures a GPU;
/// anything else goes to BenchmarkDotNet (<c>--filter '*'</c>).
/// </summary>
internal static class Program
{
    private static int Main(string[] args)
    {
        switch (args.FirstOrDefault())
        {
            case "ops":
                OpTable.Print(Console.Out, args.Length > 1 ? int.Parse(args[1]) : Environment.ProcessorCount);
                return 0;
            case "gpu":
                return GpuCommand.Run(args[1..]);
            default:
#if GPU_BUNDLE
                Console.Error.WriteLine("use: gpu --help, or ops");
                return 2;
#else
                BenchmarkDotNet.Running.BenchmarkSwitcher.FromAssembly(typeof(OpBenchmarks).Assembly).Run(args);
                return 0;
#endif
        }
    }
}
