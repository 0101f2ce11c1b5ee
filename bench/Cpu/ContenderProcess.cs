using System.Globalization;
using AmcEngine.Bench.Harness;

namespace AmcEngine.Bench.Cpu;

/// <summary>
/// A contender of a matrix product in a process of its own. <c>case INDEX TYPE SECONDS</c> is answered by
/// <c>ready SUM SCALE REPEATS</c>, <c>measure</c> by <c>time SECONDS</c>.
/// </summary>
internal sealed class ContenderProcess : IDisposable
{
    /// <summary>Hidden command of the other side.</summary>
    public const string Command = "gemm-contender";

    public const string Engine = "engine", Blas = "openblas", Peak = "peak";

    private readonly LineProcess _process;

    public ContenderProcess(string kind, int threads, string coreType = "")
    {
        Threads = threads;
        // Its pool is sized when it loads; OMP_NUM_THREADS of the user must not limit it.
        var environment = new Dictionary<string, string>
        {
            ["OPENBLAS_NUM_THREADS"] = threads.ToString(CultureInfo.InvariantCulture)
        };
        if (coreType.Length > 0) environment[OpenBlas.CoreTypeVariable] = coreType;
        _process = new LineProcess(
            ChildProcess.Of([Command, kind, threads.ToString(CultureInfo.InvariantCulture)], environment));
    }

    public int Threads { get; }

    /// <summary>What runs there.</summary>
    public string Details => _process.Details;

    /// <summary>
    /// Draws the operands there, multiplies once, and finds how many calls last <paramref name="seconds"/>.
    /// </summary>
    public (double Sum, double Scale) Prepare(int index, bool f64, double seconds)
    {
        var numbers = _process.AskNumbers(string.Create(
            CultureInfo.InvariantCulture, $"case {index} {(f64 ? "f64" : "f32")} {seconds}"), "ready");
        return (numbers[0], numbers[1]);
    }

    /// <summary>Seconds a call.</summary>
    public double Measure() => _process.AskNumbers("measure", "time")[0];

    public void Dispose() => _process.Dispose();

    /// <summary>The other side: works until its input ends.</summary>
    public static int Serve(string[] args, TextReader input, TextWriter output)
    {
        if (args is not [var kind, var count] || !int.TryParse(count, out var threads))
            throw new ArgumentsException($"bench {Command}: for internal use; see bench help");
        return LineProcess.Serve(output, () =>
        {
            using IGemmContender contender = kind switch
            {
                Engine => new EngineContender(threads),
                Peak => new PeakContender(threads),
                _ => new OpenBlasContender(threads),
            };
            // OpenBLAS is compiled already.
            foreach (var c in GemmCases.All.Where(c => c.Shape.M == 50 && kind == Engine))
            {
                contender.Prepare(c, f64: false);
                Repeated.WarmUp([contender.Run]);
            }
            LineProcess.Say(output, $"hello {contender.Details}");
            Repeated? work = null;
            while (input.ReadLine() is { } line)
            {
                if (line.Split(' ') is ["case", var index, var type, var seconds])
                {
                    contender.Prepare(GemmCases.All[int.Parse(index, CultureInfo.InvariantCulture)], type == "f64");
                    contender.Run();
                    var (sum, scale) = contender.Checksum();
                    work = new Repeated(contender.Run, double.Parse(seconds, CultureInfo.InvariantCulture));
                    Thread.Sleep(contender.QuietMilliseconds);
                    LineProcess.Say(output, string.Create(
                        CultureInfo.InvariantCulture, $"ready {sum:R} {scale:R} {work.Repeats}"));
                }
                else
                {
                    var time = work!.Sample();
                    Thread.Sleep(contender.QuietMilliseconds);
                    LineProcess.Say(output, string.Create(CultureInfo.InvariantCulture, $"time {time:R}"));
                }
            }
        });
    }
}
