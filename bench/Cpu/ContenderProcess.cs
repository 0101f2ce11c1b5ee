using System.Diagnostics;
using System.Globalization;
using AmcEngine.Bench.Harness;

namespace AmcEngine.Bench.Cpu;

/// <summary>
/// A contender in a process of its own, which works only when asked: library threads that spin, environment variables
/// and the heap of one side cannot touch another. Lines go to and fro: <c>case INDEX TYPE SECONDS</c> is answered by
/// <c>ready SUM SCALE REPEATS</c>, <c>measure</c> by <c>time SECONDS</c>, anything that fails by <c>error MESSAGE</c>.
/// </summary>
internal sealed class ContenderProcess : IDisposable
{
    /// <summary>Hidden command of the other side.</summary>
    public const string Command = "gemm-contender";

    public const string Engine = "engine", Blas = "openblas", Peak = "peak";

    private readonly Process _process;

    public ContenderProcess(string kind, int threads, string coreType = "")
    {
        Threads = threads;
        // Its pool is sized when it loads; OMP_NUM_THREADS of the user must not limit it.
        var environment = new Dictionary<string, string>
        {
            ["OPENBLAS_NUM_THREADS"] = threads.ToString(CultureInfo.InvariantCulture)
        };
        if (coreType.Length > 0) environment[OpenBlas.CoreTypeVariable] = coreType;
        _process = Process.Start(
            ChildProcess.Of([Command, kind, threads.ToString(CultureInfo.InvariantCulture)], environment))!;
        Details = Answer("hello");
    }

    public int Threads { get; }

    /// <summary>What runs there.</summary>
    public string Details { get; }

    /// <summary>
    /// Draws the operands there, multiplies once, and finds how many calls last <paramref name="seconds"/>.
    /// </summary>
    public (double Sum, double Scale) Prepare(int index, bool f64, double seconds)
    {
        var numbers = Ask(string.Create(
            CultureInfo.InvariantCulture, $"case {index} {(f64 ? "f64" : "f32")} {seconds}"), "ready").Split(' ');
        return (Number(numbers[0]), Number(numbers[1]));
    }

    /// <summary>Seconds a call.</summary>
    public double Measure() => Number(Ask("measure", "time"));

    public void Dispose()
    {
        _process.StandardInput.Close();
        if (!_process.WaitForExit(5000)) _process.Kill();
        _process.Dispose();
    }

    /// <summary>The other side: works until its input ends.</summary>
    public static int Serve(string[] args, TextReader input, TextWriter output)
    {
        if (args is not [var kind, var count] || !int.TryParse(count, out var threads))
            throw new ArgumentsException($"bench {Command}: for internal use; see bench help");
        try
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
            Say(output, $"hello {contender.Details}");
            Repeated? work = null;
            while (input.ReadLine() is { } line)
            {
                if (line.Split(' ') is ["case", var index, var type, var seconds])
                {
                    contender.Prepare(GemmCases.All[int.Parse(index, CultureInfo.InvariantCulture)], type == "f64");
                    contender.Run();
                    var (sum, scale) = contender.Checksum();
                    work = new Repeated(contender.Run, Number(seconds));
                    Thread.Sleep(contender.QuietMilliseconds);
                    Say(output, string.Create(CultureInfo.InvariantCulture, $"ready {sum:R} {scale:R} {work.Repeats}"));
                }
                else
                {
                    var time = work!.Sample();
                    Thread.Sleep(contender.QuietMilliseconds);
                    Say(output, string.Create(CultureInfo.InvariantCulture, $"time {time:R}"));
                }
            }
            return 0;
        }
        catch (Exception e)
        {
            Say(output, $"error {e.Message.ReplaceLineEndings(" ")}");
            return 1;
        }
    }

    private static void Say(TextWriter output, string line)
    {
        output.WriteLine(line);
        output.Flush();
    }

    private static double Number(string text) => double.Parse(text, CultureInfo.InvariantCulture);

    private string Ask(string question, string expected)
    {
        _process.StandardInput.WriteLine(question);
        _process.StandardInput.Flush();
        return Answer(expected);
    }

    private string Answer(string expected)
    {
        var line = _process.StandardOutput.ReadLine() ?? throw new BenchException(
            "the process of a contender ended without an answer (its messages are above)");
        var space = line.IndexOf(' ');
        var (word, rest) = space < 0 ? (line, "") : (line[..space], line[(space + 1)..]);
        return word == expected ? rest : throw new BenchException(
            rest.Length > 0 ? rest : $"a contender answered \"{line}\"");
    }
}
