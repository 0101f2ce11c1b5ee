using AmcEngine.Backends;
using AmcEngine.Backends.Cpu;
using AmcEngine.Bench.Harness;
using AmcEngine.Memory;

namespace AmcEngine.Bench.Cpu;

/// <summary><c>bench attention</c>: forward, backward and double backward of fused attention.</summary>
internal static class AttentionCommand
{
    /// <summary>The table; <paramref name="keys"/>: ViT-B's attention over so many tokens alone.</summary>
    public static void Report(TableOptions options, int? keys, ReportHeader header, TextWriter output)
    {
        var cases = keys is { } count ? [AttentionCases.OfKeys(count)] : AttentionCases.All;
        var (rounds, seconds) = options.Quick ? (3, 0.02) : (7, 0.1);
        var threads = options.ThreadCounts;
        var backends = threads.Select(t => new CpuBackend(t)).ToArray();
        string[] ofThreads = [.. threads.SelectMany(t => new[] { $"{t}T ms", "min ms", "GFLOP/s", "of peak" })];
        string[] scaling = threads.Length > 1 ? [$"{threads[0]}→{threads[^1]} threads"] : [];
        var table = new MarkdownTable(["B×H×L×D (Lq·Lk)", "pass", .. ofThreads, .. scaling]);
        using (MemoryScope.Begin())
            Repeated.WarmUp([.. backends.SelectMany(b => AttentionCases.Prepare(AttentionCases.All[^1], b))]);
        foreach (var c in cases)
        {
            using var scope = MemoryScope.Begin();
            var passes = backends.Select(b => AttentionCases.Prepare(c, b)).ToArray();
            for (var p = 0; p < AttentionCases.Passes.Length; p++)
            {
                var work = passes.Select(actions => new Repeated(actions[p], seconds)).ToArray();
                var times = Rounds.Interleave(rounds, [.. work.Select(w => (Func<double>)w.Sample)]);
                table.Add(Row(c, AttentionCases.Work(c, p), threads, times, header));
            }
        }
        foreach (var b in backends) b.Dispose();
        output.WriteLine();
        output.WriteLine(
            "Fused attention in f32, kernels of the back end on warm tensors. FLOP: those of the products, 4, 10 and "
                + $"24 · Lq·Lk·D a head. Median of {rounds} rounds in turn, {seconds * 1e3:F0} ms or more each.");
        table.Write(output);
    }

    private static string[] Row(AttentionCase c, KernelWork work, int[] threads, Rounds[] times, ReportHeader header)
    {
        List<string> cells = [$"{c} {c.What}", work.Name];
        for (var i = 0; i < threads.Length; i++)
        {
            var speed = Statistics.Giga(work.Flop, times[i].Median);
            cells.AddRange([$"{times[i].Median * 1e3:F3}", $"{times[i].Min * 1e3:F3}", $"{speed:F1}",
                $"{100 * speed / header.FmaGflops(threads[i]):F0} %"]);
        }
        if (threads.Length > 1) cells.Add($"{times[0].Median / times[^1].Median:F2}");
        return [.. cells];
    }
}
