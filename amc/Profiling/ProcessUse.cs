using System.Runtime.InteropServices;

namespace AmcEngine.Amc.Profiling;

/// <summary>
/// What the system has spent on this process, all of its threads together, as <c>getrusage</c> counts.
/// </summary>
/// <param name="UserSeconds">Processor time in the program.</param>
/// <param name="SystemSeconds">Processor time in the system on the program's behalf.</param>
/// <param name="MinorFaults">Pages that were mapped at their first touch, without reading a disk.</param>
/// <param name="MajorFaults">Pages that were read from a disk.</param>
/// <param name="VoluntarySwitches">Times that a thread gave its processor up to wait.</param>
/// <param name="InvoluntarySwitches">Times that a thread was put aside for another, of this process or not.</param>
internal sealed partial record ProcessUse(double UserSeconds, double SystemSeconds, double MinorFaults,
    double MajorFaults, double VoluntarySwitches, double InvoluntarySwitches)
{
    // struct rusage of 64-bit Linux: two times of two words each, then fourteen counts.
    private const int Words = 18, Minor = 8, Major = 9, Voluntary = 16, Involuntary = 17;

    /// <summary>The counts so far; null where the system is not 64-bit Linux.</summary>
    public static ProcessUse? Now()
    {
        const int self = 0;
        if (!OperatingSystem.IsLinux() || IntPtr.Size != sizeof(long)) return null;
        var use = new long[Words];
        return GetUse(self, use) != 0 ? null : new ProcessUse(
            Seconds(use, 0), Seconds(use, 2), use[Minor], use[Major], use[Voluntary], use[Involuntary]);
    }

    /// <summary>What was spent from an earlier count to this one, a step.</summary>
    public ProcessUse Since(ProcessUse before, int steps) => new(
        (UserSeconds - before.UserSeconds) / steps, (SystemSeconds - before.SystemSeconds) / steps,
        (MinorFaults - before.MinorFaults) / steps, (MajorFaults - before.MajorFaults) / steps,
        (VoluntarySwitches - before.VoluntarySwitches) / steps,
        (InvoluntarySwitches - before.InvoluntarySwitches) / steps);

    private static double Seconds(long[] use, int at) => use[at] + use[at + 1] * 1e-6;

    [LibraryImport("libc", EntryPoint = "getrusage")]
    private static partial int GetUse(int who, long[] use);
}
