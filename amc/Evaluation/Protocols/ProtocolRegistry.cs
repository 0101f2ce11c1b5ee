namespace AmcEngine.Amc.Evaluation.Protocols;

/// <summary>Every protocol by its name.</summary>
internal static class ProtocolRegistry
{
    /// <summary>All protocols, the default first.</summary>
    public static IReadOnlyList<IProtocol> All { get; } =
    [
        new ReferenceProtocol(), new FixedProtocol(), new WwblProtocol(), new MdetrProtocol(), new TorchRayProtocol(),
    ];

    /// <summary>The official one.</summary>
    public static IProtocol Default => All[0];

    /// <summary>The protocol of a name, which the configuration has checked.</summary>
    public static IProtocol Find(string name) => All.First(p => p.Name == name);
}
