using System.Runtime.InteropServices;

namespace AmcEngine.Memory;

/// <summary>
/// Asks Linux to back large blocks with pages of 2 MiB (transparent huge pages), where the system leaves that to the program. A pass
/// over gigabytes of weights otherwise looks up an address every 4 KiB, which on a virtual machine costs more than the bytes.
/// Advice only: where it is not taken, nothing changes but the speed.
/// </summary>
internal static partial class LargePages
{
    /// <summary>Smaller blocks are left alone: they fit in no large page, and stay in a cache.</summary>
    public const long SmallestBlock = 1 << 20;

    private const int HugePageAdvice = 14; // MADV_HUGEPAGE

    /// <summary>Advises for the pages that hold a block, the first and last of them wholly, so that neighbouring blocks can share a large one.</summary>
    public static void Advise(nint pointer, long bytes)
    {
        if (!OperatingSystem.IsLinux() || bytes < SmallestBlock) return;
        nint page = Environment.SystemPageSize, start = pointer / page * page, end = (pointer + (nint)bytes + page - 1) / page * page;
        try
        {
            _ = Advise(start, (nuint)(end - start), HugePageAdvice);
        }
        catch (Exception e) when (e is DllNotFoundException or EntryPointNotFoundException)
        {
            // A system without the call has no large pages to give.
        }
    }

    [LibraryImport("libc", EntryPoint = "madvise")]
    private static partial int Advise(nint address, nuint length, int advice);
}
