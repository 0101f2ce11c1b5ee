using AmcEngine.Amc.Configuration;
using AmcEngine.Amc.Data;
using AmcEngine.DataTools;
using AmcEngine.Model.Tokenization;
using AmcEngine.Tests.DataTools;
using NUnit.Framework;

namespace AmcEngine.Tests.Amc.Training;

/// <summary>
/// Each row of a batch against its own sample, with pictures that are not square and boxes that differ.
/// </summary>
[TestFixture]
internal sealed class BatchRowsTests : FolderTests
{
    private const int Side = 8, Pixels = Side * Side;
    private const ulong Seed = 9;

    private static readonly WordPieceTokenizer Tokenizer =
        WordPieceTokenizer.FromVocab(
            ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "a", "b", "c", "d", "e", "f", "g", "h", "i", "j"]);

    [SetUp]
    public void SetUp()
    {
        var random = new SeededRandom(1);
        for (var i = 0; i < 10; i++)
        {
            var picture = new RgbImage(10 + 3 * i, 40 - 2 * i);
            for (var p = 0; p < picture.Pixels.Length; p++)
                picture.Pixels[p] = (byte)random.NextInt(256);
            picture.SavePng(_folder.PathOf($"{i}.png"));
        }
        AnnotationFile.Save(_folder.PathOf("a.json"), Enumerable.Range(0, 10).Select(i => new RegionAnnotation(
            $"{i}.png", [string.Join(' ', Letters(i)), string.Join(' ', Letters(i).Reverse())],
            [new Box(i / 2, i, 8 + i, 20), new Box(1, 1, 5 + i, 4 + i)])));
    }

    [Test]
    public void Each_row_is_its_own_sample_in_the_order_of_its_epoch()
    {
        var dataset = Dataset();
        using var loader = Loader(dataset);
        Assert.That(loader.StepsPerEpoch, Is.EqualTo(3), "the tenth sample of an epoch is dropped");
        for (var step = 0; step < 9; step++)
        {
            var batch = loader.Get(step);
            var epoch = step / 3;
            for (var row = 0; row < 3; row++)
            {
                var index = loader.Order(epoch)[step % 3 * 3 + row];
                var sample = dataset.Get(index, Seed, epoch);
                Assert.That(batch.Images.AsSpan(row * 3 * Pixels, 3 * Pixels).ToArray(), Is.EqualTo(sample.Image),
                    $"picture of step {step}, row {row}");
                Assert.That(batch.Masks.AsSpan(row * Pixels, Pixels).ToArray(),
                    Is.EqualTo(sample.Mask.Select(m => (float)m)), $"mask of step {step}, row {row}");
                int[] ids = [.. Tokenizer.EncodeBatch([sample.Caption], 25).Ids];
                Assert.That(batch.Text.Ids.AsSpan(row * batch.Text.Length, ids.Length).ToArray(), Is.EqualTo(ids),
                    $"phrase of step {step}, row {row}");
            }
        }
    }

    [Test]
    public void Epochs_show_other_boxes_phrases_and_augmentations()
    {
        var dataset = Dataset();
        using var loader = Loader(dataset);
        (float[] Image, float[] Mask, string Ids)[] Rows(int epoch) =>
            [.. Enumerable.Range(3 * epoch, 3).SelectMany(step =>
            {
                var batch = loader.Get(step);
                return Enumerable.Range(0, 3).Select(row => (Index: loader.Order(epoch)[step % 3 * 3 + row], Row: (
                    batch.Images[(row * 3 * Pixels)..((row + 1) * 3 * Pixels)],
                    batch.Masks[(row * Pixels)..((row + 1) * Pixels)],
                    string.Join(' ', batch.Text.Ids[(row * batch.Text.Length)..((row + 1) * batch.Text.Length)]))))
                    .ToArray();
            }).OrderBy(r => r.Index).Select(r => r.Row)];
        // Nine of ten samples an epoch: most occur in both.
        (float[] Image, float[] Mask, string Ids)[] first = Rows(0), second = Rows(1);
        Assert.Multiple(() =>
        {
            Assert.That(
                second.Count(r => !first.Any(f => f.Image.SequenceEqual(r.Image))), Is.GreaterThan(3), "pictures");
            Assert.That(second.Count(r => !first.Any(f => f.Mask.SequenceEqual(r.Mask))), Is.GreaterThan(3), "masks");
            Assert.That(second.Count(r => !first.Any(f => f.Ids == r.Ids)), Is.GreaterThan(1), "phrases");
            Assert.That(loader.Order(1), Is.Not.EqualTo(loader.Order(0)));
        });
    }

    [Test]
    public void Texts_are_cut_to_max_tokens_and_padded_to_min_tokens()
    {
        var dataset = Dataset();
        Assert.That(Length(4), Is.EqualTo(4), "[CLS] and three of ten words");
        Assert.That(Length(25), Is.InRange(2, 11));
        Assert.That(Length(25, 17), Is.EqualTo(17));

        int Length(int most, int least = 0)
        {
            using var loader = new BatchLoader(dataset, Tokenizer, 3, most, Seed, least);
            return loader.Get(0).Text.Length;
        }
    }

    [TestCase(2, 3)]
    [TestCase(5, 6)]
    public void A_configuration_decides_how_many_words_are_kept(int words, int tokens)
    {
        AnnotationFile.Save(_folder.PathOf("long.json"), Enumerable.Range(0, 4).Select(
            i => new RegionAnnotation($"{i}.png", ["a b c d e f g h"], [new Box(0, 0, 8, 8)])));
        var config = Config($"max_words: {words}");
        using BatchLoader loader = new(DataSources.Train(config), DataSources.Tokenizer(config), config.BatchSize,
            config.Integer("max_tokens"), config.Seed);
        Assert.That(loader.Get(0).Text.Length, Is.EqualTo(tokens));
        Assert.That(DataSources.Test(config)![0].Caption, Is.EqualTo("a b c d e f g h"[..(2 * words - 1)]));
    }

    [Test]
    public void A_configuration_decides_how_files_are_read()
    {
        _folder.Write("long.json",
            """[{"image": "0.png", "caption": "a b", "bbox": [1, 2, 3, 4]}, {"image": "none.png", "caption": "a", "bbox": [1, 2, 3, 4]}]""");
        var config = Config("box_format: xywh\nbad_pictures: error\nmask_all: true\naugment: false");
        var sample = DataSources.Train(config).Get(0, 1, 0);
        Assert.Multiple(() =>
        {
            Box[] boxes = [new(1, 2, 4, 6)];
            Assert.That(sample.Mask, Is.EqualTo(RegionMask.Of(boxes, 10, 40, 16, 16).Values));
            Assert.That(DataSources.Test(config)![0].Boxes, Is.EqualTo(boxes));
            Assert.That(() => DataSources.Train(config).Get(1, 1, 0),
                Throws.TypeOf<DataException>().With.Message.Contains("bad_pictures: load"));
            Assert.That(() => DataSources.Test(config)![1], Throws.TypeOf<DataException>());
            Assert.That(PictureSettings.Of(
                Config("bad_pictures: skip\nexif: ignore\nmax_bad_share: 0.5\nbox_format: normalised")),
                Is.EqualTo(new PictureOptions
                {
                    Bad = BadPictures.Skip,
                    Exif = ExifOrientation.Ignore,
                    MaxBadShare = 0.5,
                    Boxes = BoxFormat.Normalised
                }));
            Assert.That(PictureSettings.Of(Config("")), Is.EqualTo(new PictureOptions()));
        });
    }

    [Test]
    public void An_unusable_sample_gives_its_place_to_one_of_another_batch()
    {
        var whole = Dataset();
        using var before = Loader(whole);
        var order = before.Order(0);
        // The second sample of the epoch, and the one that would take its place.
        File.WriteAllText(_folder.PathOf($"{order[1]}.png"), "<html>");
        File.Delete(_folder.PathOf($"{order[4]}.png"));
        var damaged = Dataset();
        using var after = Loader(damaged);
        var batch = after.Get(0);
        using var later = Loader(Dataset());
        float[] Row(float[] all, int row) => all[(row * 3 * Pixels)..((row + 1) * 3 * Pixels)];
        Assert.Multiple(() =>
        {
            Assert.That(Row(batch.Images, 0), Is.EqualTo(damaged.Get(order[0], Seed, 0).Image));
            Assert.That(Row(batch.Images, 1), Is.EqualTo(damaged.Get(order[5], Seed, 0).Image),
                "the next usable one after a batch's length");
            Assert.That(Row(batch.Images, 2), Is.EqualTo(damaged.Get(order[2], Seed, 0).Image));
            Assert.That(Row(later.Get(1).Images, 1), Is.EqualTo(damaged.Get(order[7], Seed, 0).Image),
                "the same in a run that begins there");
            Assert.That(damaged.Pictures.Undecodable, Is.EqualTo(2));
        });
    }

    [Test]
    public void A_set_without_any_usable_sample_is_an_error_that_says_why()
    {
        for (var i = 0; i < 10; i++)
            File.Delete(_folder.PathOf($"{i}.png"));
        using var loader = Loader(Dataset());
        Assert.That(() => loader.Get(0), Throws.TypeOf<DataException>().With.Message.Contains(
            "none of the 10 training samples can be used").And.Message.Contains("picture not found"));
    }

    private static string[] Letters(int i) =>
        [.. Enumerable.Range(0, 3 + i % 4).Select(k => ((char)('a' + (i + k) % 10)).ToString())];

    private static BatchLoader Loader(AnnotationDataset dataset) => new(dataset, Tokenizer, 3, 25, Seed);

    private AnnotationDataset Dataset() =>
        new([_folder.PathOf("a.json")], _folder.Path, new AnnotationDatasetOptions { ImageSize = Side });

    private RunConfig Config(string more)
    {
        _folder.Write("vocab.txt", "[PAD]\n[UNK]\n[CLS]\n[SEP]\n[MASK]\na\nb\nc\nd\ne\nf\ng\nh\n");
        var path = _folder.PathOf("long.json");
        return RunConfig.Load(_folder.Write("run.yaml", $"""
            train_file: [{path}]
            test_file: [{path}]
            image_root: {_folder.Path}
            vocab_file: {_folder.PathOf("vocab.txt")}
            image_res: 16
            batch_size: 2
            queue_size: 16
            {more.Replace("\n", "\n            ", StringComparison.Ordinal)}
            """.Replace("\n            ", "\n", StringComparison.Ordinal)));
    }
}
