using System.Text.Json.Nodes;
using AmcEngine.DataTools;
using AmcEngine.Tests.DataTools;
using AmcEngine.Tests.DataTools.Imports;
using NUnit.Framework;

namespace AmcEngine.Tests.Cli;

/// <summary>
/// From the originals of each data set, as a miniature in the true layout, to a trained model and its accuracy.
/// </summary>
[TestFixture]
internal sealed class ImportCommandTests : FolderTests
{
    private const int Side = 40;

    private static readonly string[] Colors = ["red", "green", "blue", "white"];

    private string Root => _folder.PathOf("root");

    private string Output => _folder.PathOf("out");

    [Test]
    public void Visual_genome_trains_and_evaluates()
    {
        Original("image_data.json", List(i =>
            $$"""{"image_id": {{i}}, "width": {{Side}}, "height": {{Side}}, "url": "https://x/VG_100K/{{i}}.jpg"}"""));
        Original("region_descriptions.json", List(i =>
            $$"""{"id": {{i}}, "regions": [{"region_id": {{i}}, "image_id": {{i}}, "phrase": "{{Colors[i]}} thing", "x": {{i}}, "y": 2, "width": 60, "height": 20}]}"""));
        Original("attributes.json", List(i =>
            $$"""{"image_id": {{i}}, "attributes": [{"names": ["box"], "attributes": ["{{Colors[i]}}"], "x": 1, "y": 1, "w": 9, "h": 9}]}"""));
        Pictures(i => $"VG_100K/{i}.jpg");
        var table = Import("vg");
        Assert.That(table, Does.Contain("train").And.Contain("108077 pictures").And.Contain("image_root: "));
        TrainAndEvaluate("train", "train", 8);
    }

    [Test]
    public void Flickr30k_entities_trains_and_evaluates()
    {
        for (var i = 0; i < Colors.Length; i++)
        {
            Original($"Annotations/{i}.xml", $"<annotation><size><width>{Side}</width><height>{Side}</height>"
                + "</size><object><name>5</name><name>6</name><bndbox><xmin>2</xmin><ymin>3</ymin><xmax>20</xmax>"
                + "<ymax>30</ymax></bndbox></object></annotation>");
            Original($"Sentences/{i}.txt",
                $"[/EN#5/people A {Colors[i]} man] with [/EN#6/clothing a hat] in [/EN#7/scene a field] .\n");
        }
        Original("train.txt", "0\n1\n2\n3\n");
        Original("test.txt", "3\n1\n");
        Pictures(i => $"flickr30k-images/{i}.jpg");
        Assert.That(Import("flickr30k"), Does.Contain("train dropped: no_box 4").And.Contain("test dropped: no_box 2"));
        TrainAndEvaluate("train", "test", 4);
    }

    [TestCase("refcoco", "unc")]
    [TestCase("refcoco+", "unc")]
    [TestCase("refcocog", "umd")]
    [TestCase("refclef", "unc")]
    public void The_refer_family_trains_and_evaluates(string name, string by)
    {
        Original($"{name}/instances.json", $$"""
            {"images": {{List(i => $$"""{"id": {{i}}, "file_name": "{{i}}.jpg", "width": {{Side}}, "height": {{Side}}}""")}}, "categories": [],
             "annotations": {{List(i => $$"""{"id": {{10 + i}}, "image_id": {{i}}, "category_id": 1, "bbox": [1, 2, 20.5, 30], "segmentation": [[1, 2, 21, 2, 21, 32]]}""")}}}
            """);
        object[] expressions = [.. Colors.Select(
            (c, i) => ReferTests.Expression(i, 10 + i, i, i < 2 ? "train" : "val", $"{c} thing", "left one"))];
        File.WriteAllBytes(Path.Combine(Root, name, $"refs({by}).p"), PythonPickle.Of(expressions, 0));
        Pictures(i => name == "refclef" ? $"images/saiapr_tc-12/{i}.jpg" : $"images/mscoco/images/train2014/{i}.jpg");
        Import(name);
        TrainAndEvaluate("train", "val", 4);
    }

    [Test]
    public void Coco_trains_and_evaluates()
    {
        Original("annotations/instances_train2017.json", $$"""
            {"images": {{List(i => $$"""{"id": {{i}}, "file_name": "{{i}}.jpg", "width": {{Side}}, "height": {{Side}}}""")}}, "categories": [{"id": 1, "name": "dog"}, {"id": 2, "name": "cat"}],
             "annotations": {{List(i => $$"""{"id": {{10 + i}}, "image_id": {{i}}, "category_id": {{1 + i % 2}}, "bbox": [1, 2, 20.5, 30], "segmentation": [[1, 2, 21, 2, 21, 32]]}""")}}}
            """);
        Original("annotations/captions_train2017.json", $$"""
            {"images": {{List(i => $$"""{"id": {{i}}, "file_name": "{{i}}.jpg", "width": {{Side}}, "height": {{Side}}}""")}},
             "annotations": {{List(i => $$"""{"id": {{10 + i}}, "image_id": {{i}}, "caption": "a {{Colors[i]}} animal"}""")}}}
            """);
        Pictures(i => $"train2017/{i}.jpg");
        Import("coco");
        TrainAndEvaluate("train2017,train2017_captions", "train2017", 4);
    }

    [Test]
    public void What_is_wrong_is_one_line_and_exit_code_2()
    {
        Amcx.ExpectBadInput(Run("vg"), "there is no such folder", "--root");
        Original("image_data.json", "[]");
        Amcx.ExpectBadInput(Run("vg"), "Visual Genome is expected as");
        Original("region_descriptions.json", "[{");
        Amcx.ExpectBadInput(Run("vg"), "region_descriptions.json", "not valid JSON");
        Assert.That(Directory.Exists(Output), Is.False);
        Amcx.ExpectBadInput(Run("refcoco", "--split-by", "umd"), "--split-by umd", "unc");
    }

    [Test]
    public void A_terminal_less_import_tells_missing_pictures_by_name()
    {
        Original("image_data.json", List(i => $$"""{"image_id": {{i}}, "width": {{Side}}, "height": {{Side}}}"""));
        Original("region_descriptions.json", List(i =>
            $$"""{"id": {{i}}, "regions": [{"region_id": {{i}}, "phrase": "a thing", "x": 1, "y": 2, "width": 6, "height": 2}]}"""));
        Original("VG_100K/2.jpg", "");
        var refused = Run("vg");
        Amcx.ExpectBadInput(refused, "3 of 4 pictures are missing", "missing.txt", "--allow-missing");
        Assert.That(
            refused.Error, Does.Contain("warning: picture missing: VG_100K/0.jpg").And.Contain("VG_100K/3.jpg"));
        var allowed = Run("vg", "--allow-missing");
        Assert.That(allowed.Code, Is.Zero, allowed.Error);
        Assert.That((int)JsonNode.Parse(File.ReadAllText(Path.Combine(Output,
            "summary.json")))!["splits"]!["train"]!["dropped"]!["missing_picture"]!, Is.EqualTo(3));
    }

    private static string List(Func<int, string> item) =>
        $"[{string.Join(",", Enumerable.Range(0, Colors.Length).Select(item))}]";

    private void Original(string path, string text)
    {
        var full = Path.Combine(Root, path);
        Directory.CreateDirectory(Path.GetDirectoryName(full)!);
        File.WriteAllText(full, text);
    }

    // Plain pictures of different colours.
    private void Pictures(Func<int, string> path)
    {
        for (var i = 0; i < Colors.Length; i++)
        {
            var full = Path.Combine(Root, path(i));
            Directory.CreateDirectory(Path.GetDirectoryName(full)!);
            var picture = new RgbImage(Side, Side);
            picture.Pixels.AsSpan().Fill((byte)(40 * i));
            picture.SaveJpeg(full);
        }
    }

    private Answer Run(string name, params string[] more) =>
        Amcx.Run(["data", name, "--root", Root, "--output", Output, .. more]);

    private string Import(string name)
    {
        var answer = Run(name);
        Assert.That(answer.Code, Is.Zero, answer.Error);
        Assert.That(answer.Error, Is.Empty);
        return answer.Out;
    }

    // Two steps on the plain files and an evaluation on the plain and on the richer file, which ask the same questions.
    private void TrainAndEvaluate(string train, string test, int questions)
    {
        var root = (string)JsonNode.Parse(File.ReadAllText(Path.Combine(Output, "summary.json")))!["image_root"]!;
        var files = train.Split(',').Select(s => $"'{Path.Combine(Output, s)}.json'");
        foreach (var form in new[] { "", ".regions" })
        {
            var config = _folder.Write($"tiny{form}.yaml", $"""
                {Amcx.TinyConfig.Replace("dataset: scenes", "", StringComparison.Ordinal).Replace("train_count: 16", "", StringComparison.Ordinal).Replace("test_count: 6", "", StringComparison.Ordinal)}
                train_file: [{string.Join(", ", files).Replace(".json", form + ".json", StringComparison.Ordinal)}]
                test_file: ['{Path.Combine(Output, test)}{form}.json']
                image_root: '{root}'
                batch_size: 2
                """.Replace("batch_size: 4\n", "", StringComparison.Ordinal));
            string run = _folder.PathOf($"run{form}"), json = _folder.PathOf("result.json");
            var trained = Amcx.Run("train", "--config", config, "--output", run, "--steps", "2");
            Assert.That(trained.Code, Is.Zero, trained.Error);
            var page = _folder.PathOf("report.html");
            var evaluated = Amcx.Run(
                "eval", "--config", config, "--checkpoint", run, "--json", json, "--report", page);
            Assert.That(evaluated.Code, Is.Zero, evaluated.Error);
            Assert.That((int)JsonNode.Parse(File.ReadAllText(json))!["count"]!, Is.EqualTo(questions));
            Assert.That(File.ReadAllText(page), Does.Contain("data:image/"), "pictures of the set are in the report");
        }
    }
}
