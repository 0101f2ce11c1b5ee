using System.Globalization;
using AmcEngine.Diagnostics;

namespace AmcEngine.Amc.Profiling;

/// <summary>A profile as tables for people.</summary>
internal static class ProfileText
{
    // What takes less than a thousandth of the kernels' time is summed up in one line.
    private const double LeastShare = 0.001;
    private const int MostShapes = 30;

    /// <summary>Writes the tables.</summary>
    public static void Write(ProfileResult r, bool shapes, TextWriter output)
    {
        output.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{r.Config}: {r.WeightCount / 1e6:0.0} million "
            + $"weights, batch {r.BatchSize}, {r.Device} ({r.DeviceName}), {Threads(r)}"));
        output.WriteLine(
            string.Create(CultureInfo.InvariantCulture, $"step: median {Time(r.Median)}, {Time(r.Seconds.Min())} to "
                + $"{Time(r.Seconds.Max())} ({r.Seconds.Length} steps after {r.WarmupSteps} of warm-up)"));
        if (r.AmcShare is { } share)
            output.WriteLine(string.Create(CultureInfo.InvariantCulture, $"without AMC: "
                + $"median {Time(Median.Of(r.SecondsWithoutAmc))}; AMC is {100 * share:0.0} % of a step (its own "
                + $"phases: {Time(r.AmcPhaseSeconds)})"));
        output.WriteLine(string.Create(CultureInfo.InvariantCulture, $"waiting for data: "
            + $"{100 * r.DataWaitShare:0.0} % of the time of these steps"));
        if (r.Peaks is { } p)
            output.WriteLine(string.Create(CultureInfo.InvariantCulture, $"machine: "
                + $"{p.FmaGflopsAllThreads:0} GFLOP/s by {Threads(r)} ({p.FmaGflopsOneThread:0} by one), memory "
                + $"{p.MemoryGBs:0.0} GB/s; \"roof\" is the share of the time that these allow"));
        if (r.Process is { } u)
            output.WriteLine(string.Create(CultureInfo.InvariantCulture,
                $"processor time a step: {Time(u.UserSeconds)} in the program, {Time(u.SystemSeconds)} in the system; "
                    + $"{u.MinorFaults:0} page faults and {u.MajorFaults:0} from disk; threads waited "
                    + $"{u.VoluntarySwitches:0} times and were put aside {u.InvoluntarySwitches:0} times"));
        output.WriteLine();
        if (r.Ranks.Count > 0)
        {
            CommunicationReport.Write(r.Ranks, output);
            output.WriteLine();
        }
        Phases(r, output);
        output.WriteLine();
        Ops(r, output);
        if (shapes)
        {
            output.WriteLine();
            Shapes(r, output);
        }
        output.WriteLine();
        Memory(r, output);
    }

    private static void Phases(ProfileResult r, TextWriter output)
    {
        output.WriteLine(string.Create(CultureInfo.InvariantCulture, $"phases of a step ({Steps(r)} with every kernel "
            + $"timed{(r.Synchronous ? ", timing: synchronous" : "")}): {Time(r.ProfiledSeconds)}"));
        var table = new TextTable("phase", "ms", "share", "in kernels");
        foreach (var group in r.Phases.GroupBy(p => p.Name.Split('/')[0]))
        {
            Row(group.Key, group.Sum(p => p.Seconds), group.Sum(p => p.KernelSeconds));
            foreach (var part in group.Where(p => p.Name.Contains('/', StringComparison.Ordinal)))
                Row("  " + part.Name[(group.Key.Length + 1)..], part.Seconds, part.KernelSeconds);
        }
        table.Write(output);

        void Row(string name, double seconds, double kernels) =>
            table.Add(name, Milliseconds(seconds), Percent(seconds / r.ProfiledSeconds),
                Percent(seconds > 0 ? kernels / seconds : 0));
    }

    private static void Ops(ProfileResult r, TextWriter output)
    {
        output.WriteLine(string.Create(CultureInfo.InvariantCulture, $"kernels of a step: {Time(r.KernelSeconds)}, "
            + $"{r.Ops.Sum(o => o.Calls):0} calls; outside of kernels {Time(r.ProfiledSeconds - r.KernelSeconds)}"));
        var table = KernelTable("kernel");
        KernelUse[] shown = [.. r.Ops.Where(o => o.Seconds >= LeastShare * r.KernelSeconds)];
        foreach (var op in shown)
            Add(table, op.Name, op, r);
        if (shown.Length < r.Ops.Count)
        {
            KernelUse[] rest = [.. r.Ops.Skip(shown.Length)];
            Add(table, $"{rest.Length} others", Sum(rest), r);
        }
        Add(table, "all", Sum(r.Ops), r);
        table.Write(output);
    }

    private static void Shapes(ProfileResult r, TextWriter output)
    {
        KernelUse[] all = [.. r.Shapes.Where(s => s.Shape.Length > 0)];
        output.WriteLine(string.Create(CultureInfo.InvariantCulture, $"shapes of matrix products and attention: "
            + $"the {Math.Min(MostShapes, all.Length)} longest of {all.Length}"));
        var table = KernelTable("kernel and shape");
        foreach (var op in all.Take(MostShapes))
            Add(table, $"{op.Name}  {op.Shape}", op, r);
        table.Write(output);
        if (r.Alone.Count > 0)
        {
            output.WriteLine();
            Alone(r, output);
        }
    }

    private static void Alone(ProfileResult r, TextWriter output)
    {
        output.WriteLine("matrix products in the step and computed again right after themselves (operands, result and "
            + "code used a moment ago): what the step's order costs them");
        var table = new TextTable("kernel and shape", "calls", "in step ms", "alone ms", "lost ms", "roof", "alone");
        var pairs = ProfileProducts.Pairs(r);
        foreach (var pair in pairs.Take(MostShapes)) Row($"{pair.InStep.Name}  {pair.InStep.Shape}", pair);
        Row("all", new ProductPair(
            Sum([.. pairs.Select(p => p.InStep)]), Sum([.. pairs.Select(p => p.Alone)])));
        table.Write(output);

        void Row(string name, ProductPair p) => table.Add(name, Text($"{p.InStep.Calls:0.#}"),
            Milliseconds(p.InStep.Seconds), Milliseconds(p.Alone.Seconds), Milliseconds(p.LostSeconds),
            Roof(p.InStep), Roof(p.Alone));
    }

    private static void Memory(ProfileResult r, TextWriter output)
    {
        var m = r.Memory;
        output.WriteLine($"memory: peak {Size(m.Peak)} of tensors, in \"{m.PeakPhase}\"");
        var table = new TextTable("held by", "MiB", "share");
        (string Name, long Bytes)[] parts =
        [
            ("weights", m.Weights), ("momentum weights", m.MomentumWeights), ("queues", m.Queues),
            ("optimizer state", m.OptimizerState),
            ("gradients at the peak", m.Gradients), ("activations and temporaries", m.Activations),
        ];
        foreach ((var name, var bytes) in parts)
            table.Add(name, Text($"{bytes / (double)(1 << 20):0.0}"), Percent(bytes / (double)m.Peak));
        table.Write(output);
        output.WriteLine($"pool {Size(m.Reserved)} reserved, kernel scratch {Size(m.Scratch)}, managed heap "
            + $"{Size(m.ManagedHeap)}, process at most {(m.PeakResident is { } rss ? Size(rss) : "unknown")}");
        output.WriteLine(string.Create(CultureInfo.InvariantCulture,
            $"garbage collections in {r.Seconds.Length + r.SecondsWithoutAmc.Length} steps: "
                + $"{string.Join(", ", r.Collections.Select((c, g) => $"generation {g}: {c}"))}; "
                + $"{r.ManagedBytes / 1024.0:0} KiB of objects a step"));
    }

    private static TextTable KernelTable(string head) => new(head, "calls", "ms", "share", "GFLOP/s", "GB/s", "roof");

    private static void Add(TextTable table, string name, KernelUse op, ProfileResult r) => table.Add(
        name, Text($"{op.Calls:0.#}"), Milliseconds(op.Seconds), Percent(op.Seconds / r.KernelSeconds),
        Text($"{op.Gflops:0.0}"), Text($"{op.Gbytes:0.0}"), Roof(op));

    private static string Roof(KernelUse op) => op.Share is { } share ? Text($"{100 * share:0} %") : "–";

    private static KernelUse Sum(IReadOnlyList<KernelUse> ops) => new(
        "", "", ops.Sum(o => o.Calls), ops.Sum(o => o.Seconds), ops.Sum(o => o.Flop), ops.Sum(o => o.Bytes),
        ops.Any(o => o.RoofSeconds is null) ? null : ops.Sum(o => o.RoofSeconds!.Value));

    private static string Steps(ProfileResult r) =>
        r.ProfiledSteps == 1 ? "1 step" : $"mean of {r.ProfiledSteps} steps";

    private static string Threads(ProfileResult r) => r.Threads == 1 ? "1 thread" : Text($"{r.Threads} threads");

    private static string Time(double seconds) =>
        seconds >= 1 ? Text($"{seconds:0.000} s") : Text($"{seconds * 1e3:0.00} ms");

    private static string Milliseconds(double seconds) => Text($"{seconds * 1e3:0.00}");

    private static string Percent(double share) => Text($"{100 * share:0.0} %");

    /// <summary>Bytes in MiB.</summary>
    internal static string Size(long bytes) => Text($"{bytes / (double)(1 << 20):0.0} MiB");

    private static string Text(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
