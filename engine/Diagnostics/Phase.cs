using AmcEngine.Autograd;

namespace AmcEngine.Diagnostics;

/// <summary>
/// Names what this thread does from now on, for a <see cref="Profiler"/>; without one it does nothing. Nodes recorded
/// in a phase know it, so that the backward pass through them is a phase of its own. A name is "group" or "group/part".
/// </summary>
/// <example><code>using var phase = Phase.Begin("forward/vision encoder");</code></example>
public static class Phase
{
    /// <summary>Where no phase is open.</summary>
    public const string Other = "other";

    private const string AgainGroup = "forward again";

    /// <summary>The open phase; null where no profiler asks.</summary>
    public static string? Current => (Profiler.Current as IGraphWatcher)?.Phase;

    /// <summary>Opens a phase until the result is disposed; the phase before goes on then.</summary>
    public static Scope Begin(string name) =>
        Profiler.Current is { } profiler ? new Scope(profiler, profiler.Enter(name)) : default;

    /// <summary>Opens the phase in which something is computed once more for its gradient.</summary>
    /// <param name="first">The phase in which it was computed first: a <see cref="Current"/> of then.</param>
    public static Scope Again(string? first) =>
        first is null ? default : Begin($"{AgainGroup}/{Part(first)}");

    /// <summary>What is done in a phase, without its group: "vision encoder" of "forward/vision encoder".</summary>
    public static string Part(string name) => name[(name.IndexOf('/', StringComparison.Ordinal) + 1)..];

    /// <summary>An open phase.</summary>
    public readonly struct Scope : IDisposable
    {
        private readonly Profiler? _profiler;
        private readonly string? _before;

        internal Scope(Profiler profiler, string before) => (_profiler, _before) = (profiler, before);

        /// <summary>Goes on with the phase before.</summary>
        public void Dispose() => _profiler?.Enter(_before!);
    }
}
