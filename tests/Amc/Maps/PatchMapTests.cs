using AmcEngine.Amc.Maps;
using AmcEngine.Backends.Cpu;
using AmcEngine.DataTools;
using AmcEngine.Model;
using AmcEngine.Ops;
using AmcEngine.Tensors;
using NUnit.Framework;

namespace AmcEngine.Tests.Amc.Maps;

[TestFixture]
internal sealed class PatchMapTests
{
    private static readonly (int Side, int Width, int Height)[] Sizes =
        [(1, 3, 2), (2, 5, 9), (4, 4, 4), (4, 17, 6), (8, 64, 64), (16, 50, 37), (16, 16, 33), (24, 101, 24),
            (24, 40, 131), (16, 7, 5)];

    /// <summary>Random maps, maps of few values (ties), and maps with a flat top half.</summary>
    [Test]
    public void The_peak_and_the_values_are_those_of_the_enlarged_map([Values(0, 1, 2)] int kind)
    {
        using var backend = new CpuBackend(1);
        var random = new Random(kind);
        foreach ((var side, var width, var height) in Sizes)
        {
            float[] values = [.. Enumerable.Range(0, side * side).Select(i => kind switch
            {
                0 => (float)random.NextDouble() * 1e-3f,
                1 => random.Next(3),
                _ => i < side * side / 2 ? 0.25f : 0.25f * random.Next(2),
            })];
            if (values.Distinct().Count() == 1)
                continue;
            var map = new PatchMap(side, values);
            var whole = Tensor.From(values, [side, side], backend).Interpolate(height, width, InterpolationMode.Bicubic)
                .ToArray<float>();
            var first = Array.IndexOf(whole, whole.Max());
            Assert.Multiple(() =>
            {
                Assert.That(map.Enlarge(width, height).Values, Is.EqualTo(whole), $"{side} to {width}×{height}");
                Assert.That(
                    map.Peak(width, height), Is.EqualTo((first % width, first / width)), $"{side} to {width}×{height}");
            });
        }
    }

    [Test]
    public void Of_equal_largest_values_the_first_row_by_row_is_the_point() =>
        // Unchanged size: the values themselves.
        Assert.That(new PatchMap(3, [0, 1, 2, 2, 2, 0, 2, 0, 0]).Peak(3, 3), Is.EqualTo((2, 0)));

    /// <summary>
    /// Of 8×4 pixels a square of 2 sees, resized to 4×2, the columns 1 and 2: pixels 2 to 5. The map is enlarged to
    /// those 4×4 pixels, and the largest of its four values is the one at the top right.
    /// </summary>
    [Test]
    public void A_map_of_the_square_in_the_middle_is_laid_back_onto_the_picture([Values] bool wide)
    {
        float[] values = wide ? [0.5f, 1, 0.25f, 0.5f] : [0.5f, 0.25f, 1, 0.5f];
        PatchMap square = new(2, values), map = square with { Crop = new CentreCrop(2) };
        var (width, height) = wide ? (8, 4) : (4, 8);
        Assert.That(map.Peak(width, height), Is.EqualTo(wide ? (5, 0) : (0, 5)));
        var seen = square.Enlarge(4, 4).Values;
        var expected = new float[32];
        for (var y = 0; y < 4; y++)
            for (var x = 0; x < 4; x++)
                expected[wide ? y * 8 + x + 2 : (y + 2) * 4 + x] = seen[y * 4 + x];
        Assert.That(map.Enlarge(width, height).Values, Is.EqualTo(expected));
    }

    /// <summary>
    /// A cell of the grid is two pixels wide and one high: the square covers the second and third column.
    /// </summary>
    [Test]
    public void A_grid_over_the_whole_picture_holds_the_square_where_it_lies()
    {
        var cells = new PatchMap(2, [0.5f, 1, 0.25f, 0.5f]) { Crop = new CentreCrop(2) }.OnGrid(4, 8, 4);
        for (var y = 0; y < 4; y++)
            Assert.That(cells[(4 * y)..(4 * y + 4)].Select(v => v > 0), Is.EqualTo(new[] { false, true, true, false }));
        Assert.That(Array.IndexOf(cells, cells.Max()), Is.EqualTo(2));
        var whole = new PatchMap(2, [0.5f, 1, 0.25f, 0.5f]);
        Assert.That(whole.OnGrid(4, 8, 4), Is.EqualTo(whole.Enlarge(4, 4).Values));
    }

    [Test]
    public void A_flat_map_of_the_square_in_the_middle_shows_no_square()
    {
        var map = new PatchMap(2, [1, 1, 1, 1]) { Crop = new CentreCrop(2) };
        Assert.That(map.Peak(8, 4), Is.Null);
        Assert.That(map.Enlarge(8, 4).Values, Has.All.EqualTo(1));
    }

    [Test]
    public void Width_and_height_are_not_confused()
    {
        // The largest patch is the third of the first row: at five eighths of the width, at one eighth of the height.
        var map = new PatchMap(4, [0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
        (var X, var Y) = map.Peak(80, 16)!.Value;
        Assert.Multiple(() =>
        {
            Assert.That(X, Is.EqualTo(50).Within(2));
            Assert.That(Y, Is.LessThan(3));
            Assert.That((map.Enlarge(80, 16).Width, map.Enlarge(80, 16).Height), Is.EqualTo((80, 16)));
        });
    }

    [TestCase(0f)]
    [TestCase(-2.5f)]
    public void A_flat_map_points_nowhere(float value)
    {
        var map = new PatchMap(2, [value, value, value, value]);
        Assert.That(map.IsFlat);
        Assert.That(map.Peak(30, 20), Is.Null);
    }

    [Test]
    public void One_value_of_its_own_is_not_flat() =>
        Assert.That(new PatchMap(2, [1, 1, 1, 1.0000001f]).IsFlat, Is.False);

    [TestCase(float.NaN)]
    [TestCase(float.PositiveInfinity)]
    [TestCase(float.NegativeInfinity)]
    public void A_map_that_is_not_finite_is_refused_by_name(float value)
    {
        var e = Assert.Throws<ModelException>(() => new PatchMap(2, [0, value, 1, value])
            .RequireFinite("red circle", "a.jpg"))!;
        Assert.That(e.Message, Does.Contain("a.jpg").And.Contain("red circle").And.Contain("2 of 4"));
        var whole = new PatchMap(2, [0, 1, 2, 3]);
        Assert.That(whole.RequireFinite("x", "y"), Is.SameAs(whole));
    }

    /// <summary>A picture of 16,000² pixels: the enlarged map would take a gigabyte.</summary>
    [Test]
    public void The_enlarged_map_is_never_held()
    {
        var random = new Random(1);
        var map = new PatchMap(4, [.. Enumerable.Range(0, 16).Select(_ => (float)random.NextDouble())]);
        map.Peak(10, 10);
        var before = GC.GetAllocatedBytesForCurrentThread();
        map.Peak(4000, 1000);
        Assert.That(GC.GetAllocatedBytesForCurrentThread() - before, Is.LessThan(1_000_000), "of 16 million bytes");
    }
}
