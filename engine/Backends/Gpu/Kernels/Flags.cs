namespace AmcEngine.Backends.Gpu.Kernels;

/// <summary>A choice made when a kernel is compiled.</summary>
internal interface IFlag
{
    /// <summary>The choice.</summary>
    static abstract bool Value { get; }
}

/// <summary>Chosen.</summary>
internal readonly struct Yes : IFlag
{
    /// <inheritdoc/>
    public static bool Value => true;
}

/// <summary>Not chosen.</summary>
internal readonly struct No : IFlag
{
    /// <inheritdoc/>
    public static bool Value => false;
}
