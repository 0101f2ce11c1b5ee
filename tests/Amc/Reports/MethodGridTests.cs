using AmcEngine.Amc.Drawing;
using AmcEngine.Amc.Evaluation.Game;
using AmcEngine.Amc.Evaluation.Results;
using AmcEngine.Amc.Explanation.Methods;
using AmcEngine.Amc.Maps;
using AmcEngine.Amc.Reports;
using AmcEngine.DataTools;
using AmcEngine.Tests.Amc.Evaluation.Explainers;
using AmcEngine.Tests.DataTools;
using NUnit.Framework;

namespace AmcEngine.Tests.Amc.Reports;

[TestFixture]
internal sealed class MethodGridTests
{
    /// <summary>
    /// A column a method, in their order: the first points right, the second wrong, the third nowhere.
    /// </summary>
    [Test]
    public void Each_method_has_the_column_below_its_name()
    {
        using var folder = new TempFolder();
        var path = folder.PathOf("grid.png");
        EvaluationSample sample = new(new RgbImage(40, 40), "a thing", [new Box(0, 0, 20, 20)]);
        MethodGrid.Save(path, [Of(new GradCamMethod(), 1, 0, 0, 0), Of(new Rollout(), 0, 0, 0, 1),
            Of(new Rise(), 1, 1, 1, 1)], new StubQuestions(sample), "test");
        var grid = RgbImage.Load(path);
        Assert.That((grid.Width, grid.Height), Is.EqualTo((24 + 3 * 172 + 160 + 24, 140 + 28 + 160 + 12 + 92)));
        Assert.That(Enumerable.Range(0, 4).Select(c => Spots(grid, c, Sheet.Hit.Green, 1)),
            Is.EqualTo(new[] { false, true, false, false }), "hits");
        Assert.That(Enumerable.Range(0, 4).Select(c => Spots(grid, c, Sheet.Miss.Red, 0)),
            Is.EqualTo(new[] { false, false, true, false }), "misses");

        MethodResult Of(IExplanationMethod method, params float[] map) =>
            new(method, new PointingResult(0.5, 0.1, 1, 0),
                [new PointingAnswer(0, sample, new PatchMap(2, map), null, false, 0) { Chance = 0.1 }]);
    }

    // Whether a column of the first row has pixels of a mark's full colour.
    private static bool Spots(RgbImage grid, int column, byte value, int channel)
    {
        var mark = channel == 1 ? Sheet.Hit : Sheet.Miss;
        for (var y = 168; y < 328; y++)
        {
            for (var x = 24 + column * 172; x < 24 + column * 172 + 160; x++)
            {
                ReadOnlySpan<byte> pixel = grid.Pixels.AsSpan((y * grid.Width + x) * 3, 3);
                if (pixel[channel] == value && pixel[0] == mark.Red && pixel[2] == mark.Blue)
                    return true;
            }
        }
        return false;
    }
}
