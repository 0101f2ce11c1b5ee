namespace AmcEngine.Amc.Ranks;

/// <summary>What a rank's exchanges of one kind came to.</summary>
/// <param name="Calls">How many there were.</param>
/// <param name="Bytes">Bytes of their operands on this rank.</param>
/// <param name="Seconds">
/// How long their data were on their way; where the library does not tell, how long this rank waited for them.
/// </param>
/// <param name="Exposed">The part of that during which this rank waited, and computed nothing.</param>
/// <param name="Waited">
/// How long this rank waited in all: also for ranks that came late, and for what was to be exchanged before.
/// </param>
internal readonly record struct CommunicationUse(
    double Calls, double Bytes, double Seconds, double Exposed, double Waited)
{
    /// <summary>The part of the data's way beside which this rank computed.</summary>
    public double Hidden => Seconds - Exposed;

    /// <summary>Both together.</summary>
    public static CommunicationUse operator +(CommunicationUse a, CommunicationUse b) => new(
        a.Calls + b.Calls, a.Bytes + b.Bytes, a.Seconds + b.Seconds, a.Exposed + b.Exposed, a.Waited + b.Waited);

    /// <summary>A part of it, of a step of several for example.</summary>
    public static CommunicationUse operator /(CommunicationUse a, double n) =>
        new(a.Calls / n, a.Bytes / n, a.Seconds / n, a.Exposed / n, a.Waited / n);
}

/// <summary>Adds up what exchanges of each kind come to. Any thread may use it.</summary>
internal sealed class CommunicationMeter
{
    private readonly Lock _gate = new();
    private Dictionary<string, CommunicationUse> _uses = [];

    /// <summary>Adds to a kind.</summary>
    public void Add(string kind, CommunicationUse use)
    {
        lock (_gate)
            _uses[kind] = _uses.GetValueOrDefault(kind) + use;
    }

    /// <summary>What there was since this was last asked.</summary>
    public IReadOnlyDictionary<string, CommunicationUse> Take()
    {
        lock (_gate)
        {
            var taken = _uses;
            _uses = [];
            return taken;
        }
    }
}
