using System.Text;
using AmcEngine.Amc.Configuration;
using AmcEngine.Serialization;
using AmcEngine.Tests.DataTools;
using NUnit.Framework;

namespace AmcEngine.Tests.Amc.Configuration;

/// <summary>YAML as people write it: merged sections, other encodings, and files that are broken or hostile.</summary>
[TestFixture]
internal sealed class YamlTests : FolderTests
{
    [Test]
    public void A_merged_section_fills_what_the_section_leaves_out()
    {
        var config = Sample("merge.yaml");
        Assert.That((config.Text("optimizer.opt"), config.Real("optimizer.lr"), config.Real("optimizer.weight_decay")),
            Is.EqualTo(("adamW", 1e-3, 0.02)));
        Assert.That(Sample("merge2.yaml").Integer("schedular.warmup_steps"), Is.EqualTo(100));
    }

    [TestCase("optimizer: {<<: {lr: 0.1, weight_decay: 0.5}, lr: 0.2}", 0.2, 0.5,
        TestName = "What the section says itself wins")]
    [TestCase("optimizer: {lr: 0.2, <<: {lr: 0.1, weight_decay: 0.5}}", 0.2, 0.5,
        TestName = "Wherever the merge stands")]
    [TestCase("a: &a {lr: 0.1}\nb: &b {lr: 0.2, weight_decay: 0.3}\noptimizer: {<<: [*a, *b]}", 0.1, 0.3,
        TestName = "Of several sections the first wins")]
    [TestCase("a: &a {weight_decay: 0.4}\nb: &b {<<: *a, lr: 0.3}\noptimizer: {<<: *b}", 0.3, 0.4,
        TestName = "A merged section may merge")]
    [TestCase("all: &all\n  optimizer: {lr: 0.3}\n<<: *all", 0.3, 0.02, TestName = "Whole sections merge at the top")]
    [TestCase("settings:\n  fast: &fast {lr: 0.3}\n  slow: {lr: 0.1}\noptimizer: *fast", 0.3, 0.02,
        TestName = "An alias without a merge, its anchor within a section of settings")]
    public void Merges(string yaml, double rate, double decay)
    {
        var config = Load(yaml);
        Assert.That((config.Real("optimizer.lr"), config.Real("optimizer.weight_decay")), Is.EqualTo((rate, decay)));
    }

    [TestCase("shared: &s {lr: 1}\n", "line 1", "\"shared\"",
        TestName = "An anchor that nothing uses excuses no unknown key")]
    [TestCase("optimiser: &o {lr: 0.1}\noptimizer: *o\n", "line 1", "\"optimiser\"", "\"optimizer\"",
        TestName = "An anchor excuses no misspelt key")]
    [TestCase("s: &s {lrr: 1}\noptimizer: {<<: *s}\n", "line 1", "\"optimizer.lrr\"",
        TestName = "A merged key is checked where it stands")]
    [TestCase("optimizer: {<<: 3}\n", "line 1", "\"<<\"", "found 3", TestName = "A number cannot be merged")]
    [TestCase("optimizer: {<<: *gone}\n", "line 1", "*gone", TestName = "An alias without its anchor")]
    [TestCase("a: &a {<<: *a}\noptimizer: *a\n", "line 1", "*a", TestName = "An anchor within itself")]
    [TestCase("seed: 1\nseed: 2\n", "line 2", "\"seed\"", "twice", TestName = "A key twice")]
    [TestCase("optimizer:\n  <<: {lr: 1}\n  <<: {lr: 2}\n", "line 3", "\"<<\"", "twice", TestName = "A merge twice")]
    [TestCase("? [a, b]\n: 1\n", "line 1", "a key", TestName = "A list as a key")]
    [TestCase("seed: !env SEED\n", "line 1", "!env", TestName = "A tag that means something elsewhere")]
    [TestCase("seed: !!python/object:os.system 1\n", "line 1", "python", TestName = "A tag of Python")]
    [TestCase("seed: [1\nbatch_size: 2\n", "not valid YAML", TestName = "An open bracket")]
    [TestCase("'seed: 1\n", "not valid YAML", TestName = "An open quote")]
    [TestCase("seed: 1\n\nbatch_size: 8\0\n", "line 3", "NUL", TestName = "A NUL, which ends nothing")]
    [TestCase("seed: 1\n---\nseed: 2\n", "line 2", "second document", TestName = "A second document")]
    [TestCase("seed: 1\n...\n---\n", "line 3", "second document", TestName = "A second document that is empty")]
    [TestCase("---\n", "empty", TestName = "A document without anything")]
    [TestCase("just words\n", "line 1", "key: value", TestName = "Words alone")]
    [TestCase("scheduler: {sched: cosine}\n", "line 1", "\"scheduler\"", "\"schedular\"",
        TestName = "The right spelling of a key that is misspelt")]
    public void A_wrong_file_is_refused(string yaml, params string[] parts)
    {
        var message = Refusal(yaml);
        foreach (var part in parts)
            Assert.That(message, Does.Contain(part));
    }

    [Test]
    public void Samples_are_refused_by_the_line_that_is_to_be_mended()
    {
        Assert.That(() => Sample("tab.yaml"),
            Throws.TypeOf<ConfigException>().With.Message.Contains("line 35: ").And.Message.Contains("tab"));
        Assert.That(() => Sample("multidoc.yaml"), Throws.TypeOf<ConfigException>().With.Message.Contains("line 53: ")
            .And.Message.Contains("second document"));
        Assert.That(() => Sample("scheduler.yaml"),
            Throws.TypeOf<ConfigException>().With.Message.Contains("line 45: ").And.Message.Contains("\"schedular\""));
        Assert.That(() => Sample("env.yaml"), Throws.TypeOf<ConfigException>().With.Message.Contains("line 53: ")
            .And.Message.Contains("${HOME}/x").And.Message.Contains("~/"));
    }

    [TestCase("seed: 1\noptimizer:\n\tlr: 1\n", 3)]
    [TestCase("optimizer:\n  lr: 1\n\tweight_decay: 0\n", 3)]
    [TestCase("amc:\r\n  max_weight: 1\r\n  \tmean_weight: 1\r\n", 3)]
    [TestCase("seed: [1\nbatch_size: }\n\n\n\n\n\tx: 1\n", 2, Description = "A tab behind the mistake is not blamed")]
    public void A_tab_is_found_on_its_line(string yaml, int line) =>
        Assert.That(Refusal(yaml), Does.Contain($"line {line}: "));

    [Test]
    public void The_home_folder_stands_for_a_tilde_in_every_path_and_nowhere_else()
    {
        var home = Environment.GetEnvironmentVariable("HOME") is { Length: > 0 } set ? set : Environment.GetFolderPath(
            Environment.SpecialFolder.UserProfile);
        Assert.That(Sample("tilde.yaml").Text("output"), Is.EqualTo(Path.Combine(home, "x")));
        foreach (var key in ConfigSchema.Keys.Where(
            k => k.Kind is (ConfigKind.Text or ConfigKind.TextList) && k.Path != "checkpoint_key"))
        {
            Assert.That(key.IsPath, key.Path);
            var values = new Dictionary<string, object>();
            YamlConfigReader.Override(values, $"{key.Path}=~/a b/c");
            Assert.That(values[key.Path], Is.EqualTo(key.Kind == ConfigKind.Text
                ? Path.Combine(home, "a b/c")
                : new[] { Path.Combine(home, "a b/c") }), key.Path);
        }
        Assert.That(Load("train_file: [~/a.json, b~/c, '~']").Texts("train_file"),
            Is.EqualTo(new[] { Path.Combine(home, "a.json"), "b~/c", home }));
        Assert.That(Load("output: ~").OptionalText("output"), Is.Null, "YAML's own sign for nothing");
    }

    [TestCase("output: $HOME/x")]
    [TestCase("train_file: [a.json, \"${DATA}/b.json\"]")]
    [TestCase("image_root: data/${USER}")]
    public void A_variable_in_a_path_is_not_taken_for_a_folder(string yaml) =>
        Assert.That(Refusal(yaml), Does.Contain("$").And.Contain("~/"));

    [Test]
    public void Encodings_that_editors_write_are_read()
    {
        const string yaml = "seed: 7\r\noutput: \"é日\"\r\n";
        foreach (var encoding in new Encoding[] { new UTF8Encoding(true), new UTF8Encoding(false),
            Encoding.Unicode, Encoding.BigEndianUnicode, Encoding.UTF32, new UnicodeEncoding(false, false),
            new UnicodeEncoding(true, false) })
        {
            var config = RunConfig.Load(
                _folder.Write("e.yaml", [.. encoding.GetPreamble(), .. encoding.GetBytes(yaml)]));
            Assert.That((config.Seed, config.Text("output")), Is.EqualTo((7UL, "é日")), encoding.EncodingName);
        }
        Assert.That(TextFile.Decode([]), Is.Empty);
    }

    [Test]
    public void What_is_no_file_of_settings()
    {
        Assert.That(() => RunConfig.Load(_folder.Path),
            Throws.TypeOf<ConfigException>().With.Message.Contains("cannot be read"));
        Assert.That(() => RunConfig.Load("/dev/zero"),
            Throws.TypeOf<SerializationException>().With.Message.Contains("check the path"));
        Assert.That(Refusal(""), Does.Contain("empty"));
        Assert.That(Refusal("# only a comment\n"), Does.Contain("empty"));
    }

    [Test]
    public void Deep_nesting_is_refused()
    {
        Assert.That(Refusal("train_file: " + new string('[', 100_000)), Does.Contain("nested"));
        Assert.That(Refusal("amc: " + string.Concat(Enumerable.Repeat("{a: ", 100_000))), Does.Contain("nested"));
        Assert.That(Refusal(string.Concat(Enumerable.Range(0, 500).Select(i => new string(' ', i) + "a:\n"))),
            Does.Contain("nested"));
    }

    [Test]
    public void Aliases_of_aliases_do_not_multiply()
    {
        var bomb = new StringBuilder("a0: &a0 {lr: 0.1, weight_decay: 0.2}\n");
        for (var i = 1; i < 40; i++)
            bomb.Append($"a{i}: &a{i} {{<<: [{string.Join(", ", Enumerable.Repeat($"*a{i - 1}", 9))}], k{i}: 1, l{i}: "
                + $"[{string.Join(", ", Enumerable.Repeat($"*a{i - 1}", 9))}]}}\n");
        var allocated = GC.GetAllocatedBytesForCurrentThread();
        Assert.That(Refusal(bomb + "optimizer: *a39\n"), Does.Contain("optimizer."));
        Assert.That(GC.GetAllocatedBytesForCurrentThread() - allocated, Is.LessThan(64L << 20));

        var wide = new StringBuilder("a0: &a0 {lr: 1}\n");
        for (var i = 1; i < 5_000; i++)
            wide.Append($"a{i}: &a{i} {{<<: *a{i - 1}, k{i}: 1}}\n");
        Assert.That(Refusal(wide.ToString()), Does.Contain("more than 100000 values"));
    }

    [Test]
    public void What_was_written_is_quoted_in_part()
    {
        string digits = new('7', 200_000);
        foreach (var yaml in new[] { $"seed: {digits}", $"{digits[..1000]}: 1", $"seed: \"{digits}\"",
            $"seed: *{digits}", $"optimizer: {digits}", $"dataset: {digits}", $"seed: !{digits} 1",
            $"a: 1\n\"{digits[..1000]}\": 1\n\"{digits[..1000]}\": 1" })
            Assert.That(Refusal(yaml), Has.Length.LessThan(400).And.Contains("…"), yaml[..9]);
        Assert.That(() => YamlConfigReader.Override([], $"seed={digits}"),
            Throws.TypeOf<ConfigException>().With.Message.Length.LessThan(400));
        Assert.That(() => YamlConfigReader.Override([], digits),
            Throws.TypeOf<ConfigException>().With.Message.Length.LessThan(400));
    }

    private static RunConfig Sample(string name) => RunConfig.Load(Cases.Path("yaml", name));

    private RunConfig Load(string yaml) => RunConfig.Load(_folder.Write("c.yaml", yaml));

    private string Refusal(string yaml) => Assert.Throws<ConfigException>(() => Load(yaml))!.Message;
}
