using System.IO.Compression;
using System.Text;
using System.Text.Json.Nodes;
using AmcEngine.DataTools;
using AmcEngine.Tests.DataTools;
using NUnit.Framework;

namespace AmcEngine.Tests.Cli;

/// <summary>
/// What <c>explain</c> draws and writes of several phrases, words and layers. The one fusion layer of the model is
/// layer 1; its map has 4 × 4 patches.
/// </summary>
[TestFixture]
internal sealed class ExplainTests() : TrainedOnceTests(steps: 1)
{
    private string Output => _folder.PathOf("out.png");

    [Test]
    public void Several_phrases_share_a_grid_and_each_is_said()
    {
        var answer = Explain("--text", "red circle", "--text", "blue ring", "--text", "cross");
        Assert.That(answer.Code, Is.Zero, answer.Error);
        Assert.That(answer.Out.Split('\n').Count(l => l.Contains("points at")), Is.EqualTo(3));
        RgbImage grid = RgbImage.Load(Output), single = Single();
        Assert.That(grid.Width, Is.GreaterThan(3 * (single.Width - 40)));
        Assert.That(Single("--text", "blue ring").Pixels, Is.Not.EqualTo(single.Pixels));
    }

    [Test]
    public void Maps_are_written_as_numbers_and_arrays_by_name()
    {
        string json = _folder.PathOf("o.json"), archive = _folder.PathOf("o.npz"), array = _folder.PathOf("o.npy");
        string[] phrases = ["--text", "red circle", "ring", "--words", "--layers", "all", "--json", json];
        Assert.That(Explain([.. phrases, "--npy", archive]).Code, Is.Zero);
        var result = JsonNode.Parse(File.ReadAllText(json))!;
        string[] names = [.. result["maps"]!.AsArray().Select(m => (string)m!["name"]!)];
        Assert.That(names, Is.EqualTo(new[]
        {
            "phrase0", "phrase0_word0", "phrase0_word1", "phrase0_layer1", "phrase1", "phrase1_word0", "phrase1_layer1",
        }));
        Assert.That(((string)result["maps"]![2]!["word"]!, (int)result["maps"]![3]!["layer"]!),
            Is.EqualTo(("circle", 1)));
        Assert.That((double)result["maps"]![0]!["score"]!, Is.InRange(0, 1));
        Assert.That((int)result["maps"]![0]!["point"]![0]!, Is.InRange(0, (int)result["width"]! - 1));
        using (var zip = ZipFile.OpenRead(archive))
        {
            Assert.That(zip.Entries.Select(e => e.Name), Is.EqualTo(names.Select(n => n + ".npy")));
            using var entry = new MemoryStream();
            using (var stream = zip.Entries[0].Open())
                stream.CopyTo(entry);
            var (shape, values) = Read(entry.ToArray());
            Assert.That(shape, Is.EqualTo("(4, 4)"));
            Assert.That(values.Max(), Is.EqualTo((float)(double)result["maps"]![0]!["max"]!));
        }
        var before = File.ReadAllBytes(archive);
        Assert.That(Explain([.. phrases, "--npy", archive]).Code, Is.Zero);
        Assert.That(File.ReadAllBytes(archive), Is.EqualTo(before));
        Assert.That(Explain([.. phrases, "--npy", array]).Code, Is.Zero);
        Assert.That(Read(File.ReadAllBytes(array)).Shape, Is.EqualTo("(7, 4, 4)"));
    }

    [Test]
    public void Colours_and_strength_are_those_asked_for()
    {
        var plain = Single();
        Assert.That(Single("--colormap", "jet", "--opacity", "1").Pixels, Is.EqualTo(plain.Pixels));
        Assert.That(Single("--colormap", "viridis").Pixels, Is.Not.EqualTo(plain.Pixels));
        // Nothing of the map is left: only the mark and the phrase are the same as before.
        var bare = Single("--opacity", "0");
        Assert.That(Single("--opacity", "0", "--colormap", "gray").Pixels, Is.EqualTo(bare.Pixels));
        Assert.That(bare.Pixels, Is.Not.EqualTo(plain.Pixels));
    }

    [TestCase("--opacity 2", "--opacity 2", "between 0")]
    [TestCase("--opacity NaN", "--opacity NaN", "between 0")]
    [TestCase("--colormap rainbow", "--colormap rainbow", "viridis")]
    [TestCase("--layers 0", "--layers 0", "no cross attention")]
    [TestCase("--layers one", "--layers one", "or all")]
    [TestCase("--words --method attention", "--words", "gradcam")]
    [TestCase("--npy none/x.npy", "--npy", "there is no folder")]
    [TestCase("--json none/x.json", "--json", "there is no folder")]
    public void Wrong_arguments_are_told_in_one_line(string arguments, params string[] parts)
    {
        Amcx.ExpectBadInput(Explain(["--text", "red circle", .. arguments.Split(' ')]), parts);
        Assert.That(File.Exists(Output), Is.False);
    }

    [Test]
    public void An_empty_phrase_among_others_is_refused()
    {
        Amcx.ExpectBadInput(Explain("--text", "red circle", "--text", ""), "--text", "no words");
        Amcx.ExpectBadInput(Explain("--text", "red circle", "--json", Output), "--json", "--output", "lost");
        Assert.That(File.Exists(Output), Is.False);
    }

    [Test]
    public void Contrast_has_maps_of_layers_and_none_of_words()
    {
        (_, var run) = Amcx.Train(_folder, "--steps", "1", "--set", "explain.mode=itc");
        var json = _folder.PathOf("o.json");
        var answer = Explain("--checkpoint", run, "--text", "red circle", "--layers", "all", "--json", json);
        Assert.That(answer.Code, Is.Zero, answer.Error);
        Assert.That(JsonNode.Parse(File.ReadAllText(json))!["maps"]!.AsArray().Select(m => (string)m!["name"]!),
            Is.EqualTo(new[] { "phrase0", "phrase0_layer0" }));
        Amcx.ExpectBadInput(Explain("--checkpoint", run, "--text", "red circle", "--words"), "--words", "contrast");
    }

    private RgbImage Single(params string[] more)
    {
        string[] phrase = more.Contains("--text") ? [] : ["--text", "red circle"];
        var answer = Explain([.. phrase, .. more]);
        Assert.That(answer.Code, Is.Zero, answer.Error);
        var picture = RgbImage.Load(Output);
        File.Delete(Output);
        return picture;
    }

    private Answer Explain(params string[] more)
    {
        string[] checkpoint = more.Contains("--checkpoint") ? [] : ["--checkpoint", _run];
        return Amcx.Run(
            ["explain", .. checkpoint, "--image", TempFolder.Fixture("rgb16.png"), "--output", Output, .. more]);
    }

    // Format 1.0: magic, version, length of the header, the header, numbers from a multiple of 64 on.
    private static (string Shape, float[] Values) Read(byte[] file)
    {
        byte[] start = [0x93, .. "NUMPY"u8, 1, 0];
        Assert.That(file[..8], Is.EqualTo(start));
        var length = file[8] + 256 * file[9];
        Assert.That((10 + length) % 64, Is.Zero);
        var header = Encoding.ASCII.GetString(file, 10, length);
        Assert.That(header, Does.StartWith("{'descr': '<f4', 'fortran_order': False, 'shape': (").And.EndWith("\n"));
        var shape = header[(header.IndexOf("'shape': ", StringComparison.Ordinal) + 9)..(header.IndexOf(')') + 1)];
        return (shape, [.. file.AsSpan(10 + length).ToArray().Chunk(4).Select(b => BitConverter.ToSingle(b))]);
    }
}
