using AmcEngine.Amc.Runs;
using AmcEngine.DataTools;
using AmcEngine.Tests.DataTools;
using NUnit.Framework;

namespace AmcEngine.Tests.Cli;

/// <summary>Commands on data that is not all good.</summary>
[TestFixture]
internal sealed class BadDataTests : FolderTests
{
    private string _annotations = "";

    [SetUp]
    public void SetUp() => _annotations = SceneExporter.Export(
        SceneKinds.Create("scenes", 32), _folder.PathOf("d"), 16, 0, SceneSplit.Train, SceneFormat.Png);

    [Test]
    public void Training_goes_on_around_bad_pictures_and_says_so_once()
    {
        Damage();
        var answer = Train("run", "4");
        var warnings = Warnings(answer);
        var log = File.ReadAllText(_folder.PathOf("run/log.jsonl"));
        Assert.Multiple(() =>
        {
            Assert.That(warnings.Count(w => w.Contains("000003.png") && w.Contains("the rest is grey")),
                Is.EqualTo(1), answer.Error);
            Assert.That(
                warnings.Count(w => w.Contains("000005.png") && w.Contains("left out")), Is.EqualTo(1), answer.Error);
            Assert.That(warnings, Has.Length.EqualTo(2));
            Assert.That(answer.Out, Does.Contain(
                "of 16 pictures 1 could not be decoded and were left out, 1 in part (used, the rest grey)"));
            Assert.That(log, Does.Contain(
                "\"kind\":\"data\",\"step\":4,\"pictures\":16,\"pictures_partial\":1,\"pictures_undecodable\":1,"));
            Assert.That(TrainingLogReader.Read(_folder.PathOf("run"), _ => { }).Steps, Has.Count.EqualTo(4));
        });
    }

    [Test]
    public void A_resumed_run_puts_the_same_samples_in_the_place_of_bad_ones()
    {
        Damage();
        Train("whole", "6");
        Train("parts", "2");
        var answer = Amcx.Run(
            "train", "--config", _folder.PathOf("ann.yaml"), "--resume", _folder.PathOf("parts"), "--steps", "6");
        Assert.That(answer.Code, Is.Zero, answer.Error);
        Assert.That(
            File.ReadAllBytes(_folder.PathOf("parts/checkpoints/last/model.safetensors")),
            Is.EqualTo(File.ReadAllBytes(_folder.PathOf("whole/checkpoints/last/model.safetensors"))));
    }

    [Test]
    public void Entries_without_a_box_train()
    {
        _folder.Write("d/annotations.json", "[" + string.Join(",", Enumerable.Range(0, 16)
            .Select(i => $$"""{"image": "images/{{i:000000}}.png", "caption": "red circle"}""")) + "]");
        var answer = Train("run", "2");
        Assert.That(answer.Error, Does.Contain("no entry of train_file has a region, so that AMC is left out"));
        var losses = TrainingLogReader.Read(_folder.PathOf("run"), _ => { }).Steps[0].Losses;
        Assert.That(losses.Select(l => l.Name), Has.None.StartsWith("amc_"));
        Assert.That(losses.Single(l => l.Name == "ita").Value, Is.Not.Zero);
    }

    [Test]
    public void Error_stops_at_the_first_bad_picture_in_one_line()
    {
        Damage();
        Amcx.ExpectBadInput(Train(null, "9", "--set", "bad_pictures=error"), "bad_pictures: load");
    }

    [Test]
    public void Inspect_lists_everything_and_refuses_what_training_refuses()
    {
        Damage();
        var flat = """{"image": "images/000000.png", "caption": "a", "bbox": [5, 5, 5, 9]}""";
        var path = _folder.Write("few.json", $"[{flat}, {{\"image\": \"images/000003.png\", \"caption\": \"a\", "
            + $"\"bbox\": [1, 1, 9, 9]}}, {{\"image\": \"images/000005.png\", \"caption\": \"a\"}}]");
        var few = Amcx.RunPlain("data", "inspect", path, "--image-root", _folder.PathOf("d"));
        var many = _folder.Write("many.json", "[" + string.Join(",", Enumerable.Repeat(flat, 11))
            + ", {\"image\": \"b\", \"caption\": \"a\", \"bbox\": [1, 1, 9, 9]}]");
        Assert.Multiple(() =>
        {
            Assert.That(few.Code, Is.Zero, few.Error);
            Assert.That(few.Out, Does.Contain("few.json: entry 0: bbox: [5, 5, 5, 9] has no area")
                .And.Contain("boxes without area: 1").And.Contain("no box     1 entries"));
            Assert.That(few.Out, Does.Contain("000003.png: the picture is damaged or cut off")
                .And.Contain("000005.png: not a picture").And.Contain("of 2 pictures 1 could not be decoded"));
            Assert.That(few.Out, Does.Not.Contain("all pictures can be read"));
            Amcx.ExpectBadInput(Amcx.RunPlain("data", "inspect", many), "11 of 12 entries are bad");
            Assert.That(Amcx.RunPlain("data", "inspect", many, "--max-bad-share", "0.95").Code, Is.Zero);
            Assert.That(Amcx.RunPlain("data", "inspect", Cases.Path("annotations", "norm_all.json")).Out,
                Does.Contain("taken as normalised").And.Contain("0.70 × 0.70 of the picture"));
            Amcx.ExpectBadInput(Amcx.RunPlain("data", "inspect", path, "--box-format", "abc"), "xyxy");
            Amcx.ExpectBadInput(Amcx.RunPlain("data", "inspect", path, "--max-bad-share", "2"), "from 0 to 1");
        });
    }

    // One picture cut in the middle, and one that is a page of HTML.
    private void Damage()
    {
        var cut = _folder.PathOf("d/images/000003.png");
        File.WriteAllBytes(cut, File.ReadAllBytes(cut)[..^200]);
        File.WriteAllText(_folder.PathOf("d/images/000005.png"), "<html>404 Not Found</html>");
    }

    private static string[] Warnings(Answer answer) =>
        [.. answer.Error.Split('\n', StringSplitOptions.RemoveEmptyEntries).Where(
            l => l.StartsWith("warning: ", StringComparison.Ordinal) && l.Contains(".png"))];

    private Answer Train(string? run, string steps, params string[] more)
    {
        var vocabulary = _folder.Write("vocab.txt", string.Join(
            '\n', ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", .. SceneVocabulary.Words("scenes")]) + "\n");
        var config = _folder.Write("ann.yaml", Amcx.TinyConfig.Replace("dataset: scenes", $"""
            train_file: [{_annotations}]
            image_root: {_folder.PathOf("d")}
            vocab_file: {vocabulary}
            """, StringComparison.Ordinal));
        var answer = Amcx.Run(
            ["train", "--config", config, "--output", _folder.PathOf(run ?? "run"), "--steps", steps, .. more]);
        if (run is not null)
            Assert.That(answer.Code, Is.Zero, answer.Error);
        return answer;
    }
}
