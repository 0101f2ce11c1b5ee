using CommandLine;

namespace AmcEngine.Amc.CommandLine;

/// <summary>Options of a command that several processes (ranks) can share: <c>mpirun -n 8 amcx …</c>.</summary>
internal interface IRankOptions
{
    /// <summary>What the help says of <see cref="Watchdog"/>.</summary>
    const string WatchdogHelp = "Under mpirun or srun: end all ranks where one has waited so many seconds for the "
        + "others; 0 waits for ever.";

    /// <summary>What the help says of <see cref="SignalExitCode"/>.</summary>
    const string SignalHelp = "Exit code after a signal that asks to stop (SIGTERM, SIGUSR1 …), in place of 128 and "
        + "its number: what a job manager takes for \"start me again\".";

    /// <summary>Seconds that are waited where nobody says otherwise.</summary>
    const int DefaultWatchdog = 300;

    /// <summary>Seconds that a rank waits for the others at most; 0 for any time.</summary>
    int Watchdog { get; }

    /// <summary>Exit code after a signal; null for 128 and the signal's number.</summary>
    int? SignalExitCode { get; }

    /// <summary>Whether errors show where in the program they arose.</summary>
    bool Verbose { get; }
}
