using System.Diagnostics;
using System.Globalization;

namespace AmcEngine.Bench.Harness;

/// <summary>
/// One side of a comparison in a process of its own, which works only when asked: library threads that spin,
/// environment variables and the heap of one side cannot touch another. A line asks and a line answers: a word, and
/// what belongs to it; <c>error MESSAGE</c> answers what fails. The first answer, unasked, is <c>hello DETAILS</c>.
/// </summary>
internal sealed class LineProcess : IDisposable
{
    private readonly Process _process;

    /// <exception cref="BenchException">It cannot be started, or ends with an error.</exception>
    public LineProcess(ProcessStartInfo start)
    {
        try
        {
            _process = Process.Start(start)!;
        }
        catch (System.ComponentModel.Win32Exception e)
        {
            throw new BenchException($"{start.FileName} cannot be started: {e.Message}");
        }
        Details = Answer("hello");
    }

    /// <summary>What runs there.</summary>
    public string Details { get; }

    /// <summary>What the other side answers, without the word it begins with.</summary>
    /// <exception cref="BenchException">It answers something else, or not at all.</exception>
    public string Ask(string question, string expected)
    {
        _process.StandardInput.WriteLine(question);
        _process.StandardInput.Flush();
        return Answer(expected);
    }

    /// <summary>The same for an answer of numbers.</summary>
    public double[] AskNumbers(string question, string expected) =>
        [.. Ask(question, expected).Split(' ').Select(t => double.Parse(t, CultureInfo.InvariantCulture))];

    /// <summary>One answer, on the other side.</summary>
    public static void Say(TextWriter output, string line)
    {
        output.WriteLine(line.ReplaceLineEndings(" "));
        output.Flush();
    }

    /// <summary>The other side's work: what fails in it is answered.</summary>
    /// <returns>The process's exit code.</returns>
    public static int Serve(TextWriter output, Action work)
    {
        try
        {
            work();
            return 0;
        }
        catch (Exception e)
        {
            Say(output, $"error {e.Message}");
            return 1;
        }
    }

    public void Dispose()
    {
        _process.StandardInput.Close();
        if (!_process.WaitForExit(5000)) _process.Kill();
        _process.Dispose();
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
