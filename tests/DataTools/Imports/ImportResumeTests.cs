using AmcEngine.DataTools;
using NUnit.Framework;

namespace AmcEngine.Tests.DataTools.Imports;

[TestFixture]
internal sealed class ImportResumeTests : ImportTests
{
    private const int Pictures = 12;

    [SetUp]
    public void Write()
    {
        Original("image_data.json",
            $"[{string.Join(",\n", Numbers.Select(i => $$"""{"image_id": {{i}}, "width": 50, "height": 40}"""))}]");
        Original("region_descriptions.json", $"[{string.Join(",\n", Numbers.Select(i =>
            $$"""{"id": {{i}}, "regions": [{"region_id": {{i}}, "phrase": "thing {{i}}", "x": {{i}}, "y": 2, "width": 5, "height": 6}, {"region_id": {{i + 100}}, "phrase": "outside", "x": 60, "y": 2, "width": 5, "height": 6}]}"""))}]");
    }

    private static IEnumerable<int> Numbers => Enumerable.Range(1, Pictures);

    [Test]
    public void A_killed_import_goes_on_to_the_same_bytes([Range(1, Pictures)] int killed)
    {
        var whole = Path.Combine(_folder.Path, "whole");
        Import("vg", Request);
        Directory.Move(Output, whole);
        Kill(killed);
        // What was written behind the last entry of the journal is not known to be whole.
        var half = Path.Combine(Output, "import.tmp", "train.json");
        File.AppendAllText(half, "{\"image\": \"half an ent");
        Assert.That(Directory.GetFiles(Output), Is.Empty, "no result has its name yet");

        _said.Clear();
        var summary = Import("vg");
        Assert.That(_said, Has.Some.Contain($"resumed behind the first {killed} "));
        foreach (var file in Directory.GetFiles(whole).Select(Path.GetFileName))
            Assert.That(File.ReadAllBytes(Path.Combine(Output, file!)),
                Is.EqualTo(File.ReadAllBytes(Path.Combine(whole, file!))), file);
        Assert.That(summary.Splits["train"].Dropped["box_outside"], Is.EqualTo(Pictures));
    }

    [Test]
    public void An_import_of_changed_files_starts_again()
    {
        Kill(5);
        File.AppendAllText(Path.Combine(Root, "image_data.json"), "\n");
        Assert.That(Import("vg").Splits["train"].Phrases, Is.EqualTo(Pictures));
        Assert.That(_said, Has.Some.Contain("starts again"));
        Assert.That(_said, Has.None.Contain("resumed"));
    }

    [Test]
    public void A_damaged_journal_or_a_file_that_lacks_bytes_starts_again()
    {
        foreach (var damage in new Action[]
        {
            () => File.WriteAllText(Path.Combine(Output, "import.tmp", "journal.json"), "{"),
            () => File.WriteAllText(Path.Combine(Output, "import.tmp", "train.regions.json"), "["),
        })
        {
            Kill(5);
            damage();
            Assert.That(Import("vg").Splits["train"].Phrases, Is.EqualTo(Pictures));
            Assert.That(Entries("train"), Has.Length.EqualTo(Pictures));
            Assert.That(_said, Has.None.Contain("resumed"));
            Directory.Delete(Output, recursive: true);
        }
    }

    [Test]
    public void An_import_that_is_there_is_replaced_only_on_demand()
    {
        Import("vg");
        var error = Assert.Throws<DataException>(() => Import("vg"))!;
        Assert.That(error.Message, Does.Contain("train.json: is there already").And.Contain("--overwrite"));
        Assert.That(Entries("train"), Has.Length.EqualTo(Pictures));
        Assert.That(Import("vg", Request with { Overwrite = true }).Splits["train"].Phrases, Is.EqualTo(Pictures));
    }

    [Test]
    public void What_replaces_an_import_leaves_none_of_its_splits()
    {
        string[] files = ["gone.json", "gone.regions.json", "mine.json", "../mine.json"];
        Directory.CreateDirectory(Output);
        foreach (var file in files)
            File.WriteAllText(Path.Combine(Output, file), "[]");
        File.WriteAllText(Path.Combine(Output, ImportSummary.FileName), """{"splits": {"gone": {}, "../mine": {}}}""");
        Import("vg", Request with { Overwrite = true });
        Assert.That(files.Where(f => File.Exists(Path.Combine(Output, f))),
            Is.EqualTo(new[] { "mine.json", "../mine.json" }), "only what the import before had written goes");
        Assert.That(Entries("train"), Has.Length.EqualTo(Pictures));

        File.WriteAllText(Path.Combine(Output, ImportSummary.FileName), """{"splits": [""");
        Assert.That(Import("vg", Request with { Overwrite = true }).Splits["train"].Phrases, Is.EqualTo(Pictures));
    }

    [Test]
    public void Two_imports_into_one_folder_at_a_time_are_refused()
    {
        string? error = null;
        Import("vg", Request with
        {
            JournalEvery = 1,
            Progress = _ => error ??=
                Assert.Throws<DataException>(() => DatasetRegistry.FindImported("vg").Import(Request))!.Message,
        });
        Assert.That(error, Does.Contain("another process imports here"));
    }

    // Ends an import behind a picture as a signal would: nothing is tidied up.
    private void Kill(int after)
    {
        var units = 0;
        Assert.Throws<OperationCanceledException>(() => DatasetRegistry.FindImported("vg").Import(Request with
        {
            JournalEvery = 1,
            Progress = _ =>
            {
                if (++units == after)
                    throw new OperationCanceledException();
            },
        }));
    }
}
