using System.Runtime.InteropServices;
using AmcEngine.Amc.CommandLine;

namespace AmcEngine.Amc;

/// <summary>The <c>amcx</c> command.</summary>
internal static class Program
{
    // SIGXFSZ, which has the same number on Linux and macOS.
    private const PosixSignal FileTooLarge = (PosixSignal)25;

    private static int Main(string[] args)
    {
        CommandContext.QuietTerminal();
        // A file that comes to the limit on file sizes (ulimit -f) is an error to report, not the end of the process.
        using var limit = OperatingSystem.IsWindows() ? null : PosixSignalRegistration.Create(
            FileTooLarge, context => context.Cancel = true);
        return Run(args, Console.Out, Console.Error);
    }

    /// <summary>Runs one command line; tests call this in their own process.</summary>
    /// <param name="args">The arguments.</param>
    /// <param name="stdout">Results.</param>
    /// <param name="stderr">Warnings, and at most one line of error.</param>
    /// <returns>0, 1 for a failure, or 2 for bad input or usage.</returns>
    public static int Run(string[] args, TextWriter stdout, TextWriter stderr) =>
        Dispatcher.Run(args, new CommandContext(stdout, stderr));
}
