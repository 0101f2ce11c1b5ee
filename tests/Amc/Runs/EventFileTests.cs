using AmcEngine.Amc.Runs.TensorBoard;
using AmcEngine.DataTools;
using AmcEngine.Files;
using AmcEngine.Tests.Cli;
using AmcEngine.Tests.DataTools;
using NUnit.Framework;

namespace AmcEngine.Tests.Amc.Runs;

/// <summary>TensorBoard's files, read back by a reader of the tests' own.</summary>
[TestFixture]
internal sealed class EventFileTests : FolderTests
{
    // The published check value of CRC-32C is 0xE3069283; masked: turned right by 15, plus the constant.
    [Test]
    public void The_reader_knows_the_published_checksum() => Assert.That(
        EventFileReader.Masked("123456789"u8), Is.EqualTo(
            unchecked((0xE3069283u >> 15 | 0xE3069283u << 17) + 0xA282EAD8u)));

    [Test]
    public void Numbers_and_pictures_are_read_back()
    {
        byte[] png = [.. Enumerable.Range(0, 300).Select(i => (byte)i)];
        using (var events = EventFile.Start(_folder.Path, 1))
        {
            events.Write(300, [("loss/total", 1.5), ("loss/größe", -2)]);
            events.WriteImage(301, "grid", 640, 200, png);
        }
        var read = EventFileReader.Read(EventFile.In(_folder.Path).Single());
        Assert.Multiple(() =>
        {
            Assert.That(read.Select(e => e.Version), Is.EqualTo(new[] { "brain.Event:2", null, null }));
            Assert.That(read.Select(e => e.Step), Is.EqualTo(new long[] { 0, 300, 301 }));
            Assert.That(read.Select(e => e.SessionStatus), Is.All.Null, "nothing is void");
            Assert.That(read[1].Values, Is.EqualTo(
                new[] { new EventValue("loss/total", 1.5f, null), new EventValue("loss/größe", -2, null) }));
            Assert.That(read[2].Values.Single().Tag, Is.EqualTo("grid"));
            var image = read[2].Values.Single().Image!.Value;
            Assert.That((image.Height, image.Width, image.Colours), Is.EqualTo((200L, 640L, 3L)));
            Assert.That(image.File, Is.EqualTo(png));
            Assert.That(
                DateTime.UnixEpoch.AddSeconds(read[0].Time), Is.EqualTo(DateTime.UtcNow).Within(TimeSpan.FromHours(1)));
        });
    }

    [Test]
    public void A_run_that_goes_on_has_a_new_file_behind_the_old_one_and_says_what_is_void()
    {
        EventFile.Start(_folder.Path, 1).Dispose();
        EventFile.Start(_folder.Path, 7).Dispose();
        string[] files = [.. EventFile.In(_folder.Path).Order(StringComparer.Ordinal)];
        Assert.That(files, Has.Length.EqualTo(2));
        var second = EventFileReader.Read(files[1]);
        Assert.That(
            second.Select(e => (e.Step, e.SessionStatus)), Is.EqualTo(new (long, long?)[] { (0, null), (7, 1) }));
    }

    [Test]
    public void A_file_that_cannot_be_written_is_named() => Assert.That(
        () => EventFile.Start(_folder.PathOf("nowhere"), 1),
        Throws.TypeOf<FileWriteException>().With.Message.Contains("nowhere").And.Message.Contains("tfevents"));

    [Test]
    public void A_training_run_writes_what_its_log_holds()
    {
        (var config, var run) = Amcx.Train(_folder, "--steps", "3");
        var events = EventFileReader.Read(EventFile.In(run).Single());
        var log = RunFiles.Log(run);
        foreach (var line in log.Where(l => (string)l["kind"]! == "step"))
        {
            var step = events.Single(e => e.Step == (int)line["step"]! && e.Values.Any(v => v.Tag == "loss/total"));
            foreach ((var name, var value) in line["losses"]!.AsObject())
                Assert.That(
                    step.Values.Single(v => v.Tag == $"loss/{name}").Number, Is.EqualTo((float)(double)value!), name);
            Assert.That(
                step.Values.Single(v => v.Tag == "train/learning_rate").Number, Is.EqualTo((float)(double)line["lr"]!));
        }
        var accuracies = events.SelectMany(
            e => e.Values.Where(v => v.Tag == "eval/pointing_accuracy").Select(v => (e.Step, v.Number)));
        Assert.That(accuracies, Is.EqualTo(log.Where(l => (string)l["kind"]! == "eval").Select(
            l => ((long)l["step"]!, (float)(double)l["pointing_accuracy"]!))));
        var grid = events.SelectMany(e => e.Values).Single(v => v.Image is not null);
        var picture = RgbImage.Decode(grid.Image!.Value.File, "grid");
        Assert.That(
            (grid.Image.Value.Width, grid.Image.Value.Height), Is.EqualTo(((long)picture.Width, (long)picture.Height)));

        Assert.That(Amcx.Run("train", "--config", config, "--resume", run, "--steps", "4").Code, Is.Zero);
        var newest = EventFileReader.Read(EventFile.In(run).Max(StringComparer.Ordinal)!);
        Assert.That(newest[1].Step, Is.EqualTo(4), "from there on the older file is void");
        Assert.That(newest.Single(e => e.Values.Any(v => v.Tag == "loss/total")).Step, Is.EqualTo(4));

        Assert.That(Amcx.Run("train", "--config", config, "--output", run, "--overwrite", "--steps", "1", "--set",
            "tensorboard=false").Code, Is.Zero);
        Assert.That(EventFile.In(run), Is.Empty, "the old run's files went with it");
    }
}
