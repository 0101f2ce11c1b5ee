using System.Runtime.InteropServices;
using AmcEngine.Amc.Ranks;

namespace AmcEngine.Amc.CommandLine;

/// <summary>
/// Requests to stop: Ctrl-C (SIGINT), SIGTERM and SIGHUP, and SIGUSR1 and SIGUSR2, which job managers send some time
/// before they end a job, and launchers pass on (LLVM, which is part of some OpenCL drivers, takes SIGUSR1 for itself
/// where it is loaded). The first is acknowledged at once and lets the current step finish and be saved; the second
/// ends the process. A signal that the process was started to ignore (nohup) stays ignored.
/// </summary>
internal sealed partial class StopSignals : IDisposable
{
    private static readonly (PosixSignal Signal, int Number)[] Known =
    [
        (PosixSignal.SIGINT, 2), (PosixSignal.SIGTERM, 15), (PosixSignal.SIGHUP, 1),
        .. OperatingSystem.IsLinux() ? [User(10), User(12)] : Array.Empty<(PosixSignal, int)>(),
        .. OperatingSystem.IsMacOS() ? [User(30), User(31)] : Array.Empty<(PosixSignal, int)>(),
    ];

    /// <summary>What an evaluation says when it is asked to stop.</summary>
    public const string AnswersKept = "stopping: what was answered is kept; once more ends at once";

    private readonly CancellationTokenSource _stop = new();
    private readonly TextWriter _error;
    private readonly string _answer;
    private readonly PosixSignalRegistration[] _registrations;
    private int _number;

    private StopSignals(TextWriter error, string answer)
    {
        (_error, _answer) = (error, answer);
        _registrations = Array.ConvertAll(
            Known, k => PosixSignalRegistration.Create(k.Signal, context => Handle(context, k.Number)));
    }

    /// <summary>Cancelled by the first signal.</summary>
    public CancellationToken Token => _stop.Token;

    /// <summary>
    /// What a shell expects of a process that ended by the signal: 130, 143 or 129; of several ranks that of any.
    /// </summary>
    /// <param name="job">The ranks, which all call it.</param>
    /// <param name="instead">The code to end with in its place; null for none.</param>
    public int ExitCode(Job job, int? instead = null)
    {
        Span<double> number = [_number];
        job.Meet(number);
        return instead ?? 128 + (int)number[0];
    }

    /// <summary>Listens until disposed.</summary>
    /// <param name="error">Where to answer.</param>
    /// <param name="answer">What happens now, in one line.</param>
    public static StopSignals Listen(TextWriter error, string answer) => new(error, answer);

    /// <summary>Runs a command that gives up where it is asked to stop, and keeps what it has by then.</summary>
    /// <param name="error">Where to answer.</param>
    /// <param name="answer">What happens now, in one line.</param>
    /// <param name="command">The command with the token that asks.</param>
    /// <returns>The command's exit code, or the signal's.</returns>
    public static int Around(TextWriter error, string answer, Func<CancellationToken, int> command)
    {
        using var signals = Listen(error, answer);
        try
        {
            return command(signals.Token);
        }
        catch (OperationCanceledException) when (signals.Token.IsCancellationRequested)
        {
            return signals.ExitCode(Job.Alone);
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (var registration in _registrations)
            registration.Dispose();
        _stop.Dispose();
    }

    private static (PosixSignal, int) User(int number) => ((PosixSignal)number, number);

    private void Handle(PosixSignalContext context, int number)
    {
        var first = Interlocked.CompareExchange(ref _number, number, 0) == 0;
        // A terminal that goes away says so twice: its shell passes on what the system has sent already.
        context.Cancel = first || number == 1;
        if (!first)
            return;
        if (number == 1)
            LeaveTerminal();
        _stop.Cancel();
        _error.WriteLine(_answer);
    }

    // Writing to a terminal that has gone fails, and would end the work before it is saved.
    private static void LeaveTerminal()
    {
        if (OperatingSystem.IsWindows())
            return;
        const int writeOnly = 1;
        var nowhere = Open("/dev/null", writeOnly);
        for (var handle = 1; handle <= 2 && nowhere >= 0; handle++)
        {
            if (IsTerminal(handle) != 0)
                _ = Duplicate(nowhere, handle);
        }
    }

    [LibraryImport("libc", EntryPoint = "open", StringMarshalling = StringMarshalling.Utf8)]
    private static partial int Open(string path, int flags);

    [LibraryImport("libc", EntryPoint = "isatty")]
    private static partial int IsTerminal(int handle);

    [LibraryImport("libc", EntryPoint = "dup2")]
    private static partial int Duplicate(int from, int to);
}
