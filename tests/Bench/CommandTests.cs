using AmcEngine.Bench;
using AmcEngine.Bench.Harness;
using NUnit.Framework;

namespace AmcEngine.Tests.Bench;

/// <summary>Arguments of the benchmark program: what is wrong is one line, before anything is measured.</summary>
[TestFixture]
internal sealed class CommandTests
{
    [TestCase("gemmm", "unknown command \"gemmm\"")]
    [TestCase("gemm --thread 2", "unknown option --thread")]
    [TestCase("gemm --threads 100000", "--threads 100000")]
    [TestCase("gemm --threads two", "--threads has a value of the wrong type")]
    [TestCase("gemm --rounds", "--rounds needs a value")]
    [TestCase("gemm --rounds --quick", "--rounds needs a value")]
    [TestCase("gemm --rounds 0", "--rounds 0")]
    [TestCase("gemm --dtype f16", "--dtype f16")]
    [TestCase("gemm fast", "\"fast\" is not understood")]
    [TestCase("attention --rounds 3", "unknown option --rounds")]
    [TestCase("step --config nowhere.yaml", "nowhere.yaml: no such file")]
    [TestCase("step --steps 0", "--steps 0")]
    [TestCase("step --peer tensorflow", "--peer tensorflow: use torch or torch-plain")]
    [TestCase("step --python python3", "--python python3: is for --peer")]
    [TestCase("attention --order 3", "--order 3: use 1 or 2")]
    [TestCase("attention --python x", "--python is for --order 2")]
    [TestCase("attention --order 2 --keys 0", "--keys 0: at least 1")]
    [TestCase("memory --kernel gemm", "--kernel gemm: no such kernel; they are add, ")]
    [TestCase("collectives --ranks 1", "--ranks 1: at least 2")]
    [TestCase("collectives --rounds 0", "--rounds 0: at least 1")]
    [TestCase("collectives-run", "internal use")]
    [TestCase("ops many", "ops many")]
    [TestCase("ops 1 2", "ops 1 2")]
    [TestCase("scaling --cluster h300", "--cluster h300: no such file; give h100, h200 or a JSON file")]
    [TestCase("scaling --set nvlink_byte=1", "unknown figure \"nvlink_byte\"; they are name, gpus_per_node, ")]
    [TestCase("scaling --set jitter", "--set jitter: give figure=value")]
    [TestCase("scaling --set jitter=much", "--set jitter=much: not a number")]
    [TestCase("scaling --set jitter=-1", "jitter -1: must be at least 0")]
    [TestCase("scaling --set gpus_per_node=0", "gpus_per_node 0: must be above 0")]
    [TestCase("scaling --set gpus_per_node=1.5", "wrong type (gpus_per_node)")]
    [TestCase("scaling --set network_share=1.1", "network_share 1.1: a share is at most 1")]
    [TestCase("scaling --set overlap_loss=1", "overlap_loss 1: kernels would stand still")]
    [TestCase("scaling --batch 1", "--batch 1: at least 2")]
    [TestCase("scaling --gpus 0", "--gpus 0: 1 to ")]
    [TestCase("scaling --algorithm star", "--algorithm star: use one of auto, ring, tree, hierarchical")]
    [TestCase("scaling --contrast none", "--contrast none: use local or global")]
    [TestCase("scaling --config nowhere.yaml", "--config nowhere.yaml: no such file")]
    [TestCase("scaling --bucket 0", "--bucket 0: must be above 0")]
    [TestCase("scaling fast", "\"fast\" is not understood")]
    [TestCase("gemm-contender", "internal use")]
    [TestCase("step-run", "internal use")]
    [TestCase("attention-run fast 1", "internal use")]
    public void Wrong_arguments_are_named_in_one_line(string line, string expected)
    {
        var error = Assert.Throws<ArgumentsException>(() => Program.Run(line.Split(' ')))!;
        Assert.That(error.Message, Does.StartWith("bench").And.Contain(expected).And.Not.Contain("\n"));
    }

    [Test]
    public void Help_names_every_command()
    {
        var lines = Usage.Text.Split('\n');
        foreach (var command in new[] { "gemm", "attention", "step", "peers", "memory", "peaks", "quick", "ops",
            "suites", "pipeline", "vg-files", "scaling", "gpu", "collectives", "collectives-check", "help" })
            Assert.That(lines.Any(l => l.StartsWith($"  {command} ", StringComparison.Ordinal)), Is.True, command);
    }

    [Test]
    public void Threads_are_one_and_all_or_as_asked()
    {
        Assert.That(new TableOptions().ThreadCounts, Is.EqualTo(new[] { 1, Environment.ProcessorCount }.Distinct()));
        Assert.That(CommandArguments.Parse<TableOptions>("x", ["--threads", "1", "--quick"]).ThreadCounts,
            Is.EqualTo(new[] { 1 }));
    }
}
