using AmcEngine.Amc.Configuration;
using AmcEngine.Amc.Training;
using AmcEngine.Backends.Cpu;
using AmcEngine.Tests.Cli;
using AmcEngine.Tests.DataTools;
using NUnit.Framework;

namespace AmcEngine.Tests.Amc.Training;

/// <summary>Training on scenes that are annotated by regions of each kind, or in part, or not at all.</summary>
[TestFixture]
internal sealed class RegionTrainingTests : FolderTests
{
    private static readonly string[] OfRegions = ["amc_mean", "amc_max", "total"];

    private CpuBackend _backend = null!;

    [SetUp]
    public void Create() => _backend = new CpuBackend(threads: 1);

    [TearDown]
    public void Delete() => _backend.Dispose();

    [TestCase("polygon")]
    [TestCase("mask")]
    [TestCase("points")]
    [TestCase("scribble")]
    [TestCase("mixed")]
    public void Every_kind_of_region_trains(string kind)
    {
        var (box, other) = (Steps("region_kind=box"), Steps($"region_kind={kind}"));
        Assert.Multiple(() =>
        {
            Assert.That(other.SelectMany(s => s.Values).All(double.IsFinite));
            Assert.That(other[0]["amc_max"], Is.GreaterThan(0).And.Not.EqualTo(box[0]["amc_max"]), "another region");
            foreach (var name in box[0].Keys.Except(OfRegions))
                Assert.That(other[0][name], Is.EqualTo(box[0][name]), $"{name} does not look at regions");
            Assert.That(Steps($"region_kind={kind}")[1]["total"], Is.EqualTo(other[1]["total"]), "the same again");
        });
    }

    [Test]
    public void Samples_without_a_region_contribute_no_AMC()
    {
        var (all, none) = (Steps(), Steps("region_share=0"));
        Assert.Multiple(() =>
        {
            Assert.That((none[0]["amc_mean"], none[0]["amc_max"], none[1]["amc_max"]), Is.EqualTo((0.0, 0.0, 0.0)));
            foreach (var name in all[0].Keys.Except(OfRegions))
                Assert.That(none[0][name], Is.EqualTo(all[0][name]), name);
        });
    }

    [Test]
    public void Half_of_the_samples_with_a_region_have_a_loss_of_their_own()
    {
        // The mean is that of the samples with a region, another than that of all four.
        var (half, all) = (Steps("region_share=0.5"), Steps());
        Assert.That(half[0]["amc_max"], Is.GreaterThan(0).And.Not.EqualTo(all[0]["amc_max"]));
    }

    private List<Dictionary<string, double>> Steps(params string[] overrides)
    {
        var config = RunConfig.Load(_folder.Write("tiny.yaml", Amcx.TinyConfig), overrides);
        using var session = TrainingSession.Create(config, _backend);
        OptimizationStep step = new(session, traceNaN: false);
        return [.. Enumerable.Range(0, 2).Select(_ => step.Run().Losses.ToDictionary(l => l.Name, l => l.Value))];
    }
}
