using System.Text.Json.Nodes;
using AmcEngine.Amc.Runs;
using AmcEngine.Tests.DataTools;
using AmcEngine.Tests.Engine;
using AmcEngine.Tests.Engine.Collectives;
using NUnit.Framework;

namespace AmcEngine.Tests.Cli;

/// <summary>What processes exchange in a step, and that they need not each keep the optimizer's state.</summary>
[TestFixture]
[Platform(Exclude = "Win")]
internal sealed class MpiProfileTests : FolderTests
{
    private string _config = "";

    [SetUp]
    public void WriteConfig() => _config = _folder.Write("tiny.yaml", Amcx.TinyConfig);

    [Test]
    public void Data_of_processes_have_a_way_that_is_measured(
        [ValueSource(typeof(MpiJob), nameof(MpiJob.Launchers))] string launcher)
    {
        var answer = Run(launcher, "profile", "--config", _config, "--device", "cpu", "--steps", "2", "--warmup", "1",
            "--json", "--set", "shard_optimizer=true");
        Assert.That(answer.Code, Is.Zero, answer.Error);
        foreach (var rank in JsonNode.Parse(answer.Out)!["communication"]!["ranks"]!.AsArray())
        {
            var kinds = rank!["kinds"]!.AsObject();
            foreach (var kind in new[] { "gradients", "weights", "gathered rows" })
            {
                var use = kinds[kind]!;
                Assert.That((double)use["seconds"]!, Is.Positive, kind);
                Assert.That((double)use["hidden_seconds"]!, Is.GreaterThanOrEqualTo(0), kind);
                Closeness.Within($"{kind}: exposed beyond what was waited",
                    Math.Max(0, (double)use["exposed_seconds"]! - (double)use["waited_seconds"]!), 1e-6);
            }
            Assert.That((double)rank["own_seconds"]!, Is.Positive);
        }
    }

    [Test]
    public void Two_processes_with_a_part_of_the_optimizer_each_train_to_the_same_bits()
    {
        byte[] Train(string shards)
        {
            var run = _folder.PathOf(shards);
            var answer = Run(MpiJob.Launchers[0], "train", "--config", _config, "--output", run, "--steps", "3",
                "--set", "eval_every=100", $"shard_optimizer={shards}");
            Assert.That(answer.Code, Is.Zero, answer.Error);
            return File.ReadAllBytes(Path.Combine(CheckpointLayout.Last(run), CheckpointLayout.Moments));
        }

        Assert.That(Train("true"), Is.EqualTo(Train("false")));
    }

    private static Answer Run(string launcher, params string[] args) => MpiJob.Run(launcher, 2,
        new Dictionary<string, string>(),
        ["dotnet", Path.Combine(AppContext.BaseDirectory, "amcx.dll"), .. args, "--threads", "1"]);
}
