using AmcEngine.Backends.Cpu;
using AmcEngine.Bench.Harness;
using AmcEngine.Memory;
using CommandLine;

namespace AmcEngine.Bench.Cpu;

/// <summary>Arguments of <c>bench memory</c>.</summary>
internal sealed class MemoryOptions : TableOptions
{
    [Option("kernel", HelpText = "Only kernels whose name contains this.")]
    public string? Kernel { get; set; }

    /// <summary>One kernel or two of each family, for <c>bench quick</c>.</summary>
    public bool Few { get; init; }

    /// <summary>The kernels asked for.</summary>
    public MemoryCase[] Cases => [.. MemoryCases.All.Where(c => !Few || MemoryCases.Few.Contains(c.Name)).Where(
        c => Kernel is null || c.Name.Contains(Kernel, StringComparison.OrdinalIgnoreCase))];

    public override void Check(string command)
    {
        base.Check(command);
        if (Cases.Length == 0) throw new ArgumentsException($"bench {command}: --kernel {Kernel}: no such kernel; "
            + $"they are {string.Join(", ", MemoryCases.All.Select(c => c.Name))}");
    }
}

/// <summary>
/// <c>bench memory</c>: kernels bound by memory, against a copy that is measured in turn with them on the same threads.
/// </summary>
internal static class MemoryCommand
{
    // Elements of an operand: one that no cache holds, and the rows of a training step.
    private const int Large = 16 << 20, Step = 514 * 768;

    public static void Report(MemoryOptions options, TextWriter output)
    {
        var (rounds, seconds) = options.Quick ? (3, 0.004) : (7, 0.02);
        var backends = options.ThreadCounts.Select(t => new CpuBackend(t)).ToArray();
        WarmUp(options, backends);
        string[] ofThreads = [.. backends.SelectMany(b => new[] { $"{b.Device.Threads}T ms", "GB/s", "of copy" })];
        var table = new MarkdownTable(
            ["kernel", "rows×width", .. ofThreads, .. backends.Select(b => $"in cache {b.Device.Threads}T µs")]);
        foreach (var c in options.Cases.Prepend(MemoryCases.Copy))
        {
            var rows = c.Rows(options.Quick ? Large / 4 : Large);
            string[] large = [.. backends.SelectMany(b => Against(c, b, rows, rounds, seconds))];
            string[] small = [.. backends.Select(b => Alone(c, b, rounds, seconds / 4))];
            table.Add([c.Name, $"{rows}×{c.Width}", .. large, .. small]);
        }
        foreach (var b in backends) b.Dispose();
        output.WriteLine();
        output.WriteLine("Kernels bound by memory in f32. GB/s: bytes that must move (operands once, results once), "
            + $"whatever a store fetches first. Of copy: against {MemoryCases.Copy.Name} of the same thread count, "
            + $"rounds in turn. In cache: operands of {Step} elements. Median of {rounds} rounds.");
        table.Write(output);
    }

    private static string[] Against(MemoryCase c, CpuBackend b, int rows, int rounds, double seconds)
    {
        using var scope = MemoryScope.Begin();
        var copyRows = MemoryCases.Copy.Rows(rows * c.Width);
        Repeated[] work = [new(MemoryCases.Copy.Prepare(b, copyRows), seconds), new(c.Prepare(b, rows), seconds)];
        var times = Rounds.Interleave(rounds, [.. work.Select(w => (Func<double>)w.Sample)]);
        double copy = Statistics.Giga(MemoryCases.Copy.Bytes(copyRows), times[0].Median),
            speed = Statistics.Giga(c.Bytes(rows), times[1].Median);
        return [$"{times[1].Median * 1e3:F2}", $"{speed:F1}", $"{100 * speed / copy:F0} %"];
    }

    private static string Alone(MemoryCase c, CpuBackend b, int rounds, double seconds)
    {
        using var scope = MemoryScope.Begin();
        var work = new Repeated(c.Prepare(b, c.Rows(Step)), seconds);
        return $"{new Rounds([.. Enumerable.Range(0, rounds).Select(_ => work.Sample())]).Median * 1e6:F1}";
    }

    private static void WarmUp(MemoryOptions options, CpuBackend[] backends)
    {
        using var scope = MemoryScope.Begin();
        Repeated.WarmUp([.. backends.SelectMany(b => options.Cases.Select(c => c.Prepare(b, c.Rows(1 << 17))))]);
    }
}
