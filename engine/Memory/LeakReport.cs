using System.Diagnostics;

namespace AmcEngine.Memory;

/// <summary>
/// Names who holds memory. While it is on, every block remembers the method that took it, and a back end that is
/// disposed with blocks in use writes them to the trace listeners. On in debug builds; it costs a stack walk a block.
/// </summary>
public static class LeakReport
{
    /// <summary>Whether blocks remember who took them.</summary>
    public static bool Enabled { get; set; } =
#if DEBUG
        true;
#else
        false;
#endif

    /// <summary>The first caller outside of the engine's own memory, tensor and op code.</summary>
    internal static string? Caller()
    {
        if (!Enabled) return null;
        foreach (var frame in new StackTrace(2, false).GetFrames())
        {
            var method = frame.GetMethod();
            var place = method?.DeclaringType?.Namespace ?? "";
            if (place is "AmcEngine.Memory" or "AmcEngine.Tensors" or "AmcEngine.Ops"
                || place.StartsWith("AmcEngine.Backends", StringComparison.Ordinal)) continue;
            return $"{method?.DeclaringType?.FullName}.{method?.Name}";
        }
        return "unknown";
    }
}
