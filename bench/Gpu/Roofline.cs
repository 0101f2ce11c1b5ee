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
        ("H200", new(67e12, 4.8e12)), ("H100 PCIe", new(51e12, 2.0e12)), ("H100", H100), ("A100", new(19.5e12, 1.555e12)),
    ];

    /// <summary>The roofline of a device by its name; null for one that is not known.</summary>
    public static Roofline? Of(string name) => Known.FirstOrDefault(k => name.Contains(k.Name, StringComparison.Ordinal)).Roof;

    /// <summary>Least time for some work.</summary>
    public double Seconds(double flops, double bytes) => Math.Max(flops / Flops, bytes / Bytes);
}
