namespace AmcEngine.Backends.Gpu.Host;

/// <summary>
/// A number for each kernel type, so that a host finds its launcher by an array index instead of a dictionary.
/// </summary>
internal static class KernelSlot<TKernel> where TKernel : struct
{
    /// <summary>The number.</summary>
    public static readonly int Index = KernelSlots.Next();
}

internal static class KernelSlots
{
    private static int _count;

    public static int Next() => Interlocked.Increment(ref _count) - 1;
}
