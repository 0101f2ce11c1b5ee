using System.Runtime.InteropServices;

namespace AmcEngine.Collectives;

/// <summary>
/// A sleep shorter than the runtime's shortest. Whoever wakes up has the processor at once; whoever yields it to a
/// thread that computes waits for that one's whole time slice, some milliseconds.
/// </summary>
internal static partial class ShortSleep
{
    private const uint Microseconds = 20;

    /// <summary>Sleeps for some tens of microseconds.</summary>
    public static void Once()
    {
        if (OperatingSystem.IsWindows()) Thread.Sleep(1);
        else _ = Sleep(Microseconds);
    }

    [LibraryImport("libc", EntryPoint = "usleep")]
    private static partial int Sleep(uint microseconds);
}
