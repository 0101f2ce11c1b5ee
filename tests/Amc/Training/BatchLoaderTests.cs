using AmcEngine.Amc.Data;
using AmcEngine.DataTools;
using AmcEngine.Model.Tokenization;
using NUnit.Framework;

namespace AmcEngine.Tests.Amc.Training;

[TestFixture]
internal sealed class BatchLoaderTests
{
    [Test]
    public void An_epoch_shows_every_sample_once_and_epochs_differ()
    {
        var loader = Create(seed: 3);
        Assert.That(loader.StepsPerEpoch, Is.EqualTo(2));
        Assert.That(loader.Order(0).Order(), Is.EqualTo(Enumerable.Range(0, 11)));
        Assert.That(loader.Order(1), Is.Not.EqualTo(loader.Order(0)));
        Assert.That(Create(seed: 4).Order(0), Is.Not.EqualTo(loader.Order(0)));
    }

    [Test]
    public void A_batch_depends_on_its_step_alone()
    {
        BatchLoader fromStart = Create(seed: 3), fromMiddle = Create(seed: 3);
        // The loader uses its arrays again: what is kept is copied.
        TrainingBatch[] all = [.. Enumerable.Range(0, 5).Select(fromStart.Get).Select(
            b => b with { Images = [.. b.Images], Masks = [.. b.Masks] })];
        var fourth = fromMiddle.Get(3);
        Assert.That(fourth.Images, Is.EqualTo(all[3].Images));
        Assert.That(fourth.Masks, Is.EqualTo(all[3].Masks));
        Assert.That(fourth.Text.Ids, Is.EqualTo(all[3].Text.Ids));
        Assert.That(fourth.Images, Is.Not.EqualTo(all[1].Images));
    }

    // Places in the epoch's order, of which the first and the fourth hold nothing usable. Where the batch is the whole
    // epoch, one of it comes twice.
    [TestCase(3, ExpectedResult = new[] { 1, 1, 2 })]
    [TestCase(5, ExpectedResult = new[] { 4, 1, 2 })]
    public int[] A_sample_of_the_batch_comes_twice_only_where_there_is_no_other(int count)
    {
        var order = Loader(new Numbered(count, _ => false), 3).Order(0);
        var batch = Loader(new Numbered(count, i => Array.IndexOf(order, i) is 0 or 3), 3).Get(0);
        return [.. Enumerable.Range(0, 3).Select(row => Array.IndexOf(order, (int)batch.Masks[row * 4]))];
    }

    [Test]
    public void Unusable_samples_of_a_long_epoch_cost_no_list_of_it()
    {
        var loader = Loader(new Numbered(1_000_000, i => i % 3 == 0), 16);
        loader.Get(0);
        var before = GC.GetTotalAllocatedBytes(precise: true);
        for (var step = 1; step < 5; step++)
            loader.Get(step);
        Assert.That(GC.GetTotalAllocatedBytes(precise: true) - before, Is.LessThan(1 << 20),
            "bytes; the order alone has 4 million");
    }

    private static BatchLoader Loader(IRegionDataset dataset, int batchSize) =>
        new(dataset, WordPieceTokenizer.FromVocab(["[PAD]", "[UNK]", "[CLS]", "[MASK]"]), batchSize, 25, 3);

    /// <summary>Samples of two by two pixels whose masks hold their number.</summary>
    private sealed class Numbered(int count, Func<int, bool> isUnusable) : IRegionDataset
    {
        public int Count => count;

        public int ImageSize => 2;

        public RegionSample Get(int index, ulong seed, int epoch) => isUnusable(index)
            ? throw new UnusableSampleException("x")
            : new RegionSample
            {
                Caption = "x",
                Mask = [(byte)index, 0, 0, 0],
                Picture = new RgbImage(2, 2),
                PictureNumber = index
            };
    }

    private static BatchLoader Create(ulong seed)
    {
        var scenes = new SceneDataset(SceneKinds.Create("scenes", 32),
            new SceneDatasetOptions { Count = 11, Augmentation = AugmentationOptions.Recipe });
        return new BatchLoader(scenes, WordPieceTokenizer.FromVocab(
            ["[PAD]", "[UNK]", "[CLS]", "[MASK]", .. SceneVocabulary.Words("scenes")]), 5, 25, seed);
    }
}
