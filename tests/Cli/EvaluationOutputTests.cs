using System.Text.Json.Nodes;
using AmcEngine.Amc.Runs;
using AmcEngine.DataTools;
using AmcEngine.Serialization;
using AmcEngine.Tests.DataTools;
using AmcEngine.Tests.Engine;
using NUnit.Framework;

namespace AmcEngine.Tests.Cli;

/// <summary>What <c>eval</c> and <c>explain</c> write, when, and what they refuse before they compute.</summary>
[TestFixture]
internal sealed class EvaluationOutputTests() : TrainedOnceTests(steps: 1)
{
    [TestCase("--json")]
    [TestCase("--samples")]
    [TestCase("--report")]
    public void An_output_that_cannot_be_written_is_found_before_anything_is_computed(string option)
    {
        string missing = _folder.PathOf("no/such/out"), other = _folder.PathOf($"other{option}.json");
        // A checkpoint that does not exist would be the next thing to be found.
        foreach (var path in new[] { missing, _folder.Path })
        {
            var answer = Amcx.Run("eval", "--config", _config, "--checkpoint", _folder.PathOf("none"), option, path);
            Amcx.ExpectBadInput(answer, option, path);
            Assert.That(answer.Out, Is.Empty);
        }
        Amcx.ExpectBadInput(
            Amcx.Run("eval", "--config", _config, "--checkpoint", _run, option, _config), option, "--config", "lost");
        Assert.That(File.ReadAllText(_config), Does.StartWith("dataset:"));
        var twice = option == "--json" ? "--samples" : "--json";
        Amcx.ExpectBadInput(Amcx.Run("eval", "--config", _config, "--checkpoint", _run, option, other, twice,
            Path.Combine(_folder.Path, ".", Path.GetFileName(other))), other, "lost");
        Assert.That(File.Exists(other), Is.False);
    }

    [Test]
    public void Each_sample_is_a_line_that_agrees_with_the_result()
    {
        string samples = _folder.PathOf("samples.jsonl"), json = _folder.PathOf("result.json");
        var answer = Amcx.Run("eval", "--config", _config, "--checkpoint", _run, "--samples", samples, "--json", json);
        Assert.That(answer.Code, Is.Zero, answer.Error);
        JsonNode[] lines = [.. File.ReadAllLines(samples).Select(l => JsonNode.Parse(l)!)];
        var result = JsonNode.Parse(File.ReadAllText(json))!;
        Assert.That(lines, Has.Length.EqualTo(6));
        Closeness.Near(
            "accuracy", lines.Average(l => (bool)l["hit"]! ? 1.0 : 0.0), (double)result["pointing_accuracy"]!, 1e-15);
        Assert.That((bool)result["complete"]!);
        Assert.That(lines.Select(l => (double)l["score"]!), Is.All.InRange(0, 1));
    }

    // The name is as long as a name may be, so that the temporary file beside it cannot be made.
    [Test]
    public void A_file_that_cannot_be_written_does_not_cost_the_others()
    {
        string json = _folder.PathOf(new string('j', 250) + ".json"), samples = _folder.PathOf("others.jsonl");
        var answer = Amcx.Run("eval", "--config", _config, "--checkpoint", _run, "--json", json, "--samples", samples);
        Amcx.ExpectBadInput(answer, "is writable and has space");
        Assert.That(answer.Out, Does.Contain("pointing accuracy"));
        Assert.That(File.ReadAllLines(samples), Has.Length.EqualTo(6));
    }

    [Test]
    public void What_was_answered_is_kept_when_a_sample_fails()
    {
        var scenes = Export("kept");
        string[] pictures =
            [.. Directory.GetFiles(scenes, "*.png", SearchOption.AllDirectories).Order(StringComparer.Ordinal)];
        File.Delete(pictures[4]);
        string samples = _folder.PathOf("kept.jsonl"), json = _folder.PathOf("kept-result.json"),
            html = _folder.PathOf("kept.html");
        var answer = Amcx.Run([.. Evaluate(scenes), "bad_pictures=error", "eval_batch=3", "--samples", samples,
            "--json", json, "--report", html]);
        Amcx.ExpectBadInput(answer, Path.GetFileName(pictures[4]));
        Assert.That(answer.Out, Does.Contain("stopped early").And.Contain("on 4 samples"));
        Assert.That(File.ReadAllLines(samples), Has.Length.EqualTo(4));
        var result = JsonNode.Parse(File.ReadAllText(json))!;
        Assert.That(((bool)result["complete"]!, (int)result["count"]!), Is.EqualTo((false, 4)));
        Assert.That(File.Exists(html), Is.False);
    }

    [Test]
    public void Pictures_that_cannot_be_read_do_not_count_and_are_counted()
    {
        var scenes = Export("skipped");
        string[] pictures =
            [.. Directory.GetFiles(scenes, "*.png", SearchOption.AllDirectories).Order(StringComparer.Ordinal)];
        File.WriteAllText(pictures[1], "<html>");
        var whole = File.ReadAllBytes(pictures[2]);
        File.WriteAllBytes(pictures[2], whole[..(whole.Length * 2 / 3)]);
        string json = _folder.PathOf("skipped.json"), html = _folder.PathOf("skipped.html");
        var answer = Amcx.Run([.. Evaluate(scenes), "--json", json, "--report", html]);
        Assert.That(answer.Code, Is.Zero, answer.Error);
        var result = JsonNode.Parse(File.ReadAllText(json))!;
        Assert.Multiple(() =>
        {
            Assert.That((int)result["count"]!, Is.EqualTo(5));
            Assert.That((int)result["skipped"]!, Is.EqualTo(1));
            Assert.That((int)result["pictures_undecodable"]!, Is.EqualTo(1));
            Assert.That((int)result["pictures_partial"]!, Is.EqualTo(1));
            Assert.That(answer.Out, Does.Contain("on 5 samples").And.Contain("1 more could not be asked"));
            Assert.That(
                answer.Error, Does.Contain(Path.GetFileName(pictures[1])).And.Contain(Path.GetFileName(pictures[2])));
            Assert.That(File.ReadAllText(html), Does.Contain("data:image/png;base64,"));
        });
    }

    [Test]
    public void Flat_heatmaps_are_reported_and_explain_says_so()
    {
        var model = Changed("flat", (_, column) => column >= 0 ? 0 : null);
        string json = _folder.PathOf("flat.json"), samples = _folder.PathOf("flat.jsonl");
        var answer = Amcx.Run("eval", "--config", _config, "--checkpoint", model, "--json", json, "--samples", samples);
        Assert.That(answer.Code, Is.Zero, answer.Error);
        var result = JsonNode.Parse(File.ReadAllText(json))!;
        Assert.That(((int)result["flat"]!, (double)result["pointing_accuracy"]!), Is.EqualTo((6, 0.0)));
        Assert.That(answer.Out, Does.Contain("6 with a flat heatmap"));
        Assert.That(File.ReadAllLines(samples), Is.All.Contains("\"point\":null").And.All.Contains("\"flat\":true"));
        var explained = Explain(_folder.PathOf("flat.png"), checkpoint: model);
        Assert.That(explained.Code, Is.Zero, explained.Error);
        Assert.That(explained.Out, Does.Contain("points nowhere").And.Not.Contain("x 0"));
    }

    [Test]
    public void A_heatmap_that_is_not_finite_is_an_error()
    {
        // Finite weights whose products are not.
        var model = Changed("huge", (row, _) => (row % 2 == 0 ? 1 : -1) * 3e38f);
        var answer = Amcx.Run("eval", "--config", _config, "--checkpoint", model);
        Amcx.ExpectBadInput(answer, "not finite");
        Assert.That(answer.Out, Does.Not.Contain("accuracy"));
        Amcx.ExpectBadInput(Explain(_folder.PathOf("huge.png"), checkpoint: model), "not finite");
        Assert.That(File.Exists(_folder.PathOf("huge.png")), Is.False);
    }

    [TestCase("o.png", 0x89, 0x50)]
    [TestCase("o.JPG", 0xFF, 0xD8)]
    [TestCase("o.jpeg", 0xFF, 0xD8)]
    [TestCase("o.webp", 0x52, 0x49)]
    public void An_explanation_is_written_in_the_format_of_its_name(string name, int first, int second)
    {
        var answer = Explain(_folder.PathOf(name));
        Assert.That(answer.Code, Is.Zero, answer.Error);
        Assert.That(
            File.ReadAllBytes(_folder.PathOf(name))[..2].Select(b => (int)b), Is.EqualTo(new[] { first, second }));
    }

    [TestCase("o.gif")]
    [TestCase("o.bmp")]
    [TestCase("o")]
    [TestCase("o.png.txt")]
    public void Other_formats_are_refused(string name)
    {
        Amcx.ExpectBadInput(Explain(_folder.PathOf(name)), "--output", ".webp");
        Assert.That(File.Exists(_folder.PathOf(name)), Is.False);
    }

    [Test]
    public void The_input_is_never_the_output_by_whatever_path()
    {
        var input = _folder.PathOf("in.png");
        File.Copy(TempFolder.Fixture("rgb16.png"), input);
        var before = File.ReadAllBytes(input);
        string link = _folder.PathOf("link.png"), folder = _folder.PathOf("linked");
        File.CreateSymbolicLink(link, "in.png");
        Directory.CreateSymbolicLink(folder, _folder.Path);
        foreach (var output in new[] { input, Path.Combine(_folder.Path, ".", "in.png"),
            Path.Combine(_folder.Path, "run", "..", "in.png"), link, Path.Combine(folder, "in.png") })
            Amcx.ExpectBadInput(Explain(output, image: input), "--output", "--image");
        Amcx.ExpectBadInput(Explain(input, image: link), "--output", "--image");
        Assert.That(File.ReadAllBytes(input), Is.EqualTo(before));
        Assert.That(new FileInfo(link).LinkTarget, Is.EqualTo("in.png"));
    }

    [Test]
    public void Half_a_picture_is_explained_with_a_warning()
    {
        var answer = Explain(_folder.PathOf("half.png"), image: Cases.Path("pictures", "cuthalf.jpg"));
        Assert.That(answer.Code, Is.Zero, answer.Error);
        Assert.That(answer.Error, Does.Contain("cuthalf.jpg").And.Contain("grey"));
    }

    private string Export(string name)
    {
        var scenes = _folder.PathOf(name);
        Assert.That(Amcx.Run(
            "data", "scenes", "--output", scenes, "--count", "6", "--split", "test", "--size", "32").Code, Is.Zero);
        return scenes;
    }

    private string[] Evaluate(string scenes) =>
        ["eval", "--config", _config, "--checkpoint", _run, "--set", "dataset=annotations",
            $"test_file={scenes}/{SceneExporter.AnnotationFileName}", $"image_root={scenes}"];

    private Answer Explain(string output, string? image = null, string? checkpoint = null) => Amcx.Run(
        "explain", "--checkpoint", checkpoint ?? _run, "--image", image ?? TempFolder.Fixture("rgb16.png"), "--text",
        "red circle", "--output", output);

    // A copy of the run's model whose match head holds other numbers in its row of "match": by row of the tensor and
    // column.
    private string Changed(string name, Func<int, int, float?> value)
    {
        var folder = _folder.PathOf(name);
        Directory.CreateDirectory(folder);
        foreach (var file in Directory.GetFiles(CheckpointLayout.Last(_run)))
            File.Copy(file, Path.Combine(folder, Path.GetFileName(file)));
        var model = Path.Combine(folder, CheckpointLayout.Model);
        using (var reader = SafetensorsReader.Open(Path.Combine(CheckpointLayout.Last(_run), CheckpointLayout.Model)))
            SafetensorsWriter.Write(
                model, reader.Tensors.Select(t => t.Name == "itm_head.weight" ? Change(t, value) : t));
        return folder;
    }

    private static TensorData Change(TensorData tensor, Func<int, int, float?> value)
    {
        var numbers = tensor.ToF32();
        var width = numbers.Length / 2;
        for (var column = 0; column < width; column++)
            numbers[width + column] = value(column, column) ?? numbers[width + column];
        return TensorData.From(tensor.Name, tensor.Shape, numbers);
    }
}
