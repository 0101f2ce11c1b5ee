using AmcEngine.Backends;
using AmcEngine.Diagnostics;
using AmcEngine.Memory;

namespace AmcEngine.Bench.Harness;

/// <summary>
/// What calls cost as the kernels themselves say, whatever their size and without the device: a table has the work of
/// its cases from here.
/// </summary>
internal static class CallCost
{
    /// <summary>Work of a call, which is prepared on a back end that computes nothing.</summary>
    /// <param name="name">What the result is called.</param>
    /// <param name="prepare">Makes operands on a back end and returns the call.</param>
    public static KernelWork Of(string name, Func<IBackend, Action> prepare)
    {
        using var scope = MemoryScope.Begin();
        using var backend = new DryBackend();
        var call = prepare(backend);
        backend.ResetWork();
        call();
        return new KernelWork(name, backend.Flop, backend.Bytes);
    }
}
