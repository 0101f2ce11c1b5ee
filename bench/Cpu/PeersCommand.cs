using AmcEngine.Backends.Cpu;
using AmcEngine.Bench.Harness;
using AmcEngine.Memory;

namespace AmcEngine.Bench.Cpu;

/// <summary><c>bench peers</c>: simple ops against TensorPrimitives.</summary>
internal static class PeersCommand
{
    public static void Report(TableOptions options, TextWriter output)
    {
        var (rounds, seconds) = options.Quick ? (3, 0.005) : (7, 0.03);
        var threads = options.ThreadCounts;
        var backends = threads.Select(t => new CpuBackend(t)).ToArray();
        Primitives(backends, rounds, seconds, output);
        foreach (var b in backends) b.Dispose();
    }

    private static void Primitives(CpuBackend[] backends, int rounds, double seconds, TextWriter output)
    {
        string[] ofThreads = [.. backends.SelectMany(b => new[] { $"ours {b.Device.Threads}T µs", "ratio" })];
        var table = new MarkdownTable(["op", "elements", "TensorPrimitives µs", .. ofThreads, "ours GB/s"]);
        WarmUp(PeerOps.All.Where(o => o.Count <= 1 << 20).SelectMany(
            o => backends.Select(o.OnEngine).Prepend(o.OnPrimitives())));
        foreach (var op in PeerOps.All)
        {
            using var scope = MemoryScope.Begin();
            Repeated[] work =
                [new(op.OnPrimitives(), seconds), .. backends.Select(b => new Repeated(op.OnEngine(b), seconds))];
            var times = Rounds.Interleave(rounds, [.. work.Select(w => (Func<double>)w.Sample)]);
            string[] ours =
                [.. times[1..].SelectMany(t => new[] { $"{t.Median * 1e6:F1}", $"{times[0].Median / t.Median:F2}" })];
            table.Add([op.Name, op.Size, $"{times[0].Median * 1e6:F1}", .. ours,
                $"{Statistics.Giga(op.Bytes, times[^1].Median):F1}"]);
        }
        output.WriteLine();
        output.WriteLine(
            "Simple ops in f32 against `System.Numerics.Tensors.TensorPrimitives` (one thread); ratio: its time / "
                + $"ours, above 1 ours is faster. GB/s of the last thread count. Median of {rounds} rounds in turn.");
        table.Write(output);
    }

    private static void WarmUp(IEnumerable<Action> works)
    {
        using var scope = MemoryScope.Begin();
        Repeated.WarmUp([.. works]);
    }
}
