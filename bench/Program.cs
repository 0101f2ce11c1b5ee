using AmcEngine.Bench;
using BenchmarkDotNet.Running;

// `ops [threads]` prints a quick table of every op that names a benchmark case; anything else
// goes to BenchmarkDotNet (`--filter '*'`).
switch (args.FirstOrDefault())
{
    case "ops":
        OpTable.Print(Console.Out, args.Length > 1 ? int.Parse(args[1]) : Environment.ProcessorCount);
        break;
    default:
        BenchmarkSwitcher.FromAssembly(typeof(OpBenchmarks).Assembly).Run(args);
        break;
}
