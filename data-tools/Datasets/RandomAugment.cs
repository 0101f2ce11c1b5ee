namespace AmcEngine.DataTools;

/// <summary>
/// ALBEF's RandAugment(2, 7): two draws from ten operations, each carried out with probability ½ at level 7 of 10.
/// </summary>
internal static class RandomAugment
{
    private const int Draws = 2;
    private const double Probability = 0.5;
    private const double Level = 0.7;
    private const float Enhancement = (float)(Level * 1.8 + 0.1);
    private const float Shear = (float)(Level * 0.3);
    private const int Shift = 7;
    private const double Degrees = 21;

    /// <summary>The operations in the reference's order.</summary>
    private static readonly string[] Names = ["Identity", "AutoContrast", "Equalize", "Brightness", "Sharpness",
        "ShearX", "ShearY", "TranslateX", "TranslateY", "Rotate"];

    /// <summary>Changes a picture, and the mask where the picture moves.</summary>
    /// <param name="picture">The picture.</param>
    /// <param name="mask">height × width weights.</param>
    /// <param name="random">The sample's random numbers.</param>
    public static (RgbImage Picture, float[] Mask) Apply(RgbImage picture, float[] mask, SeededRandom random)
    {
        string[] drawn = [.. Enumerable.Range(0, Draws).Select(_ => random.Pick(Names))];
        foreach (var name in drawn)
        {
            if (random.Chance(Probability))
                (picture, mask) = Apply(name, picture, mask, random);
        }
        return (picture, mask);
    }

    private static (RgbImage Picture, float[] Mask) Apply(
        string name, RgbImage picture, float[] mask, SeededRandom random)
    {
        switch (name)
        {
            case "AutoContrast": return (AugmentOps.AutoContrast(picture), mask);
            case "Equalize": return (AugmentOps.Equalize(picture), mask);
            case "Brightness": return (AugmentOps.Brightness(picture, Enhancement), mask);
            case "Sharpness": return (AugmentOps.Sharpness(picture, Enhancement), mask);
            case "Identity": return (picture, mask);
        }
        var sign = random.Chance(0.5) ? -1 : 1;
        var map = name switch
        {
            "ShearX" => AffineMap.ShearX(sign * Shear),
            "ShearY" => AffineMap.ShearY(sign * Shear),
            "TranslateX" => AffineMap.Shift(sign * Shift, 0),
            "TranslateY" => AffineMap.Shift(0, sign * Shift),
            _ => AffineMap.Rotation(sign * Degrees, picture.Width, picture.Height),
        };
        return (AugmentOps.Warp(picture, map), AugmentOps.Warp(mask, picture.Width, picture.Height, map));
    }
}
