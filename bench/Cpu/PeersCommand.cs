using AmcEngine.Backends.Cpu;
using AmcEngine.Bench.Gpu;
using AmcEngine.Memory;

namespace AmcEngine.Bench.Cpu;

/// <summary><c>bench peers</c>: simple ops against TensorPrimitives, and what is bound by memory against the measured bandwidth.</summary>
internal static class PeersCommand
{
    private static readonly string[] MemoryBound = ["layer norm", "cross-entropy", "gelu", "adamw"];

    public static void Report(TableOptions options, ReportHeader header, TextWriter output)
    {
        var (rounds, seconds) = options.Quick ? (3, 0.005) : (7, 0.03);
        var threads = options.ThreadCounts;
        var backends = threads.Select(t => new CpuBackend(t)).ToArray();
        Primitives(backends, rounds, seconds, output);
        Bandwidth(backends, options.Quick, rounds, seconds, header, output);
        foreach (var b in backends) b.Dispose();
    }

    private static void Primitives(CpuBackend[] backends, int rounds, double seconds, TextWriter output)
    {
        string[] ofThreads = [.. backends.SelectMany(b => new[] { $"ours {b.Device.Threads}T µs", "ratio" })];
        var table = new MarkdownTable(["op", "elements", "TensorPrimitives µs", .. ofThreads, "ours GB/s"]);
        WarmUp(PeerOps.All.Where(o => o.Count <= 1 << 20).SelectMany(o => backends.Select(o.OnEngine).Prepend(o.OnPrimitives())));
        foreach (var op in PeerOps.All)
        {
            using var scope = MemoryScope.Begin();
            Repeated[] work = [new(op.OnPrimitives(), seconds), .. backends.Select(b => new Repeated(op.OnEngine(b), seconds))];
            var times = Rounds.Interleave(rounds, [.. work.Select(w => (Func<double>)w.Sample)]);
            string[] ours = [.. times[1..].SelectMany(t => new[] { $"{t.Median * 1e6:F1}", $"{times[0].Median / t.Median:F2}" })];
            table.Add([op.Name, op.Size, $"{times[0].Median * 1e6:F1}", .. ours, $"{Statistics.Giga(op.Bytes, times[^1].Median):F1}"]);
        }
        output.WriteLine();
        output.WriteLine($"Simple ops in f32 against `System.Numerics.Tensors.TensorPrimitives` (one thread); ratio: its time / ours, above 1 ours is faster. GB/s of the last thread count. Median of {rounds} rounds in turn.");
        table.Write(output);
    }

    private static void Bandwidth(CpuBackend[] backends, bool quick, int rounds, double seconds, ReportHeader header, TextWriter output)
    {
        string[] ofThreads = [.. backends.SelectMany(b => new[] { $"{b.Device.Threads}T ms", "GB/s", "of memory" })];
        var table = new MarkdownTable(["kernel", "MB", .. ofThreads]);
        KernelCase[] small = [.. Cases(quick: true)];
        WarmUp(backends.SelectMany(b => small.Select(c => c.Prepare(b))));
        foreach (var c in quick ? small : small.Concat(Cases(quick: false)))
        {
            var times = backends.Select(b =>
            {
                using var scope = MemoryScope.Begin();
                var work = new Repeated(c.Prepare(b), seconds);
                return new Rounds([.. Enumerable.Range(0, rounds).Select(_ => work.Sample())]);
            }).ToArray();
            string[] cells = [.. times.SelectMany(t => new[] { $"{t.Median * 1e3:F3}", $"{Statistics.Giga(c.Bytes, t.Median):F1}", $"{100 * Statistics.Giga(c.Bytes, t.Median) / header.Peaks.MemoryGBs:F0} %" })];
            table.Add([c.Name, $"{c.Bytes * 1e-6:F1}", .. cells]);
        }
        output.WriteLine();
        output.WriteLine($"Kernels bound by memory in f32: bytes that must move (operands once, results once) against {header.Peaks.MemoryGBs:F1} GB/s, measured on {header.Peaks.Threads} threads. Operands that a cache holds may exceed it. Median of {rounds} samples.");
        table.Write(output);
    }

    private static IEnumerable<KernelCase> Cases(bool quick) =>
        KernelCases.All(quick).Where(c => MemoryBound.Any(p => c.Name.StartsWith(p, StringComparison.Ordinal)));

    private static void WarmUp(IEnumerable<Action> works)
    {
        using var scope = MemoryScope.Begin();
        Repeated.WarmUp([.. works]);
    }
}
