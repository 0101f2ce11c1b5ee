using System.Text.Json.Nodes;
using AmcEngine.Amc.Configuration;
using AmcEngine.Amc.Data;
using AmcEngine.Amc.Training;
using AmcEngine.Diagnostics;
using AmcEngine.Memory;
using AmcEngine.Tests.Cli;
using AmcEngine.Tests.DataTools;
using NUnit.Framework;

namespace AmcEngine.Tests.Amc.Training;

/// <summary>What a training is allowed to take, and what it is told where that is not enough.</summary>
[TestFixture]
internal sealed class MemoryPlanTests : FolderTests
{
    private static readonly string[] Deep = ["vision_depth=8", "vision_width=64", "batch_size=16"];

    [Test]
    public void Auto_keeps_activations_where_they_fit_and_checkpoints_where_not([Values] bool ofHost)
    {
        long plain = Choose(null, ofHost, "none").Need, blocks = Choose(null, ofHost, "blocks").Need;
        Assert.That(blocks < 0.8 * plain, Is.True, $"{blocks} of {plain}");
        Assert.Multiple(() =>
        {
            Assert.That(Choose(plain, ofHost, "auto").Settings, Is.EqualTo(new MemorySettings(null, false)));
            Assert.That(Choose(blocks, ofHost, "auto").Settings, Is.EqualTo(new MemorySettings(null, true)));
            if (ofHost)
                Assert.That(Choose(plain - 1, ofHost, "auto").Settings, Is.EqualTo(new MemorySettings(null, true)));
            Assert.That(Choose(null, ofHost, "auto"),
                Is.EqualTo(new MemoryChoice(new MemorySettings(null, false), plain, null)));
        });
    }

    [Test]
    public void Auto_takes_the_largest_micro_batch_that_fits()
    {
        long whole = Choose(null, true, "none").Need, half = Need(8), quarter = Need(4), blocks = Choose(null, true,
            "blocks").Need, least = Choose(null, true, "blocks", "micro_batch=1").Need;
        Assert.That(new[] { whole, half, quarter }, Is.Ordered.Descending);
        Assert.Multiple(() =>
        {
            Assert.That(Choose(whole, true, "none", "micro_batch=auto").Settings.MicroBatch, Is.Null);
            Assert.That(Choose(whole - 1, true, "none", "micro_batch=auto").Settings.MicroBatch, Is.EqualTo(8));
            Assert.That(Choose(half - 1, true, "none", "micro_batch=auto").Settings.MicroBatch, Is.EqualTo(4));
            Assert.That(Choose(quarter - 1, true, "none", "micro_batch=auto").Settings.MicroBatch, Is.EqualTo(2));
            // The whole batch with blocks computed again costs less time than parts of it.
            Assert.That(Choose(blocks, true, "auto", "micro_batch=auto").Settings,
                Is.EqualTo(new MemorySettings(null, true)));
            Assert.That(Choose(blocks, true, "auto", "micro_batch=6").Settings.MicroBatch, Is.EqualTo(6));
            Assert.That(Choose(least, true, "auto", "micro_batch=auto").Settings,
                Is.EqualTo(new MemorySettings(1, true)));
        });

        long Need(int size) => Choose(null, true, "none", $"micro_batch={size}").Need;
    }

    [Test]
    public void What_does_not_fit_is_refused_with_what_does()
    {
        long blocks = Choose(null, true, "blocks").Need, least = Choose(null, true, "blocks", "micro_batch=1").Need,
            fewer = Choose(null, true, "blocks", "micro_batch=1", "batch_size=8").Need;
        Assert.That(() => Choose(blocks, true, "none"), Refuses("set checkpoint_activations: blocks, which needs"));
        foreach (var set in new[] { "none", "blocks", "auto" })
        {
            Assert.That(
                () => Choose(least, true, set), Refuses("set micro_batch: 1 and checkpoint_activations: blocks"));
            Assert.That(() => Choose(fewer, true, set), Refuses("set batch_size: 8, micro_batch: 1 and"));
        }
        Assert.That(() => Choose(1000, true, "auto"), Refuses("even 2 pairs do not fit"));

        static NUnit.Framework.Constraints.IResolveConstraint Refuses(string remedy) =>
            Throws.TypeOf<ConfigException>().With.Message.Contains("batch_size: 16 pairs a step need about")
                .And.Message.Contains(remedy);
    }

    [Test]
    public void The_need_of_very_large_batches_goes_on_as_it_grew()
    {
        long Need(int batch) => Choose(null, true, "none", $"batch_size={batch}", "queue_size=4096").Need;
        Assert.That(Need(2048) / (2.0 * Need(1024)), Is.InRange(0.97, 1.03));
    }

    [Test]
    public void Where_tensors_lie_in_the_memory_of_the_host_two_batches_count_as_well()
    {
        var config = RunConfig.Load(_folder.Write("tiny.yaml", Amcx.TinyConfig), Deep);
        using var dry = new DryBackend();
        var tensors = DryStep.Longest(
            config, DataSources.Tokenizer(config), dry, 16, new MemorySettings(null, false)).Touched;
        // Three colours and the mask of 16 pictures.
        Assert.That(Choose(null, ofHost: true, "none").Need - tensors,
            Is.EqualTo(2 * 4 * 16 * 32 * 32 * sizeof(float)));
    }

    [Test]
    public void Train_refuses_in_one_line_and_leaves_no_run()
    {
        var config = _folder.Write("tiny.yaml", Amcx.TinyConfig);
        var output = _folder.PathOf("run");
        var limit = (Choose(null, ofHost: false, "blocks").Need >> 20) + 1;
        var refused = Amcx.Run(["train", "--config", config, "--device", "cpu", "--output", output,
            "--memory-limit", $"{limit}", "--set", .. Deep]);
        Amcx.ExpectBadInput(refused, "set checkpoint_activations: blocks, which needs about");
        Assert.That(File.Exists(Path.Combine(output, "log.jsonl")), Is.False);
    }

    [Test]
    public void The_choice_stands_at_the_head_of_the_log_and_stays_there()
    {
        var config = _folder.Write("tiny.yaml", Amcx.TinyConfig);
        var output = _folder.PathOf("run");
        var first = Amcx.Run("train", "--config", config, "--device", "cpu", "--output", output, "--steps", "2",
            "--set", "checkpoint_activations=auto");
        Assert.That(first.Code, Is.Zero, first.Error);
        Assert.That(first.Out, Does.Contain("memory: checkpoint_activations: none: about "));
        var head = File.ReadLines(Path.Combine(output, "log.jsonl")).First();
        Assert.That(head, Does.StartWith("""{"kind":"memory","step":0,"checkpoint_activations":"none","micro_batch":4,"""));
        var again = Amcx.Run("train", "--resume", output, "--device", "cpu", "--steps", "3", "--set",
            "checkpoint_activations=blocks");
        Assert.That(again.Code, Is.Zero, again.Error);
        Assert.That(File.ReadLines(Path.Combine(output, "log.jsonl")).First(), Is.EqualTo(head));
    }

    [Test]
    public void A_dry_profile_says_whether_training_fits()
    {
        var config = _folder.Write("tiny.yaml", Amcx.TinyConfig);
        var fits = Amcx.Run("profile", "--config", config, "--device", "cpu", "--dry-run", "--batch", "8");
        Assert.That(fits.Code, Is.Zero, fits.Error);
        foreach (var part in new[] { "batch 8,", "optimizer state", "activations, vision encoder", "temporaries",
            "training with the longest texts: checkpoint_activations: none: about" })
            Assert.That(fits.Out, Does.Contain(part));
        var large = Amcx.Run(["profile", "--config", config, "--device", "cpu", "--dry-run", "--memory-limit", "1",
            "--set", .. Deep]);
        Assert.That(large.Code, Is.Zero, large.Error);
        Assert.That(large.Out, Does.Contain("training would refuse: "));
    }

    [Test]
    public void A_dry_profile_of_one_of_several_ranks_has_its_part_of_batch_and_optimizer()
    {
        string[] command =
        [
            "profile", "--config", _folder.Write("tiny.yaml", Amcx.TinyConfig), "--device", "cpu", "--dry-run",
            "--json",
        ];
        var (alone, plain) = (Profile(), Profile("--ranks", "2"));
        var shared = Profile("--ranks", "2", "--set", "shard_optimizer=true");
        long State(JsonNode p) => (long)p["memory"]!["optimizer state"]!;
        Assert.That(new[] { alone, plain, shared }.Select(p => ((int)p["batch_size"]!, (int)p["ranks"]!)),
            Is.EqualTo(new[] { (4, 1), (2, 2), (2, 2) }));
        Assert.That(State(plain), Is.EqualTo(State(alone)));
        Assert.That(State(shared) / (double)State(alone), Is.InRange(0.45, 0.55));
        Amcx.ExpectBadInput(Amcx.Run([.. command, "--ranks", "3"]), "--ranks 3", "batch_size 4");
        Amcx.ExpectBadInput(Amcx.Run([.. command.Where(c => c != "--dry-run"), "--ranks", "2"]), "--dry-run");

        JsonNode Profile(params string[] more)
        {
            var answer = Amcx.Run([.. command, .. more]);
            Assert.That(answer.Code, Is.Zero, answer.Error);
            return JsonNode.Parse(answer.Out)!;
        }
    }

    [Test]
    public void What_is_available_is_the_least_that_machine_and_groups_allow()
    {
        Put("proc/meminfo", "MemTotal:       8000 kB\nMemAvailable:      5000 kB\n");
        Assert.That(AvailableMemory.Bytes(_folder.Path), Is.EqualTo(5000 * 1024));
        Put("proc/self/cgroup", "4:cpu,memory:/a/b\n1:cpu:/\n0::/\n");
        Group("sys/fs/cgroup/memory/a/b", "9223372036854771712", "100", 0);
        Group("sys/fs/cgroup/memory/a", "4000000", "1000000", 500000);
        Assert.That(AvailableMemory.Bytes(_folder.Path), Is.EqualTo(3500000));
        Put("proc/self/cgroup", "0::/slice/unit\n");
        Put("sys/fs/cgroup/slice/unit/memory.max", "max\n");
        Put("sys/fs/cgroup/slice/memory.max", "3000000\n");
        Put("sys/fs/cgroup/slice/memory.current", "1000000\n");
        Put("sys/fs/cgroup/slice/memory.stat", "anon 5\ninactive_file 250000\n");
        Assert.That(AvailableMemory.Bytes(_folder.Path), Is.EqualTo(2250000));
        Assert.That(AvailableMemory.Bytes(_folder.PathOf("nothing")), Is.Null);

        void Group(string at, string limit, string usage, int cache)
        {
            Put($"{at}/memory.limit_in_bytes", limit + "\n");
            Put($"{at}/memory.usage_in_bytes", usage + "\n");
            Put($"{at}/memory.stat", $"cache 1\ntotal_inactive_file {cache}\n");
        }

        void Put(string name, string text)
        {
            Directory.CreateDirectory(Path.GetDirectoryName(_folder.PathOf(name))!);
            _folder.Write(name, text);
        }
    }

    private MemoryChoice Choose(long? available, bool ofHost, string set, params string[] more)
    {
        var config = RunConfig.Load(
            _folder.Write("tiny.yaml", Amcx.TinyConfig), [.. Deep, $"checkpoint_activations={set}", .. more]);
        return new MemoryPlan(config, DataSources.Tokenizer(config), available, ofHost).Choose();
    }
}
