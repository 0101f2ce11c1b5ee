using System.Text.Json.Nodes;
using AmcEngine.Amc.Configuration;
using AmcEngine.Amc.Data;
using AmcEngine.Amc.Profiling;
using AmcEngine.Amc.Training;
using AmcEngine.Bench.Scaling;
using AmcEngine.Tests.DataTools;
using AmcEngine.Tests.Engine;
using NUnit.Framework;

namespace AmcEngine.Tests.Bench.Scaling;

/// <summary>What is counted of a training step, and what a study makes of it.</summary>
[TestFixture]
internal sealed class ScalingStudyTests
{
    private static readonly string Scenes = Path.Combine(GoldenFiles.Root, "configs", "scenes.yaml");

    private const double Plenty = 80e9;

    [Test]
    public void A_workload_is_the_step_that_training_does()
    {
        var times = KernelTimes.Load(null, Cluster.H100);
        var work = new WorkloadSource(Scenes, Plenty, times).Of(8);
        var config = RunConfig.Load(Scenes, ["batch_size=8"]);
        var profile = DryProfile.Of(config, DataSources.Tokenizer(config), new MemorySettings(null, false));
        Assert.Multiple(() =>
        {
            // Each begins at a multiple of 64 bytes, and a number a rank stands behind it.
            Assert.That(work.GradientBytes - 4.0 * profile.WeightCount, Is.InRange(0, 72 * work.Gradients.Count),
                "each weight's gradient is exchanged once");
            Assert.That(work.Flop, Is.EqualTo(profile.Memory.Flop), "one step is counted");
            Assert.That(work.Gradients.All(g => g.Seconds > 0 && g.Seconds <= work.SharedBackward), Is.True);
            Assert.That(work.SharedBackward > work.Backward, Is.True, "gradients are packed");
            Assert.That(work.Backward / work.Forward, Is.InRange(1, 4));
            Assert.That(work.Update > 0 && work.Check > 0 && work.Alone > work.Forward + work.Backward, Is.True);
            Assert.That(work.SharedUpdate < work.Update, Is.True, "the averages are left out");
            Assert.That(work.SharedUpdate + work.AveragesAlone > work.Update, Is.True, "two passes are longer");
        });
    }

    // By parts a gradient is complete when the last part has added to it.
    [Test]
    public void Gradients_are_complete_on_the_way_and_later_where_memory_is_saved_by_parts()
    {
        var times = KernelTimes.Load(null, Cluster.H100);
        var whole = new WorkloadSource(Scenes, Plenty, times).Of(16);
        var parts = new WorkloadSource(Scenes, Plenty, times, "micro_batch=4").Of(16);
        Assert.That(parts.Settings, Does.Contain("micro_batch: 4"));
        Assert.That(Middle(whole), Is.InRange(0.2, 0.8));
        Assert.That(Middle(parts) > Middle(whole), Is.True);

        static double Middle(StepWorkload work) =>
            work.Gradients[work.Gradients.Count / 2].Seconds / work.SharedBackward;
    }

    [Test]
    public void Efficiency_is_pairs_a_second_and_gpu_beside_those_of_one()
    {
        var study = Study(new ScalingOptions { Gpus = 4, Batch = 8, Global = 32, Steps = 3 }, Slow);
        var weak = study.Weak.Points;
        Assert.That(weak.Select(p => (p.Gpus, p.Work.Batch)), Is.EqualTo(new[] { (1, 8), (2, 8), (4, 8) }));
        Closeness.Near("weak", weak[2].Efficiency, weak[0].Step.Seconds / weak[2].Step.Seconds, 1e-12);
        var strong = study.Strong.Points;
        Assert.That(strong.Select(p => (p.Gpus, p.Work.Batch)), Is.EqualTo(new[] { (1, 32), (2, 16), (4, 8) }));
        Closeness.Near(
            "strong", strong[2].Efficiency, strong[0].Step.Seconds / (4 * strong[2].Step.Seconds), 1e-12);
    }

    [Test]
    public void Where_efficiency_is_below_the_bar_changes_are_tried_and_those_that_help_are_named()
    {
        var study = Study(new ScalingOptions { Gpus = 2, Batch = 8, Global = 32, Steps = 3 }, Slow);
        Assert.That(study.Weak.Remedies.Keys, Is.EqualTo(new[] { 2 }));
        var best = study.Weak.Remedies[2][0];
        Assert.That(best.Name, Is.EqualTo("32 pairs a GPU"), "a larger batch has the same gradients");
        Assert.That(study.Weak.Remedies[2].All(r => r.Efficiency > study.Weak.Points[1].Efficiency), Is.True);
        Assert.That(Study(new ScalingOptions { Gpus = 2, Batch = 8, Steps = 3 }, Cluster.H100).Weak.Remedies, Is.Empty);
    }

    // Too few pairs for negatives of a rank's own.
    [TestCase(16, 12)]
    [TestCase(8, 8)]
    public void A_batch_is_never_cut_below_two_pairs(int gpus, int global) => Assert.That(
        Study(new ScalingOptions { Gpus = gpus, Batch = 8, Global = global, Steps = 1 }, Cluster.H100)
            .Strong.Points.Select(p => p.Gpus), Is.EqualTo(new[] { 1, 2, 4 }));

    [Test]
    public void The_command_writes_a_table_and_all_numbers()
    {
        using var folder = new TempFolder();
        var (json, file) = (folder.PathOf("all.json"), folder.PathOf("report.md"));
        using var output = new StringWriter();
        var code = ScalingCommand.Run(["--config", Scenes, "--gpus", "16", "--batch", "4", "--global", "32", "--steps",
            "2", "--set", "network_bytes=1e8", "jitter=0", "--json", json, "--out", file], output);
        Assert.That(code, Is.Zero);
        var text = output.ToString();
        Assert.That(text, Is.EqualTo(File.ReadAllText(file)));
        Assert.That(text, Does.StartWith("# Data-parallel training, simulated\n")
            .And.Contain("network_bytes 100000000,").And.Contain("## 4 pairs a GPU (weak)")
            .And.Contain("## 32 pairs in all (strong)")
            .And.Contain("- 16 GPUs are below 90 %: "));
        var all = JsonNode.Parse(File.ReadAllText(json))!;
        Assert.That((bool)all["simulated"]!, Is.True);
        Assert.That(all["weak"]!["points"]!.AsArray().Select(p => (int)p!["gpus"]!),
            Is.EqualTo(new[] { 1, 2, 4, 8, 16 }));
    }

    // A link that takes as long as the step of 8 pairs; a step's time is its pairs.
    private static readonly Cluster Slow = Cluster.H100 with { NvlinkBytes = 1e3, SampleMilliseconds = 0 };

    private static ScalingStudy Study(ScalingOptions options, Cluster cluster) =>
        ScalingStudy.Run(options, cluster, batch => new StepWorkload
        {
            Batch = batch,
            Forward = batch,
            Backward = 2 * batch,
            SharedBackward = 2 * batch,
            Gradients = [new ReadyGradient(batch, 2e4)],
        });
}
