using AmcEngine.Amc.Drawing;
using AmcEngine.Amc.Maps;
using NUnit.Framework;

namespace AmcEngine.Tests.Amc.Maps;

[TestFixture]
internal sealed class MapStatisticsTests
{
    /// <summary>Half way from −1 to 3 is 1: two of four patches, with 4 of the 4.5 that are positive.</summary>
    [Test]
    public void The_numbers_of_a_map()
    {
        var numbers = MapStatistics.Of(new PatchMap(2, [-1, 0.5f, 1, 3]));
        Assert.That((numbers.Min, numbers.Max, numbers.Mean), Is.EqualTo((-1.0, 3.0, 0.875)));
        Assert.That((numbers.AreaAboveHalf, numbers.EnergyShare), Is.EqualTo(((double?)0.5, (double?)(4 / 4.5))));
    }

    [Test]
    public void A_flat_map_has_no_higher_half_and_one_below_zero_no_energy()
    {
        var flat = MapStatistics.Of(new PatchMap(2, [2, 2, 2, 2]));
        Assert.That((flat.AreaAboveHalf, flat.EnergyShare), Is.EqualTo(((double?)null, (double?)null)));
        var cold = MapStatistics.Of(new PatchMap(2, [-2, -2, -2, 0]));
        Assert.That((cold.AreaAboveHalf, cold.EnergyShare), Is.EqualTo(((double?)0.25, (double?)null)));
    }

    [TestCase("viridis")]
    [TestCase("inferno")]
    [TestCase("magma")]
    [TestCase("gray")]
    public void Lightness_rises_evenly_with_the_value(string name)
    {
        var colors = ColorMap.Find(name)!;
        double[] lightness = [.. Enumerable.Range(0, 101).Select(i => colors.At(i / 100.0)).Select(
            c => 0.2126 * c.R + 0.7152 * c.G + 0.0722 * c.B)];
        Assert.That(lightness, Is.Ordered);
        Assert.That(lightness[100] - lightness[0], Is.GreaterThan(150));
    }

    [Test]
    public void Colours_go_from_the_first_to_the_last_and_names_are_exact()
    {
        var colors = ColorMap.Find("viridis")!;
        Assert.That(colors.At(0), Is.EqualTo((0x44, 0x01, 0x54)));
        Assert.That(colors.At(1), Is.EqualTo((0xFD, 0xE7, 0x25)));
        Assert.That(ColorMap.Find("gray")!.At(0.5), Is.EqualTo((127.5, 127.5, 127.5)));
        Assert.That(ColorMap.Find("Viridis"), Is.Null);
        Assert.That(ColorMap.Default.Name, Is.EqualTo("jet"));
    }
}
