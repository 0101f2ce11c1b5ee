using System.Globalization;
using AmcEngine.Bench.Harness;
using AmcEngine.Bench.Peers;
using AmcEngine.Memory;
using CommandLine;

namespace AmcEngine.Bench.Cpu;

/// <summary>Arguments of <c>bench attention</c>.</summary>
internal sealed class AttentionOptions : TableOptions
{
    [Option("order", HelpText = "1: kernels alone; 2: differentiated twice through the graph, with peak memory.")]
    public int? Order { get; set; }

    [Option("keys", HelpText = "As many queries as this many keys, in ViT-B's heads, alone.")]
    public int? Keys { get; set; }

    [Option("python", HelpText = "With --order 2: the interpreter that has PyTorch.")]
    public string? Python { get; set; }

    public override void Check(string command)
    {
        base.Check(command);
        if (Order is not (null or 1 or 2))
            throw new ArgumentsException($"bench {command}: --order {Order}: use 1 or 2");
        if (Order != 2 && Python is not null)
            throw new ArgumentsException($"bench {command}: --python is for --order 2");
        if (Keys is < 1) throw new ArgumentsException($"bench {command}: --keys {Keys}: at least 1");
        if (Python is not null) TorchPeer.Require(command, Python);
    }
}

/// <summary>What one contender took for one size.</summary>
/// <param name="Time">Seconds of forward, recorded gradients and the gradients of those.</param>
/// <param name="Counted">Bytes of tensors above the operands at the peak; 0 where nobody counts.</param>
/// <param name="Resident">Bytes by which the process's resident memory grew.</param>
internal sealed record DoubleBackwardFigures(Rounds Time, long Counted, long Resident);

/// <summary>
/// <c>bench attention --order 2</c>: what it costs to differentiate attention twice, fused, composed of products and
/// softmax, and composed in PyTorch; time in turns, and peak memory of processes of their own.
/// </summary>
internal static class DoubleBackwardCommand
{
    public const string Torch = "PyTorch composed";

    private const int Samples = 2, Heads = 12, Width = 64;

    // Relative to the sum of magnitudes: far above rounding of sums of a thousand f32 products, far below a wrong term.
    private const double Agreement = 1e-5;

    // Composed, so many maps of [B, H, L, L] live at the peak at most, whoever composes.
    private const long MostMaps = 24;

    private static readonly int[] AllKeys = [65, 257, 577, 1025], QuickKeys = [65, 257];

    private static readonly string[] Names = ["fused", "composed of products and softmax", Torch];

    public static void Report(AttentionOptions options, TextWriter output)
    {
        var threads = options.Threads ?? Environment.ProcessorCount;
        var (rounds, seconds) = options.Quick ? (3, 0.05) : (5, 0.3);
        var torch = TorchPeer.Find(options.Python) is { HasSlowProducts: false } found ? found : null;
        var table = new MarkdownTable(
            "keys", "attention", "ms", "min ms", "of fused", "peak of tensors MiB", "of fused", "resident growth MiB");
        var notes = new List<string>();
        foreach (var keys in options.Keys is { } one ? [one] : options.Quick ? QuickKeys : AllKeys)
        {
            if (TooLarge(keys) is { } why)
            {
                notes.Add(why);
                continue;
            }
            foreach (var row in Rows(keys, Measure(keys, threads, rounds, seconds, torch))) table.Add(row);
        }
        output.WriteLine();
        output.WriteLine($"Attention differentiated twice, f32, {Samples} samples, {Heads} heads of width {Width}, as "
            + $"many queries as keys, {threads} thread{(threads > 1 ? "s" : "")}: forward with a graph, gradients of "
            + "queries, keys and values with a graph, and the gradients of a function of those with respect to all "
            + $"inputs and the cotangent. Median of {rounds} rounds in turn, {seconds * 1e3:F0} ms or more each; every "
            + "side and size in a process of its own. Peaks are of the first call, above the operands; tensors as the "
            + "pool counts them. All sides' gradients agree "
            + string.Create(CultureInfo.InvariantCulture, $"to {Agreement:0e-0} of their magnitude."));
        output.WriteLine(torch is null ? $"Without PyTorch: {TorchPeer.Remedy}."
            : $"Peer: PyTorch {torch.Version}, products by {(torch.Blas.Length > 0 ? torch.Blas : "its own code")}.");
        table.Write(output);
        foreach (var n in notes) output.WriteLine(n);
    }

    /// <summary>The rows of one size, the fused attention first.</summary>
    internal static IEnumerable<string[]> Rows(int keys, IReadOnlyList<DoubleBackwardFigures> figures)
    {
        var fused = figures[0];
        return figures.Select((f, i) => new[]
        {
            $"{keys}", Names[i], $"{f.Time.Median * 1e3:F2}", $"{f.Time.Min * 1e3:F2}",
            $"{f.Time.Median / fused.Time.Median:F2}",
            f.Counted > 0 ? Mebibytes(f.Counted) : MarkdownTable.None,
            f.Counted > 0 ? $"{f.Counted / (double)fused.Counted:F2}" : MarkdownTable.None,
            Mebibytes(f.Resident),
        });
    }

    private static string Mebibytes(long bytes) => $"{Statistics.Mebi(bytes):F1}";

    private static DoubleBackwardFigures[] Measure(
        int keys, int threads, int rounds, double seconds, TorchPeer? torch)
    {
        var count = threads.ToString(CultureInfo.InvariantCulture);
        var sides = new List<LineProcess>();
        try
        {
            foreach (var kind in new[] { DoubleBackwardRun.Fused, DoubleBackwardRun.Composed })
                sides.Add(new LineProcess(ChildProcess.Of([DoubleBackwardRun.Command, kind, count])));
            if (torch is not null) sides.Add(new LineProcess(torch.Start(threads, "attention", count)));
            var question = string.Create(
                CultureInfo.InvariantCulture, $"case {Samples} {Heads} {keys} {Width} {seconds}");
            double[][] ready = [.. sides.Select(s => s.AskNumbers(question, "ready"))];
            var worst = ready.Max(r => Math.Abs(r[0] - ready[0][0]) / ready[0][1]);
            if (!(worst <= Agreement)) throw new BenchException(string.Create(CultureInfo.InvariantCulture,
                $"bench attention: with {keys} keys the gradients differ by {worst:0.0e-0} of their magnitude"));
            var times = Rounds.Interleave(
                rounds, [.. sides.Select(s => (Func<double>)(() => s.AskNumbers("measure", "time")[0]))]);
            return [.. ready.Zip(times, (r, t) => new DoubleBackwardFigures(t, (long)r[3], (long)r[4]))];
        }
        finally
        {
            foreach (var s in sides) s.Dispose();
        }
    }

    // What the composed sides need may be more than there is: two of them are alive at a time.
    private static string? TooLarge(int keys)
    {
        var needed = 2 * MostMaps * sizeof(float) * Samples * Heads * keys * keys;
        return AvailableMemory.Bytes() is { } free && needed > free
            ? $"{keys} keys are left out: composed, they may need {needed >> 20} MiB, and {free >> 20} MiB are free."
            : null;
    }
}
