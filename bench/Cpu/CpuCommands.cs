using AmcEngine.Bench.Harness;
using AmcEngine.Files;

namespace AmcEngine.Bench.Cpu;

/// <summary>The commands that write tables of the CPU.</summary>
internal static class CpuCommands
{
    /// <summary>Runs a command; null where there is none of that name.</summary>
    /// <exception cref="ArgumentsException">Its arguments are wrong.</exception>
    /// <exception cref="BenchException">It cannot be done here.</exception>
    public static int? Run(string command, string[] args)
    {
        switch (command)
        {
            case "gemm":
                return Report<GemmOptions>(
                    command, "Matrix products", args, (o, _, output) => GemmCommand.Report(o, output));
            case "attention":
                return Report<AttentionOptions>(command, "Attention", args, (o, header, output) =>
            {
                if (o.Order == 2) DoubleBackwardCommand.Report(o, output);
                else AttentionCommand.Report(o, o.Keys, header, output);
            });
            case "step": return Report<StepOptions>(command, "Training steps", args, StepCommand.Report);
            case "checkpoint":
                return Report<CheckpointOptions>(
                    command, "Checkpoints", args, (o, _, output) => CheckpointCommand.Report(o, output));
            case "peers":
                return Report<TableOptions>(
                    command, "Elementwise kernels", args, (o, _, output) => PeersCommand.Report(o, output));
            case "memory":
                return Report<MemoryOptions>(
                    command, "Memory-bound kernels", args, (o, _, output) => MemoryCommand.Report(o, output));
            case "pipeline":
                return Report<TableOptions>(
                    command, "Training samples", args, (o, _, output) => PipelineCommand.Report(o, output));
            case "collectives":
                return Report<CollectivesOptions>(
                    command, "Collectives", args, (o, _, output) => CollectivesCommand.Report(o, output));
            case "peaks": return Report<TableOptions>(command, "Peaks", args, (_, _, _) => { });
            case "quick": return Report<TableOptions>(command, "CPU benchmarks, quick", args, Quick);
            case "vg-files":
                VisualGenomeFiles.Write(CommandArguments.Parse<VisualGenomeFilesOptions>(command, args), Console.Out);
                return 0;
            case ContenderProcess.Command: return ContenderProcess.Serve(args, Console.In, Console.Out);
            case DoubleBackwardRun.Command: return DoubleBackwardRun.Serve(args, Console.In, Console.Out);
            case StepRun.Command: return StepRun.Serve(args, Console.In, Console.Out);
            default: return null;
        }
    }

    private static int Report<T>(string command, string title, string[] args, Action<T, ReportHeader, TextWriter> body)
        where T : TableOptions, new()
    {
        var options = CommandArguments.Parse<T>(command, args);
        options.Check(command);
        using var report = new StringWriter();
        using var output = new Duplicate(Console.Out, report);
        var header = ReportHeader.Measure(options.Threads ?? Environment.ProcessorCount);
        header.Write(output, title);
        body(options, header, output);
        header.WriteDrift(output);
        if (options.Out is { } path) DurableFile.Write(path, report.ToString());
        return 0;
    }

    private static void Quick(TableOptions options, ReportHeader header, TextWriter output)
    {
        var (threads, quick) = (options.Threads, true);
        Section(
            "Matrix products", () => GemmCommand.Report(new GemmOptions { Threads = threads, Quick = quick }, output));
        Section("Attention", () =>
            AttentionCommand.Report(new TableOptions { Threads = threads, Quick = quick }, null, header, output));
        Section("Elementwise kernels",
            () => PeersCommand.Report(new TableOptions { Threads = threads, Quick = quick }, output));
        Section("Memory-bound kernels",
            () => MemoryCommand.Report(new MemoryOptions { Threads = threads, Quick = quick, Few = true }, output));
        Section("Training steps", () =>
            StepCommand.Report(new StepOptions { Threads = threads, Quick = quick, Few = true }, header, output));

        output.WriteLine();
        output.WriteLine("Left out of this quick run: products with a transposed operand and those above 2.4 GFLOP, "
            + "most memory-bound kernels, the full-size training step profile-base; three rounds and not five to "
            + "seven. `bench gemm`, `memory` and `step` have them.");

        void Section(string title, Action body)
        {
            output.WriteLine();
            output.WriteLine($"## {title}");
            body();
        }
    }

    // The terminal shows a table as soon as it is there; the file gets the same.
    private sealed class Duplicate(TextWriter first, TextWriter second) : TextWriter
    {
        public override System.Text.Encoding Encoding => first.Encoding;

        public override void Write(char value)
        {
            first.Write(value);
            second.Write(value);
        }

        public override void Write(string? value)
        {
            first.Write(value);
            second.Write(value);
        }

        public override void WriteLine(string? value)
        {
            first.WriteLine(value);
            second.WriteLine(value);
        }

        public override void WriteLine()
        {
            first.WriteLine();
            second.WriteLine();
        }
    }
}
