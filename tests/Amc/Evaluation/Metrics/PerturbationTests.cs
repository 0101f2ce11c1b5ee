using AmcEngine.Amc.Evaluation.Metrics;
using AmcEngine.Tests.Engine;
using NUnit.Framework;

namespace AmcEngine.Tests.Amc.Evaluation.Metrics;

/// <summary>
/// Measures that change the picture. The model is a formula: the mean brightness of a square of the picture, so that it
/// is known which map is right.
/// </summary>
[TestFixture]
internal sealed class PerturbationTests
{
    private const int Side = 16;
    private const int Plane = Side * Side;

    // The square that the score looks at.
    private static bool IsObject(int pixel) => pixel % Side is >= 4 and < 8 && pixel / Side is >= 4 and < 8;

    private static readonly float[] Picture =
        [.. Enumerable.Range(0, 3 * Plane).Select(i => IsObject(i % Plane) ? 1f : 0.25f * MathF.Sin(i * 0.7f))];

    private static readonly float[] Good = [.. Enumerable.Range(0, Plane).Select(i => IsObject(i) ? 1f : 0f)];

    private static readonly float[] Bad = [.. Good.Select(v => 1 - v)];

    [Test]
    public void Deletion_and_insertion_have_the_areas_worked_out_by_hand()
    {
        // Four pixels, the first of which is the score. Hottest first: after one step of four it is deleted, or
        // inserted.
        var input = new ModelInput([8, 0, 0, 0, 8, 0, 0, 0, 8, 0, 0, 0], 2, [9, 5, 4, 1]);
        PictureScores first = pictures => Each(pictures, 12, p => p[0] / 8.0);
        // Scores 1, 0, 0, 0, 0 by the trapezium rule over quarters.
        Assert.That(InsertionDeletion.Deletion(input, first, steps: 4), Is.EqualTo(0.5 / 4));
        var blurred = InsertionDeletion.Blurred(input.Pixels, 2)[0] / 8.0;
        Closeness.Near(
            "insertion", InsertionDeletion.Insertion(input, first, steps: 4), ((blurred + 1) / 2 + 3) / 4, 1e-12);
        // The coldest pixel goes last: 1, 1, 1, 1, 0.
        Assert.That(
            InsertionDeletion.Deletion(input with { Heat = [1, 5, 4, 9] }, first, steps: 4), Is.EqualTo(3.5 / 4));
    }

    [Test]
    public void A_good_map_has_a_low_deletion_and_a_high_insertion()
    {
        Assert.That(InsertionDeletion.Deletion(Input(Good), Score),
            Is.LessThan(InsertionDeletion.Deletion(Input(Bad), Score) - 0.3));
        Assert.That(InsertionDeletion.Insertion(Input(Good), Score), Is.GreaterThan(
            InsertionDeletion.Insertion(Input(Bad), Score) + 0.01), "a blur hides little of so small a picture");
    }

    [Test]
    public void A_blur_keeps_what_is_the_same_everywhere_and_spreads_a_point_evenly()
    {
        const int side = 56;
        float[] flat = [.. Enumerable.Repeat(0.75f, 3 * side * side)];
        Closeness.Within("flat", InsertionDeletion.Blurred(flat, side).Max(v => Math.Abs(v - 0.75)), 2e-7);
        var point = new float[3 * side * side];
        point[20 * side + 30] = 1;
        var blurred = InsertionDeletion.Blurred(point, side);
        Closeness.Near("sum", blurred.Sum(v => (double)v), 1, 1e-6);
        // σ = 5·56/224 = 1.25, cut after one pixel: e^(−1/(2σ²)) beside 1.
        var beside = Math.Exp(-1 / (2 * 1.25 * 1.25));
        Closeness.Near("middle", blurred[20 * side + 30], 1 / Math.Pow(1 + 2 * beside, 2), 1e-7);
        Assert.That(
            blurred[20 * side + 31], Is.EqualTo(blurred[19 * side + 30]).And.GreaterThan(blurred[19 * side + 31]));
        Assert.That(blurred[20 * side + 32], Is.Zero);
    }

    [Test]
    public void A_removed_pixel_is_the_weighed_mean_of_its_neighbours()
    {
        float[] pixels = [1, 2, 3, 4, 99, 6, 7, 8, 9, .. Enumerable.Range(0, 18).Select(i => (float)i)];
        var removed = new bool[9];
        removed[4] = true;
        new NoisyLinearImputation(3, noise: 0).Fill(pixels, removed);
        // Diagonals 1/12, sides 1/6.
        Closeness.Near("middle", pixels[4], (1 + 3 + 7 + 9) / 12.0 + (2 + 4 + 6 + 8) / 6.0, 1e-6);
        Assert.That(pixels[..4], Is.EqualTo(new float[] { 1, 2, 3, 4 }), "the others stay");

        float[] corner = [99, 2, 3, 4];
        float[] picture = [.. corner, .. corner, .. corner];
        new NoisyLinearImputation(2, noise: 0).Fill(picture, [true, false, false, false]);
        // Two sides and a diagonal: 2·2 + 2·3 + 1·4 of 5.
        Assert.That(picture.Where((_, i) => i % 4 == 0), Is.All.EqualTo(2.8f).Within(1e-6));
    }

    /// <summary>What solves the equations is a mean of its neighbours everywhere: checked by putting it into
    /// them.</summary>
    [Test]
    public void A_removed_block_solves_the_equations_of_all_its_pixels()
    {
        float[] pixels = [.. Picture];
        bool[] removed = [.. Enumerable.Range(0, Plane).Select(i => i % Side < 9 && i / Side is > 2 and < 13)];
        new NoisyLinearImputation(Side, noise: 0).Fill(pixels, removed);
        var worst = 0.0;
        for (var i = 0; i < Plane; i++)
        {
            if (!removed[i])
                continue;
            double sum = 0, weights = 0;
            for (var dy = -1; dy <= 1; dy++)
            {
                for (var dx = -1; dx <= 1; dx++)
                {
                    int x = i % Side + dx, y = i / Side + dy;
                    if ((dx, dy) == (0, 0) || x < 0 || y < 0 || x >= Side || y >= Side)
                        continue;
                    var weight = dx * dy == 0 ? 2 : 1;
                    (sum, weights) = (sum + weight * pixels[y * Side + x], weights + weight);
                }
            }
            worst = Math.Max(worst, Math.Abs(pixels[i] - sum / weights));
        }
        Closeness.Within("residual", worst, 5e-5);
    }

    [Test]
    public void Noise_is_seeded_and_of_the_size_asked_for()
    {
        float[] one = [.. Picture], two = [.. Picture], other = [.. Picture], none = [.. Picture];
        bool[] removed = [.. Enumerable.Range(0, Plane).Select(i => i % 2 == 0)];
        new NoisyLinearImputation(Side, noise: 0.01).Fill(one, removed);
        new NoisyLinearImputation(Side, noise: 0.01).Fill(two, removed);
        new NoisyLinearImputation(Side, noise: 0.01, seed: 1).Fill(other, removed);
        new NoisyLinearImputation(Side, noise: 0).Fill(none, removed);
        Assert.That(two, Is.EqualTo(one));
        Assert.That(other, Is.Not.EqualTo(one));
        var squares = one.Zip(none, (a, b) => (double)(a - b) * (a - b)).Sum() / (3 * Plane / 2);
        Closeness.Near("deviation", Math.Sqrt(squares), 0.01, 0.002);
    }

    [Test]
    public void ROAD_orders_a_good_and_a_bad_map()
    {
        double good = Road.Of(Input(Good), Score), bad = Road.Of(Input(Bad), Score);
        Closeness.Near("the bad map is the good one turned", bad, -good, 0.25);
        Assert.That(good, Is.GreaterThan(0.3));
        Assert.That(Road.Of(Input(Good), Score), Is.EqualTo(good), "seeded");
    }

    [Test]
    public void Infidelity_is_zero_where_the_map_foretells_the_fall()
    {
        // The score is a sum over pixels, and the map the share of each: what a square takes away is the heat in it.
        float[] share = [.. Enumerable.Range(0, Plane).Select(
            i => IsObject(i) ? (Picture[i] + Picture[i + Plane] + Picture[i + 2 * Plane]) / 48 : 0)];
        var perfect = Infidelity.Of(Input(share), Score);
        Closeness.Within("perfect", perfect, 1e-12);
        Closeness.Within("another unit", Infidelity.Of(Input([.. share.Select(v => 1000 * v)]), Score), 1e-12);
        Assert.That(Infidelity.Of(Input(Bad), Score), Is.GreaterThan(0.01));
        // A map of zeros foretells nothing: the mean square of the falls, more than any map with the best factor.
        Assert.That(
            Infidelity.Of(Input(new float[Plane]), Score), Is.GreaterThanOrEqualTo(Infidelity.Of(Input(Bad), Score)));
    }

    [Test]
    public void Of_equal_heat_the_first_pixel_comes_first() =>
        Assert.That(new ModelInput([], 2, [1, 7, 1, 7]).HottestFirst(), Is.EqualTo(new[] { 1, 3, 0, 2 }));

    private static ModelInput Input(float[] heat) => new(Picture, Side, heat);

    private static double[] Score(ReadOnlySpan<float> pictures) => Each(
        pictures, 3 * Plane, p =>
            Enumerable.Range(0, 3 * Plane).Where(i => IsObject(i % Plane)).Sum(i => (double)p[i]) / 48);

    private static double[] Each(ReadOnlySpan<float> pictures, int size, Func<float[], double> score)
    {
        var scores = new double[pictures.Length / size];
        for (var i = 0; i < scores.Length; i++)
            scores[i] = score(pictures.Slice(i * size, size).ToArray());
        return scores;
    }
}
