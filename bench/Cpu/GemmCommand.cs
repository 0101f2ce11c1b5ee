using AmcEngine.Bench.Harness;
using CommandLine;

namespace AmcEngine.Bench.Cpu;

/// <summary>Arguments of <c>bench gemm</c>.</summary>
internal sealed class GemmOptions : TableOptions
{
    [Option("dtype", Default = "f32", HelpText = "f32 or f64.")]
    public string DType { get; set; } = "f32";

    [Option("core", HelpText = "OPENBLAS_CORETYPE; by default the best of those that fit the processor.")]
    public string? Core { get; set; }

    [Option("rounds", HelpText = "Rounds of each case.")]
    public int? Rounds { get; set; }

    public override void Check(string command)
    {
        base.Check(command);
        if (DType is not ("f32" or "f64"))
            throw new ArgumentsException($"bench {command}: --dtype {DType}: use f32 or f64");
        if (Rounds is < 1) throw new ArgumentsException($"bench {command}: --rounds {Rounds}: at least 1");
    }
}

/// <summary>Times of one product by thread count, and the peak of the same minute.</summary>
/// <param name="Case">The product.</param>
/// <param name="Engine">The engine's times.</param>
/// <param name="Blas">Those of OpenBLAS; empty where it is not installed.</param>
/// <param name="Peak">GFLOP/s of fused multiply-adds on registers, median of rounds in turn with the product's.</param>
internal sealed record GemmRow(GemmCase Case, IReadOnlyDictionary<int, Rounds> Engine,
    IReadOnlyDictionary<int, Rounds> Blas, IReadOnlyDictionary<int, double> Peak);

/// <summary>
/// <c>bench gemm</c>: the engine's products side by side with OpenBLAS, in processes of their own and round after
/// round.
/// </summary>
internal static class GemmCommand
{
    // Relative to the sum of magnitudes: far above rounding, far below any wrong element.
    private const double Agreement = 1e-6;

    // Quick runs leave out what is longer than 1024³ and of the same kind.
    private const double MostQuickFlops = 2.4e9;

    // 1024³ NN: long enough to tell kernels apart.
    private static readonly int Probe = Array.FindIndex(GemmCases.All, c => c.Shape.M == 1024);

    public static void Report(GemmOptions options, TextWriter output)
    {
        var f64 = options.DType == "f64";
        var (rounds, seconds) = options.Quick ? (options.Rounds ?? 3, 0.01) : (options.Rounds ?? 5, 0.05);
        var (core, tried) = ChooseCore(options.Core, f64);
        var engines = options.ThreadCounts.Select(t => new ContenderProcess(ContenderProcess.Engine, t)).ToArray();
        var peaks = options.ThreadCounts.Select(t => new ContenderProcess(ContenderProcess.Peak, t)).ToArray();
        var blas = core is null
            ? []
            : options.ThreadCounts.Select(t => new ContenderProcess(ContenderProcess.Blas, t, core)).ToArray();
        try
        {
            output.WriteLine();
            output.WriteLine($"Matrix products in {options.DType}, GFLOP/s; `IBackend.MatMul` on warm tensors, "
                + $"operands packed anew in each call. Median of {rounds} rounds in turn, each side in a process of "
                + $"its own, {seconds * 1e3:F0} ms or more each. Shares are of the FMA peak in the same rounds.");
            output.WriteLine(blas.Length > 0 ? $"Peer: OpenBLAS, kernels {blas[0].Details}. "
                + $"One-thread GFLOP/s by core type (the best is taken): {tried}." : OpenBlas.Remedy + ".");
            var rows = new List<GemmRow>();
            for (var i = 0; i < GemmCases.All.Length; i++)
                if (!options.Quick || GemmCases.All[i] is { Layout: "NN", Shape.Flops: < MostQuickFlops })
                    rows.Add(Measure(i, f64, rounds, seconds, engines, blas, peaks));
            GemmTable.Of(rows, options.ThreadCounts).Write(output);
        }
        finally
        {
            foreach (var c in (ContenderProcess[])[.. engines, .. blas, .. peaks]) c.Dispose();
        }
    }

    /// <summary>
    /// The core type with the fastest kernels, and what each reached; null where OpenBLAS is not installed.
    /// </summary>
    public static (string? Core, string Tried) ChooseCore(string? wanted, bool f64)
    {
        var rates = new List<(string Core, double Gflops)>();
        foreach (var core in wanted is null ? OpenBlas.CoreTypes : [wanted])
        {
            try
            {
                using var process = new ContenderProcess(ContenderProcess.Blas, 1, core);
                process.Prepare(Probe, f64, 0.03);
                var time = new Rounds([process.Measure(), process.Measure(), process.Measure()]);
                rates.Add((core, Statistics.Giga(GemmCases.All[Probe].Shape.Flops, time.Min)));
            }
            catch (BenchException)
            {
                return (null, "");
            }
        }
        return (rates.MaxBy(r => r.Gflops).Core, string.Join(
            ", ", rates.Select(r => $"{(r.Core.Length > 0 ? r.Core : "its own choice")} {r.Gflops:F0}")));
    }

    private static GemmRow Measure(int index, bool f64, int rounds, double seconds, ContenderProcess[] engines,
        ContenderProcess[] blas, ContenderProcess[] peaks)
    {
        ContenderProcess[] sides = [.. engines.Zip(blas).SelectMany(p => new[] { p.First, p.Second }),
            .. engines[blas.Length..]];
        var sums = sides.Select(c => c.Prepare(index, f64, seconds)).ToArray();
        var worst = sums.Max(s => Math.Abs(s.Sum - sums[0].Sum) / s.Scale);
        if (!(worst <= Agreement)) throw new BenchException(
            $"{GemmCases.All[index]}: the contenders' products differ by {worst:0.0e-0} of their magnitude");
        foreach (var peak in peaks) peak.Prepare(index, f64, seconds);
        ContenderProcess[] all = [.. sides, .. peaks];
        var times = all.Zip(Rounds.Interleave(rounds, [.. all.Select(c => (Func<double>)c.Measure)]))
            .ToDictionary(p => p.First, p => p.Second);
        return new GemmRow(
            GemmCases.All[index],
            engines.ToDictionary(c => c.Threads, c => times[c]),
            blas.ToDictionary(c => c.Threads, c => times[c]),
            peaks.ToDictionary(
                c => c.Threads, c => Statistics.Giga(PeakContender.Flops(c.Threads), times[c].Median) / (f64 ? 2 : 1)));
    }
}
