using System.Runtime.InteropServices;

namespace AmcEngine.Collectives;

/// <summary>Ends this process without asking any of its threads.</summary>
internal static partial class ProcessEnd
{
    /// <summary>Ends it now.</summary>
    public static void Now(int exitCode)
    {
        Console.Out.Flush();
        if (OperatingSystem.IsWindows()) Environment.Exit(exitCode);
        Exit(exitCode);
    }

    /// <summary>Ends it after a while, unless it has ended by then.</summary>
    public static void After(TimeSpan delay, int exitCode) => new Thread(() =>
    {
        Thread.Sleep(delay);
        Now(exitCode);
    })
    { IsBackground = true }.Start();

    // No handlers, which might wait for a thread that is within a collective.
    [LibraryImport("libc", EntryPoint = "_exit")]
    private static partial void Exit(int code);
}
