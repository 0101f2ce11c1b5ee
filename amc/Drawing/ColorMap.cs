namespace AmcEngine.Amc.Drawing;

/// <summary>Colours for values from low to high.</summary>
internal sealed class ColorMap
{
    private readonly Func<double, (double R, double G, double B)> _at;

    private ColorMap(string name, Func<double, (double R, double G, double B)> at) => (Name, _at) = (name, at);

    /// <summary>
    /// Every map, the default first: jet (dark blue, cyan, yellow, dark red), the three of matplotlib whose lightness
    /// rises evenly, and greys.
    /// </summary>
    public static IReadOnlyList<ColorMap> All { get; } =
    [
        new("jet", Jet),
        Through("viridis", 0x440154, 0x482878, 0x3E4989, 0x31688E, 0x26828E, 0x1F9E89, 0x35B779, 0x6ECE58, 0xB5DE2B,
            0xFDE725),
        Through("inferno", 0x000004, 0x1B0C41, 0x4A0C6B, 0x781C6D, 0xA52C60, 0xCF4446, 0xED6925, 0xFB9B06, 0xF7D13D,
            0xFCFFA4),
        Through("magma", 0x000004, 0x180F3D, 0x440F76, 0x721F81, 0x9E2F7F, 0xCD4071, 0xF1605D, 0xFD9668, 0xFECA8D,
            0xFCFDBF),
        Through("gray", 0x000000, 0xFFFFFF),
    ];

    /// <summary>The reference's.</summary>
    public static ColorMap Default => All[0];

    /// <summary>Its name.</summary>
    public string Name { get; }

    /// <summary>The map of a name; null where there is none.</summary>
    public static ColorMap? Find(string name) => All.FirstOrDefault(m => m.Name == name);

    /// <summary>The colour of a value in 0..1, channels in 0..255.</summary>
    public (double R, double G, double B) At(double value) => _at(value);

    private static (double R, double G, double B) Jet(double value) =>
        (Channel(value, 0.75), Channel(value, 0.5), Channel(value, 0.25));

    // Each channel is a trapezium: full within 1/8 of its centre, gone 3/8 away.
    private static double Channel(double value, double centre) =>
        255 * Math.Clamp(1.5 - 4 * Math.Abs(value - centre), 0, 1);

    // Straight lines between colours at even distances.
    private static ColorMap Through(string name, params int[] colors) => new(name, value =>
    {
        var place = Math.Clamp(value, 0, 1) * (colors.Length - 1);
        var first = Math.Min((int)place, colors.Length - 2);
        (var low, var high, var share) = (colors[first], colors[first + 1], place - first);
        return (Between(16), Between(8), Between(0));

        double Between(int shift) =>
            ((low >> shift) & 0xFF) + share * (((high >> shift) & 0xFF) - ((low >> shift) & 0xFF));
    });
}
