using AmcEngine.DataTools;
using NUnit.Framework;

namespace AmcEngine.Tests.DataTools;

/// <summary>How generated scenes are annotated by regions of each kind.</summary>
[TestFixture]
internal sealed class SceneRegionTests : FolderTests
{
    private const int Many = 200;

    private static readonly ShapeScenes Scenes = new(64);

    [TestCaseSource(typeof(ShapeScenesTests), nameof(ShapeScenesTests.AreaShares))]
    public void Outlines_and_pixels_have_the_area_that_geometry_says(object kind, double share)
    {
        ShapeItem item = new((ShapeKind)kind, 0, true, 29, 9, 30);
        Region outline = ShapeOutlines.Region(item), pixels = ShapeRasterizer.Pixels(item, 64);
        Assert.Multiple(() =>
        {
            // A circle's 32 corners leave half a hundredth out.
            Assert.That(outline.Area / (29 * 29), Is.EqualTo(share).Within(0.01));
            Assert.That(pixels.Area / (29 * 29), Is.EqualTo(share).Within(0.04), "whole pixels only");
            Assert.That(
                outline.Bounds is { X1: >= 9 and < 11, Y1: >= 30 and < 32, X2: > 36 and <= 38, Y2: > 56 and <= 59 });
            Region[] parts = outline is CompoundRegion several ? [.. several.Parts] : [outline];
            Assert.That(parts.All(p => p is Polygon { IsSimple: true }));
            float[] drawn = outline.Rasterize(64, 64).Values, own = pixels.Rasterize(64, 64).Values;
            Assert.That(drawn.Where((v, i) => v != own[i]).Count(), Is.LessThan(30), "few along the edge differ");
        });
    }

    [Test]
    public void The_hole_of_a_ring_is_not_in_it()
    {
        var ring = ShapeOutlines.Region(new ShapeItem(ShapeKind.Ring, 0, true, 20, 10, 10));
        Assert.That(ring.Contains(20, 20, Edges.Inclusive), Is.False);
        Assert.That(ring.Contains(12, 20.5, Edges.Strict) && ring.Contains(28, 19.5, Edges.Strict));
    }

    [Test]
    public void Points_and_scribbles_lie_in_their_item_and_come_again()
    {
        for (var i = 0; i < Many; i++)
        {
            var scene = Scenes.Render(5, SceneSplit.Train, i);
            var pixels = scene.Item().Pixels;
            Assert.That(Box.Around([pixels.Bounds, scene.Box]), Is.EqualTo(scene.Box), "within the box");
            var points = (Points)Of(scene, SceneRegionKind.Points, i);
            Assert.That(points.Centers.All(c => pixels.IsSet((int)c.X, (int)c.Y)), $"points of scene {i}");
            var scribble = (Scribble)Of(scene, SceneRegionKind.Scribble, i);
            Assert.That(scribble.Points.All(p => pixels.IsSet((int)p.X, (int)p.Y)), $"scribble of scene {i}");
            Assert.That((points.Radius, scribble.Width), Is.EqualTo((1.5, 3.0)));
            Assert.That(Of(Scenes.Render(5, SceneSplit.Train, i), SceneRegionKind.Scribble, i), Is.EqualTo(scribble));
        }
    }

    [Test]
    public void Mixed_takes_all_kinds_and_a_share_leaves_some_scenes_without()
    {
        var regions = Enumerable.Range(0, Many).Select(
            i => Of(Scenes.Render(5, SceneSplit.Train, i), SceneRegionKind.Mixed, i));
        string[] kinds = [.. regions.Select(r => r.Kind)],
            all = ["box", "polygon", "union", "mask", "points", "scribble"];
        // A ring's outline is a union.
        Assert.That(kinds.Distinct(), Is.EquivalentTo(all));
        Assert.That(kinds.CountBy(k => k == "union" ? "polygon" : k).Select(k => k.Value), Has.All.InRange(25, 58));
        var scene = Scenes.Render(5, SceneSplit.Train, 0);
        bool[] half = [.. Enumerable.Range(0, 1000).Select(i => Shared(scene, SceneRegionKind.Box, 0.5, i).Count == 1)];
        Assert.That(half.Count(h => h), Is.InRange(440, 560));
        Assert.That(Shared(scene, SceneRegionKind.Box, 0, 3), Is.Empty);
        var kept = Array.IndexOf(half, true);
        Assert.That(Shared(scene, SceneRegionKind.Points, 0.5, kept).Single(),
            Is.EqualTo(Of(scene, SceneRegionKind.Points, kept)), "the share does not move the points");
    }

    [TestCase(SceneRegionKind.Box)]
    [TestCase(SceneRegionKind.Polygon)]
    [TestCase(SceneRegionKind.Mask)]
    [TestCase(SceneRegionKind.Points)]
    [TestCase(SceneRegionKind.Scribble)]
    [TestCase(SceneRegionKind.Mixed)]
    public void Exported_regions_train_as_generated_ones_do(SceneRegionKind kind)
    {
        SceneExporter.Export(Scenes, _folder.Path, 6, 7, SceneSplit.Train, SceneFormat.Png, kind);
        AnnotationDatasetOptions options = new() { ImageSize = 64, Augmentation = AugmentationOptions.None };
        AnnotationDataset read = new([_folder.PathOf(SceneExporter.RegionFileName)], _folder.Path, options);
        SceneDataset made = new(Scenes, new SceneDatasetOptions { Count = 6, Seed = 7, Regions = kind });
        for (var i = 0; i < 6; i++)
        {
            Assert.That(read.Get(i, 1, 0).Mask, Is.EqualTo(made.Get(i, 1, 0).Mask), $"scene {i}");
            Assert.That(made.Get(i, 1, 0).Mask, Has.Some.EqualTo(1f));
        }
        var reference = AnnotationFile.Load(_folder.PathOf(SceneExporter.AnnotationFileName));
        Assert.That(reference.All(a => a.Regions[0] is Box), "the reference's file stays");
        Assert.That(new SceneEvaluationSet(Scenes, 3).All(q => q.Regions.Single() is Box), "as do test scenes");
    }

    [Test]
    public void The_hull_of_pixels_is_that_of_their_squares()
    {
        // Three pixels: (1, 0), (0, 1) and (2, 1).
        MaskPicture pixels = new(4, 2, [0, 255, 0, 0, 255, 0, 255, 0]);
        var hull = ConvexHull.Of(pixels);
        Assert.That(hull.Points, Is.EquivalentTo(((double, double)[])[(0, 1), (1, 0), (2, 0), (3, 1), (3, 2), (0, 2)]));
        Assert.That((hull.Area, hull.IsSimple), Is.EqualTo((5.0, true)));
    }

    private static Region Of(Scene scene, SceneRegionKind kind, long number) => Shared(scene, kind, 1, number).Single();

    private static IReadOnlyList<Region> Shared(Scene scene, SceneRegionKind kind, double share, long number) =>
        SceneRegions.Of(scene, kind, share, 5, SceneSplit.Train, number);
}
