namespace AmcEngine.DataTools;

/// <summary>A colour that phrases can name.</summary>
internal readonly record struct NamedColor(string Name, byte R, byte G, byte B)
{
    /// <summary>The six colours of fashion scenes, then those that only shapes use.</summary>
    public static readonly IReadOnlyList<NamedColor> All =
    [
        new("red", 222, 38, 38),
        new("green", 36, 172, 60),
        new("blue", 44, 76, 236),
        new("yellow", 244, 226, 44),
        new("purple", 150, 48, 196),
        new("cyan", 48, 214, 226),
        new("orange", 250, 136, 24),
        new("white", 244, 244, 244),
    ];
}
