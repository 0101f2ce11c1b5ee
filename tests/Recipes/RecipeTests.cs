using System.Text.Json.Nodes;
using AmcEngine.Amc.Configuration;
using AmcEngine.Amc.Runs;
using AmcEngine.Serialization;
using AmcEngine.Tests.Cli;
using AmcEngine.Tests.DataTools;
using AmcEngine.Tests.Engine;
using NUnit.Framework;

namespace AmcEngine.Tests.Recipes;

/// <summary>
/// The reference's configurations run as they are, in a folder like the one that its programs are started in. What is
/// set beside them makes the model small, and names folders that they name on their authors' machines.
/// </summary>
[TestFixture]
internal sealed class RecipeTests : FolderTests
{
    private static readonly string[] Small =
    [
        "vision_width=16", "vision_depth=1", "vision_heads=2", "patch_size=8", "image_res=32", "embed_dim=8",
        "batch_size=4", "queue_size=16",
    ];

    private string _before = "";

    [SetUp]
    public void StandInTheFolder()
    {
        _before = Environment.CurrentDirectory;
        MiniatureData.Write(_folder);
        Environment.CurrentDirectory = _folder.Path;
    }

    [TearDown]
    public void StepOut() => Environment.CurrentDirectory = _before;

    [Test]
    public void Amc_trains_on_regions()
    {
        var log = Train(ReferenceFiles.AmcPretrain, ["mask_size=32"], "AMC on");
        Assert.That(log, Has.Count.EqualTo(2));
        Assert.That(Pictures("run"), Is.Null, "its program does not know pictures");
        foreach (var step in log)
        {
            Assert.That(step, Does.ContainKey("amc_mean").And.ContainKey("amc_max").And.ContainKey("mlm"));
            Closeness.Near("rate", step["lr"], 1e-6, 1e-20);
        }
    }

    [Test]
    public void Albef_is_pre_trained_on_captions()
    {
        var log = Train(ReferenceFiles.AlbefPretrain, [], "AMC off", "no entry of train_file has a region");
        Assert.That(log[1].Keys, Has.None.StartsWith("amc"));
        Closeness.Near("rate", log[1]["lr"], 1e-5, 1e-19);
    }

    [Test]
    public void Albef_is_fine_tuned_on_referring_expressions_and_evaluated()
    {
        var log = Train(ReferenceFiles.AlbefGrounding, ["image_root=.", "grid_scenes=0"], "AMC off", "note: det_file",
            "note: coco_file", "no entry of train_file has a region");
        Assert.That(log[1]["mlm"], Is.Zero, "its program trains no masked words");
        Closeness.Near("rate", log[1]["lr"], 1e-5, 1e-19);
        // Two batches of four; whoever starts from there has other pictures, which the next four columns are about.
        Assert.That(Pictures("run")!.Count(n => n >= 0), Is.EqualTo(8));
        var next = Amcx.Run(["train", "--config", "Pretrain.yaml", "--output", "next", "--steps", "1", "--set",
            .. Small, "image_root=.", "checkpoint=run"]);
        Assert.That(next.Code, Is.Zero, next.Error);
        Assert.That(Pictures("next")!.Count(n => n >= 0), Is.EqualTo(4));
        var (result, answers) = Evaluate(ReferenceFiles.AlbefGrounding, ["image_root=."], "note: coco_file",
            "test pictures were in the model's training list");
        Assert.Multiple(() =>
        {
            Assert.That((int)result["count"]!, Is.EqualTo(16), "two sentences a picture");
            Assert.That(Counts(result, "split"), Is.EqualTo("testA 4, testB 6, val 6"));
            Assert.That((int)result["metrics"]!["detector_accuracy"]!["count"]!, Is.EqualTo(16));
            Assert.That((string)result["protocol"]!, Does.Contain("32 pixels bicubic"));
            Assert.That((string)answers[1]["phrase"]!, Is.EqualTo("it no 0"), "cleaned");
        });

        // The same as an annotation file with boxes, and the detector's file on the command line.
        _folder.Write("val.json", Annotated(0, 3));
        _folder.Write("test.json", Annotated(3, 8));
        string[] same = ["image_root=.", "test_file=[val.json, test.json]", "refcoco_data=null", "det_file=null",
            "eval_resize=bicubic", "max_words=30"];
        var (_, expected) = Evaluate(ReferenceFiles.AlbefGrounding, same, ["--boxes", "data/refcoco+/dets.json"],
            "note: coco_file", "test pictures were in the model's training list");
        string[] fields = ["phrase", "point", "hit", "score", "boxes", "measures"];
        foreach (var (a, b) in answers.Zip(expected))
            foreach (var field in fields)
                Assert.That(a[field]?.ToJsonString(), Is.EqualTo(b[field]?.ToJsonString()), field);
    }

    [Test]
    public void Amc_is_evaluated_on_each_benchmark_by_its_own_files()
    {
        Train(ReferenceFiles.AmcPretrain, ["mask_size=32"], "AMC on");
        var (refcoco, _) = Evaluate(ReferenceFiles.AmcRefCoco, []);
        Assert.That(Counts(refcoco, "split"), Is.EqualTo("testA 4, testB 6, val 6"));
        Assert.That((int)refcoco["metrics"]!["detector_accuracy"]!["count"]!, Is.EqualTo(16));

        var (refclef, _) = Evaluate(ReferenceFiles.AmcRefClef, [], "note: det_file: / is no file");
        Assert.That(Counts(refclef, "split"), Is.EqualTo("test 10, val 6"), "every name with test in it is test");
        Assert.That(refclef["metrics"]!.AsObject().Select(m => m.Key), Has.None.EqualTo("detector_accuracy"));

        var (flickr, answers) = Evaluate(ReferenceFiles.AmcFlickr, []);
        Assert.Multiple(() =>
        {
            Assert.That(Counts(flickr, "split"), Is.EqualTo("test 9, val 6"), "three phrases with boxes a picture");
            Assert.That((string)flickr["protocol"]!, Does.Contain("32 pixels bilinear"));
            Assert.That((string)answers[0]["image"]!, Is.EqualTo("7002.jpg"), "in the order of the numbers");
            Assert.That((string)answers[1]["phrase"]!, Is.EqualTo("things"));
            Assert.That(answers[1]["boxes"]!.ToJsonString(), Is.EqualTo("[[0,0,40,24],[15,20,45,45]]"));
        });
    }

    [Test]
    public void Selfeq_trains_by_synonyms_and_not_by_boxes()
    {
        var log = Train(ReferenceFiles.SelfEqVisualGenome, ["mask_size=32", "image_root=vg"], "AMC off, SelfEQ on",
            "note: add_gcam");
        Assert.That(log[1].Keys, Has.Some.StartsWith("selfeq"));
        Assert.That(log[1].Keys, Has.None.StartsWith("amc"));
        _folder.Write("data/vicuna_v1_6.json", "[" + File.ReadAllText(_folder.PathOf("data/coco.json"))[1..]);
        Amcx.ExpectBadInput(Amcx.Run("train", "--resume", "run"), "vicuna_v1_6.json", "has changed");
        Directory.Delete(_folder.PathOf("run"), recursive: true);
        log = Train(ReferenceFiles.SelfEqCoco, ["mask_size=32", "image_root=."], "AMC off, SelfEQ on",
            "note: add_gcam");
        Assert.That(log[1].Keys, Has.Some.StartsWith("selfeq"));
    }

    [Test]
    public void Every_key_of_the_files_is_in_the_document()
    {
        string[] rows = [.. File.ReadLines(Path.Combine(GoldenFiles.Root, "docs", "recipes.md"))
            .Where(l => l.StartsWith("| `", StringComparison.Ordinal)).Select(l => l.Split('|')[1])];
        string[] files = [ReferenceFiles.AmcPretrain, ReferenceFiles.AlbefPretrain, ReferenceFiles.AlbefGrounding,
            ReferenceFiles.AmcRefCoco, ReferenceFiles.AmcRefClef, ReferenceFiles.AmcFlickr,
            ReferenceFiles.SelfEqVisualGenome, ReferenceFiles.SelfEqCoco];
        foreach (var key in files.SelectMany(f => YamlConfigReader.Read(_folder.Write("keys.yaml", f)).Keys).Distinct())
        {
            var (section, name) = key.Split('.') is [var first, var second] ? (first, second) : ("", key);
            Assert.That(rows, Has.Some.Matches<string>(row => row.Contains($"`{section}.*`")
                || (row.Contains($"`{section}") && (row.Contains($"`{name}`") || row.Contains($"`{key}`")))), key);
        }
    }

    // Two steps; what is said beside the results must be what is expected, line by line.
    private List<Dictionary<string, double>> Train(string yaml, string[] set, string on, params string[] said)
    {
        _folder.Write("Pretrain.yaml", yaml);
        var answer = Amcx.Run(["train", "--config", "Pretrain.yaml", "--output", "run", "--steps", "2", "--set",
            .. Small, .. set]);
        AssertSaid(answer, said);
        Assert.That(answer.Out, Does.Contain($", {on}, "));
        return [.. File.ReadLines(_folder.PathOf("run/log.jsonl")).Select(l => JsonNode.Parse(l)!.AsObject())
            .Where(l => l.ContainsKey("lr")).Select(Numbers)];
    }

    private (JsonNode Result, List<JsonNode> Answers) Evaluate(string yaml, string[] set, params string[] said) =>
        Evaluate(yaml, set, [], said);

    private (JsonNode Result, List<JsonNode> Answers) Evaluate(
        string yaml, string[] set, string[] options, params string[] said)
    {
        _folder.Write("Grounding.yaml", yaml);
        var answer = Amcx.Run(["eval", "--config", "Grounding.yaml", "--checkpoint", "run", "--json", "result.json",
            "--samples", "samples.jsonl", .. options, "--set", .. Small, .. set]);
        AssertSaid(answer, said);
        return (JsonNode.Parse(File.ReadAllText(_folder.PathOf("result.json")))!,
            [.. File.ReadLines(_folder.PathOf("samples.jsonl")).Select(l => JsonNode.Parse(l)!)]);
    }

    // Which picture each column of the text queue is about; null where nobody asks.
    private static long[]? Pictures(string run)
    {
        using var reader = SafetensorsReader.Open(Path.Combine(CheckpointLayout.Last(run), CheckpointLayout.Model));
        return reader.Contains("idx_queue") ? reader["idx_queue"].ToI64() : null;
    }

    private static void AssertSaid(Answer answer, string[] said)
    {
        Assert.That(answer.Code, Is.Zero, answer.Error);
        var lines = answer.Error.Split('\n', StringSplitOptions.RemoveEmptyEntries);
        Assert.That(lines, Has.Length.EqualTo(said.Length), answer.Error);
        foreach (var part in said)
            Assert.That(lines, Has.Some.Contains(part));
    }

    private static Dictionary<string, double> Numbers(JsonObject line) => line.Concat(
        line["losses"] is JsonObject losses ? losses : []).Where(p => p.Value is JsonValue value
            && value.GetValueKind() == System.Text.Json.JsonValueKind.Number)
        .ToDictionary(p => p.Key, p => (double)p.Value!);

    private static string Counts(JsonNode result, string by) => string.Join(", ", result["breakdown"]![by]!.AsObject()
        .OrderBy(p => p.Key, StringComparer.Ordinal).Select(p => $"{p.Key} {(int)p.Value!["count"]!}"));

    private static string Annotated(int first, int end) => "[" + string.Join(",", Enumerable.Range(first, end - first)
        .SelectMany(i => new[] { MiniatureData.Phrase(i), $"it, no. {i}" }.Select(text => $$"""
            {"image": "train2014/COCO_train2014_{{5000 + i:D12}}.jpg", "caption": "{{text}}", "bbox": [[{{Box(i)}}]]}
            """))) + "]";

    private static string Box(int i)
    {
        var b = MiniatureData.Boxes[i];
        return $"{b[0]}, {b[1]}, {b[0] + b[2]}, {b[1] + b[3]}";
    }
}
