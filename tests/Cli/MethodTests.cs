using System.Text.Json.Nodes;
using AmcEngine.Amc.CommandLine;
using AmcEngine.Amc.Explanation.Methods;
using AmcEngine.Amc.Runs;
using AmcEngine.DataTools;
using AmcEngine.Serialization;
using AmcEngine.Tests.DataTools;
using NUnit.Framework;

namespace AmcEngine.Tests.Cli;

/// <summary>Every explanation method on every kind of model, through the commands.</summary>
[TestFixture]
internal sealed class MethodTests
{
    private static readonly string[] Names = [.. ExplanationMethods.All.Select(m => m.Name)];

    private TempFolder _folder = null!;
    private string _config = "";

    [OneTimeSetUp]
    public void Train()
    {
        _folder = new TempFolder();
        _config = _folder.Write("tiny.yaml", Amcx.TinyConfig);
        new RgbImage(40, 30).SavePng(_folder.PathOf("photo.png"));
        foreach ((var kind, var settings) in Settings)
            Expect(Amcx.Run(
                ["train", "--config", _config, "--output", _folder.PathOf(kind), "--steps", "2", .. settings]));
    }

    [OneTimeTearDown]
    public void DeleteFolder() => _folder.Dispose();

    private static Dictionary<string, string[]> Settings => new()
    {
        ["albef"] = [],
        ["itc"] = ["--set", "explain.mode=itc"],
        ["clip"] = ["--set", "model=clip", "--set", "max_positions=25"],
        ["blip"] = ["--set", "model=blip"],
    };

    private static IEnumerable<TestCaseData> Pairs =>
        Settings.Keys.SelectMany(kind => Names.Select(name => new TestCaseData(kind, name)));

    [TestCaseSource(nameof(Pairs))]
    public void A_method_evaluates_and_explains_or_is_refused(string kind, string name)
    {
        string json = _folder.PathOf($"{kind}-{name}.json"), picture = _folder.PathOf($"{kind}-{name}.png");
        string[] method = name == "rise" ? ["--method", name, "--rise-masks", "8"] : ["--method", name];
        var eval = Amcx.Run(["eval", "--config", _config, "--checkpoint", _folder.PathOf(kind), "--json", json,
            .. method, .. Settings[kind]]);
        var explain = Amcx.Run(["explain", "--checkpoint", _folder.PathOf(kind), "--image",
            _folder.PathOf("photo.png"), "--text", "red circle", "--output", picture, .. method]);
        if (name == "grad-eclip" && kind is "albef" or "blip")
        {
            Amcx.ExpectBadInput(eval, "--method grad-eclip",
                "use one of gradcam, gradcam++, attention, rollout, relevance, rise");
            Amcx.ExpectBadInput(explain, "--method grad-eclip", "explain.mode: itc");
            return;
        }
        Expect(eval);
        Expect(explain);
        var result = JsonNode.Parse(File.ReadAllText(json))!;
        Assert.That((string?)result["method"], Is.EqualTo(name));
        Assert.That((string?)result["protocol"], Does.StartWith(name == "rise"
            ? "pointing game; rise of 8 masks; 32 pixels" : $"pointing game; {name}; 32 pixels"));
        Assert.That((int)result["count"]!, Is.EqualTo(6));
        Assert.That(new FileInfo(picture).Length, Is.GreaterThan(500));
    }

    [Test]
    public void Without_a_name_it_is_gradcam()
    {
        string named = Eval("--method", "gradcam"), unnamed = Eval();
        Assert.That(unnamed, Is.EqualTo(named));
        Assert.That(Eval("--method", "attention"), Is.Not.EqualTo(named));

        string Eval(params string[] more)
        {
            var samples = _folder.PathOf("samples.jsonl");
            Expect(Amcx.Run(
                ["eval", "--config", _config, "--checkpoint", _folder.PathOf("albef"), "--samples", samples, .. more]));
            return File.ReadAllText(samples);
        }
    }

    [TestCase("albef", 6)]
    [TestCase("clip", 7)]
    public void Methods_are_compared_in_a_table_and_a_grid(string kind, int count)
    {
        var grid = _folder.PathOf("methods.png");
        var answer = Expect(Amcx.Run(
            ["compare", "--methods", "--config", _config, "--checkpoint", _folder.PathOf(kind), "--count", "4",
                "--rise-masks", "8", "--output", grid, .. Settings[kind]]));
        var lines = answer.Out.TrimEnd().ReplaceLineEndings("\n").Split('\n');
        string[] expected = [.. Names.Where(n => n != "grad-eclip" || count == 7)];
        Assert.That(lines[0], Does.StartWith("test: 4 of 6 questions; gradcam, ").And.Contain("rise of 8 masks"));
        Assert.That(lines[2..4],
            Is.EqualTo(new[] { "| method | accuracy | a random point | seconds a phrase |", "|---|---|---|---|" }));
        Assert.That(lines[4..].Select(l => l.Split(" | ")[0]), Is.EqualTo(expected.Select(n => $"| {n}")));
        Assert.That(lines[4..].Select(l => double.Parse(l.Split(" | ")[1],
            System.Globalization.CultureInfo.InvariantCulture) * 4 % 1), Is.All.Zero, "quarters");
        Assert.That(answer.Error.Contains("grad-eclip does not apply", StringComparison.Ordinal),
            Is.EqualTo(count == 6));
        var picture = RgbImage.Load(grid);
        Assert.That((picture.Width, picture.Height), Is.EqualTo((24 + count * 172 + 160 + 24, 140 + 4 * 200 + 92)));
    }

    [Test]
    public void A_stopped_comparison_keeps_what_was_answered()
    {
        using var stop = new CancellationTokenSource();
        var grid = _folder.PathOf("stopped.png");
        using var output = new StoppingWriter("| gradcam++ |", stop);
        using var error = new StringWriter();
        var options = new CompareOptions
        {
            Methods = true,
            Config = _config,
            Checkpoint = _folder.PathOf("albef"),
            Count = 4,
            RiseMasks = 8,
            Output = grid,
            Threads = 1,
        };
        Assert.That(() => CompareMethodsCommand.Run(options, new CommandContext(output, error), stop.Token),
            Throws.InstanceOf<OperationCanceledException>());
        var lines = output.ToString().TrimEnd().ReplaceLineEndings("\n").Split('\n');
        Assert.That(lines[4..].Select(l => l.Split(" | ")[0]), Is.EqualTo(new[]
        {
            "| gradcam", "| gradcam++", "stopped early; not finished: attention, rollout, relevance, rise",
        }));
        var picture = RgbImage.Load(grid);
        // Two methods beside the picture, no narrower than the legend.
        Assert.That((picture.Width, picture.Height), Is.EqualTo((720, 140 + 4 * 200 + 92)));
    }

    [Test]
    public void Weights_may_be_missing_in_a_comparison_where_that_is_allowed()
    {
        var part = _folder.PathOf("part.safetensors");
        var last = Path.Combine(CheckpointLayout.Last(_folder.PathOf("albef")), CheckpointLayout.Model);
        SafetensorsWriter.Write(part, SafetensorsReader.ReadAll(last)
            .Where(t => !t.Name.StartsWith("itm_head", StringComparison.Ordinal)));
        string[] compare = ["compare", "--methods", "--config", _config, "--checkpoint", part, "--count", "1",
            "--rise-masks", "1"];
        Amcx.ExpectBadInput(Amcx.Run(compare), "itm_head.weight", "--allow-missing");
        var allowed = Expect(Amcx.Run([.. compare, "--allow-missing"]));
        Assert.That(allowed.Error, Does.Contain("warning: ").And.Contain("itm_head.weight"));
        Assert.That(allowed.Out, Does.Contain("| gradcam |"));
    }

    [Test]
    public void What_cannot_be_compared_or_explained_gets_a_line()
    {
        string run = _folder.PathOf("albef"), picture = _folder.PathOf("photo.png");
        string[] methods = ["compare", "--methods", "--config", _config, "--checkpoint", run];
        Amcx.ExpectBadInput(Amcx.Run("eval", "--config", _config, "--checkpoint", run, "--method", "layercam"),
            "--method layercam", "gradcam, gradcam++");
        Amcx.ExpectBadInput(Amcx.Run("explain", "--checkpoint", run, "--image", picture, "--text", "a", "--output",
            picture + ".png", "--method", "GradCAM"), "--method GradCAM", "rise");
        Amcx.ExpectBadInput(Amcx.Run("eval", "--config", _config, "--checkpoint", run, "--method", "rise",
            "--rise-masks", "0"), "--rise-masks 0", "at least 1");
        Amcx.ExpectBadInput(Amcx.Run([.. methods, "--rise-masks", "-2"]), "--rise-masks -2", "at least 1");
        Amcx.ExpectBadInput(Amcx.Run([.. methods, "--count", "0"]), "--count 0", "at least 1");
        Amcx.ExpectBadInput(Amcx.Run([.. methods, "--output", "grid.txt"]), "grid.txt", ".png");
        Amcx.ExpectBadInput(Amcx.Run([.. methods, "--output", _config]), _config);
        Amcx.ExpectBadInput(Amcx.Run("compare", "--methods", "--config", _config), "--checkpoint is missing");
        Amcx.ExpectBadInput(Amcx.Run("compare", "--methods", "--checkpoint", run), "--config is missing");
        Amcx.ExpectBadInput(Amcx.Run("compare", "a=runs/a", "--methods", "--config", _config, "--checkpoint", run),
            "a=runs/a", "--methods");
        Amcx.ExpectBadInput(Amcx.Run("compare", "a=runs/a", "--config", _config), "--methods");
        Amcx.ExpectBadInput(Amcx.Run("compare"), "an argument is missing");
        var note = Amcx.Run("eval", "--config", _config, "--checkpoint", run, "--rise-masks", "9");
        Assert.That((note.Code, note.Error),
            Is.EqualTo((0, "note: --rise-masks has no effect with --method gradcam" + Environment.NewLine)));
    }

    private static Answer Expect(Answer answer)
    {
        Assert.That(answer.Code, Is.Zero, answer.Error);
        return answer;
    }

    /// <summary>Asks to stop as soon as a line is written.</summary>
    private sealed class StoppingWriter(string line, CancellationTokenSource stop) : StringWriter
    {
        public override void WriteLine(string? value)
        {
            base.WriteLine(value);
            if (value?.StartsWith(line, StringComparison.Ordinal) == true)
                stop.Cancel();
        }
    }
}
