using System.Diagnostics;
using System.Globalization;
using System.Runtime.InteropServices;
using System.Text;
using AmcEngine.Tests.Engine.Collectives;

namespace AmcEngine.Tests.Cli;

/// <summary>A command in a process of its own that a test watches, sends signals to and kills.</summary>
internal sealed partial class Child : IDisposable
{
    private readonly Process _process;
    private readonly StringBuilder _error = new();
    private readonly StringBuilder _output = new();

    private Child(ProcessStartInfo start)
    {
        start.RedirectStandardOutput = start.RedirectStandardError = true;
        _process = Process.Start(start)!;
        _process.ErrorDataReceived += (_, e) =>
        {
            lock (_error)
                _error.AppendLine(e.Data);
        };
        _process.BeginErrorReadLine();
    }

    /// <summary>What it has written to the error stream so far.</summary>
    public string Error
    {
        get
        {
            lock (_error)
                return _error.ToString();
        }
    }

    /// <summary>Starts <c>amcx</c>.</summary>
    public static Child Start(string folder, params string[] args)
    {
        string[] command = ["dotnet", Path.Combine(AppContext.BaseDirectory, "amcx.dll"), .. args, "--threads", "1"];
        // Tests may themselves run with signals ignored (nohup, a shell's background), which children inherit.
        if (OperatingSystem.IsLinux())
            command = ["env", "--default-signal", .. command];
        return new Child(new ProcessStartInfo(command[0], command[1..]) { WorkingDirectory = folder });
    }

    /// <summary>Starts <c>amcx</c> as several processes by a launcher of MPI.</summary>
    public static Child StartRanks(string folder, string launcher, int ranks, params string[] args)
    {
        var start = new ProcessStartInfo("env", ["--default-signal", launcher, .. MpiJob.Options(launcher), "-n",
            $"{ranks}", "dotnet", Path.Combine(AppContext.BaseDirectory, "amcx.dll"), .. args, "--threads", "1"])
        {
            WorkingDirectory = folder,
        };
        MpiJob.Prepare(start);
        return new Child(start);
    }

    /// <summary>
    /// Number of the process of a rank: the one below this launcher whose environment says so.
    /// </summary>
    public int RankProcess(int rank)
    {
        string[] marks = [$"OMPI_COMM_WORLD_RANK={rank}", $"PMI_RANK={rank}"];
        return Below(Id).Single(p => File.ReadAllText($"/proc/{p}/environ").Split('\0').Intersect(marks).Any());
    }

    /// <summary>Runs a script in which <c>amcx</c> stands for the command, and waits for it.</summary>
    public static Answer Bash(string folder, string script)
    {
        var command = $"amcx() {{ DOTNET_EnableWriteXorExecute=0 dotnet "
            + $"'{Path.Combine(AppContext.BaseDirectory, "amcx.dll")}' \"$@\" --threads 1; }}\n{script}";
        var start = new ProcessStartInfo("bash", ["-c", command]) { WorkingDirectory = folder };
        MpiJob.Prepare(start);
        using var child = new Child(start);
        return child.End();
    }

    /// <summary>Reads its output up to a line that holds a text; false where it ends before.</summary>
    public bool WaitFor(string text)
    {
        while (_process.StandardOutput.ReadLine() is { } line)
        {
            _output.AppendLine(line);
            if (line.Contains(text, StringComparison.Ordinal))
                return true;
        }
        return false;
    }

    /// <summary>Waits until the error stream holds a text, a minute at most.</summary>
    public bool WaitForError(string text) =>
        SpinWait.SpinUntil(() => Error.Contains(text, StringComparison.Ordinal), TimeSpan.FromMinutes(1));

    /// <summary>Number of the process.</summary>
    public int Id => _process.Id;

    /// <summary>Sends a signal.</summary>
    public void Signal(int number) => Signal(Id, number);

    /// <summary>Sends a signal to another process.</summary>
    public static void Signal(int process, int number) => _ = Kill(process, number);

    /// <summary>Waits for its end.</summary>
    public Answer End()
    {
        _output.Append(_process.StandardOutput.ReadToEnd());
        _process.WaitForExit();
        return new Answer(_process.ExitCode, _output.ToString(), Error);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        if (!_process.HasExited)
            _process.Kill();
        _process.WaitForExit();
        _process.Dispose();
    }

    private static IEnumerable<int> Below(int process) =>
        File.ReadAllText($"/proc/{process}/task/{process}/children").Split(' ', StringSplitOptions.RemoveEmptyEntries)
            .Select(c => int.Parse(c, CultureInfo.InvariantCulture)).SelectMany(c => Below(c).Prepend(c));

    /// <summary>Whether file systems of a process's own can be made, which scripts take for a full disk.</summary>
    public static bool CanMount() => Environment.UserName == "root" && Bash("/", "unshare -m true").Code == 0;

    /// <summary>A text as one word of a shell.</summary>
    public static string Quoted(string script) => $"'{script.Replace("'", "'\\''", StringComparison.Ordinal)}'";

    [LibraryImport("libc", EntryPoint = "kill")]
    private static partial int Kill(int process, int signal);
}
