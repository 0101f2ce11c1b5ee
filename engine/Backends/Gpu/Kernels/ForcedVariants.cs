namespace AmcEngine.Backends.Gpu.Kernels;

/// <summary>
/// Variants of kernels that tests force, to go through all of them on one machine; what is null, device and shape
/// decide.
/// </summary>
internal sealed class ForcedVariants
{
    /// <summary>How many lanes share a row, whatever its length.</summary>
    public RowTeam? Team { get; set; }

    /// <summary>The kernel of a matrix product, in place of <see cref="GemmPlan.Choose"/>'s.</summary>
    public GemmPlan? Gemm { get; set; }

    /// <summary>Whether the lanes of an attention share tiles (true) or work alone (false).</summary>
    public bool? SharedAttentionTiles { get; set; }

    /// <summary>Whether planes are transposed through shared memory (true) or element by element (false).</summary>
    public bool? TransposeTiles { get; set; }
}

/// <summary>How many lanes share a row.</summary>
internal enum RowTeam
{
    /// <summary>One.</summary>
    Lane,

    /// <summary>32.</summary>
    Part,

    /// <summary>A group of 256.</summary>
    Group,
}
