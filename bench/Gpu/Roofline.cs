namespace AmcEngine.Bench.Gpu;

/// <summary>What a device could do at most.</summary>
/// <param name="Flops">f32 operations a second outside of its tensor cores.</param>
/// <param name="Bytes">Bytes a second from its memory.</param>
internal sealed record Roofline(double Flops, double Bytes)
{
    /// <summary>The H100 that predictions are for.</summary>
    public static readonly Roofline H100 = new(67e12, 3.35e12);

    // By the makers' data sheets; the first name that fits counts.
    private static readonly (string Name, Roofline Roof)[] Known =
    [
        ("H200 NVL", new(60e12, 4.8e12)), ("H200", new(67e12, 4.8e12)),
        ("H100 PCIe", new(51e12, 2.0e12)), ("H100 NVL", new(60e12, 3.9e12)), ("H100", H100),
        ("A100-SXM4-80GB", new(19.5e12, 2.04e12)), ("A100 80GB", new(19.5e12, 1.94e12)),
        ("A100", new(19.5e12, 1.555e12)),
    ];

    /// <summary>
    /// The roofline of a device by its name; null for one that is not known, or a slice of one (MIG).
    /// </summary>
    public static Roofline? Of(string name) =>
        name.Contains("MIG", StringComparison.Ordinal)
            ? null
            : Known.FirstOrDefault(k => name.Contains(k.Name, StringComparison.Ordinal)).Roof;

    /// <summary>Least time for some work.</summary>
    public double Seconds(double flops, double bytes) => Math.Max(flops / Flops, bytes / Bytes);
}
