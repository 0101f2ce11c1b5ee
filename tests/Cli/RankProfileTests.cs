using System.Text.Json.Nodes;
using AmcEngine.Amc.CommandLine;
using AmcEngine.Tests.DataTools;
using AmcEngine.Tests.Engine;
using NUnit.Framework;

namespace AmcEngine.Tests.Cli;

/// <summary>Profiles of ranks that share each step, as threads; <see cref="MpiProfileTests"/> has processes.</summary>
[TestFixture]
internal sealed class RankProfileTests : FolderTests
{
    private string _config = "";

    [SetUp]
    public void WriteConfig() => _config = _folder.Write("tiny.yaml", Amcx.TinyConfig);

    [Test]
    public void It_tells_what_each_rank_exchanges_and_what_of_it_is_hidden([Values] bool shards)
    {
        var answer = RankedAmcx.Profile(2, _ => Options(json: true, $"shard_optimizer={(shards ? "true" : "false")}"));
        Assert.That(answer.Codes, Is.All.Zero, answer.Error);
        var p = JsonNode.Parse(answer.Out)!;
        var weights = (long)p["weights"]!;
        var state = (long)p["memory"]!["optimizer_state"]!;
        Assert.That(state / (8.0 * weights), shards ? Is.InRange(0.4, 0.6) : Is.InRange(1, 1.1));
        var communication = p["communication"]!;
        var ranks = communication["ranks"]!.AsArray();
        Assert.That(ranks.Select(r => (int)r!["rank"]!), Is.EqualTo(new[] { 0, 1 }));
        foreach (var rank in ranks)
        {
            // Each step: all gradients, and with shares all weights, features for the queue, meetings.
            var kinds = rank!["kinds"]!.AsObject();
            string[] expected = ["gradients", "gathered rows", "meetings"];
            Assert.That(kinds.Select(k => k.Key), Is.EquivalentTo(shards ? [.. expected, "weights"] : expected));
            foreach (var kind in expected.Take(1).Concat(shards ? ["weights"] : []))
                Assert.That((double)kinds[kind]!["bytes"]! / (4.0 * weights), Is.InRange(1, 1.2), kind);
            foreach (var use in kinds.Select(k => k.Value!).Append(rank))
            {
                Assert.That((double)use["hidden_seconds"]! + (double)use["exposed_seconds"]!,
                    Is.EqualTo((double)use["seconds"]!).Within(1e-9));
                Closeness.Within("exposed beyond what was waited",
                    Math.Max(0, (double)use["exposed_seconds"]! - (double)use["waited_seconds"]!), 1e-9);
            }
            Assert.That((double)rank["own_seconds"]! + (double)rank["waited_seconds"]!,
                Is.EqualTo((double)rank["step_seconds"]!).Within(1e-9));
            Assert.That(kinds.Sum(k => (double)k.Value!["calls"]!),
                Is.EqualTo((double)rank["calls"]!).Within(1e-9));
        }
        Assert.That((int)communication["slowest_rank"]!,
            Is.EqualTo((int)ranks.MaxBy(r => (double)r!["own_seconds"]!)!["rank"]!));
    }

    [Test]
    public void People_get_tables()
    {
        var answer = RankedAmcx.Profile(2, _ => Options(json: false));
        Assert.That(answer.Codes, Is.All.Zero, answer.Error);
        foreach (var part in new[] { "communication of 2 ranks", "hidden behind computing", "gradients", "exposed ms" })
            Assert.That(answer.Out, Does.Contain(part));
        Assert.That(answer.Out.Split("step: median"), Has.Length.EqualTo(2), "one rank speaks");
    }

    [Test]
    public void Ranks_that_would_not_do_the_same_steps_end_with_one_line()
    {
        var steps = RankedAmcx.Profile(2, rank =>
        {
            var options = Options(json: false);
            options.Steps += rank;
            return options;
        });
        Assert.That(steps.Codes, Is.All.EqualTo(2));
        Assert.That(steps.Errors, Has.Length.EqualTo(1));
        Assert.That(steps.Errors[0], Does.Contain("--steps: is 2 on rank 1 and 1 on rank 0"));
        var shares = RankedAmcx.Profile(3, _ => Options(json: false));
        Assert.That(shares.Codes, Is.All.EqualTo(2));
        Assert.That(shares.Errors, Has.Length.EqualTo(1));
        Assert.That(shares.Errors[0], Does.Contain("batch_size: 4 pairs"));
    }

    private ProfileOptions Options(bool json, params string[] set) => new()
    {
        Config = _config,
        Device = "cpu",
        Threads = 1,
        Steps = 1,
        Warmup = 1,
        Json = json,
        Set = set,
    };
}
