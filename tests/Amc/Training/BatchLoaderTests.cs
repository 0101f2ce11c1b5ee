using AmcEngine.Amc.Data;
using AmcEngine.DataTools;
using AmcEngine.Model.Tokenization;
using NUnit.Framework;

namespace AmcEngine.Tests.Amc.Training;

[TestFixture]
internal sealed class BatchLoaderTests
{
    // Nothing that works waits so long.
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    [Test]
    public void An_epoch_shows_every_sample_once_and_epochs_differ()
    {
        using var loader = Create(seed: 3);
        Assert.That(loader.StepsPerEpoch, Is.EqualTo(2));
        Assert.That(loader.Order(0).Order(), Is.EqualTo(Enumerable.Range(0, 11)));
        Assert.That(loader.Order(1), Is.Not.EqualTo(loader.Order(0)));
        using var other = Create(seed: 4);
        Assert.That(other.Order(0), Is.Not.EqualTo(loader.Order(0)));
    }

    [Test]
    public void A_batch_depends_on_its_step_alone()
    {
        using BatchLoader fromStart = Create(seed: 3), fromMiddle = Create(seed: 3);
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
        using var whole = Loader(new Numbered(count, _ => false), 3);
        var order = whole.Order(0);
        using var loader = Loader(new Numbered(count, i => Array.IndexOf(order, i) is 0 or 3), 3);
        var batch = loader.Get(0);
        return [.. Enumerable.Range(0, 3).Select(row => Array.IndexOf(order, (int)batch.Masks[row * 4]))];
    }

    [Test]
    public void Unusable_samples_of_a_long_epoch_cost_no_list_of_it()
    {
        using var loader = Loader(new Numbered(1_000_000, i => i % 3 == 0), 16);
        loader.Get(0);
        var before = GC.GetTotalAllocatedBytes(precise: true);
        for (var step = 1; step < 5; step++)
            loader.Get(step);
        Assert.That(GC.GetTotalAllocatedBytes(precise: true) - before, Is.LessThan(1 << 20),
            "bytes; the order alone has 4 million");
    }

    // Samples of the middle that are slow or unusable, small batches and large ones, and a jump back.
    [TestCase(2, 1)]
    [TestCase(5, 1)]
    [TestCase(5, 3)]
    [TestCase(2, 13)]
    public void The_number_of_threads_changes_no_batch(int workers, int batchSize)
    {
        int[] steps = [0, 1, 2, 3, 4, 5, 6, 7, 2, 3];
        Assert.That(Seen(workers), Is.EqualTo(Seen(1)));

        string[] Seen(int threads)
        {
            using var loader = Loader(new Numbered(31, i => i % 7 == 4, i => i % 5 == 0 ? 3 : 0), batchSize, threads);
            return [.. steps.Select(loader.Get).Select(
                b => $"{string.Join(' ', b.Images)}; {string.Join(' ', b.Masks)}; {string.Join(' ', b.Pictures)}")];
        }
    }

    [Test]
    public void An_error_comes_with_the_batch_of_its_sample()
    {
        using var whole = Loader(new Numbered(40, _ => false), 4);
        var bad = whole.Order(0)[4 * 3 + 1];
        using var loader = Loader(new Numbered(40, i => i == bad ? throw new DataException($"{i}.png: bad") : false), 4,
            workers: 5);
        for (var step = 0; step < 3; step++)
            Assert.That(loader.Get(step).Pictures, Is.EqualTo(whole.Get(step).Pictures));
        Assert.That(() => loader.Get(3), Throws.TypeOf<DataException>().With.Message.EqualTo($"{bad}.png: bad"));
        Assert.That(() => loader.Get(3), Throws.TypeOf<DataException>(), "asked again");
        Assert.That(loader.Get(4).Pictures, Is.EqualTo(whole.Get(4).Pictures));
    }

    [TestCase(1, 4, 4)]
    [TestCase(3, 4, 8)]
    [TestCase(3, 8, 8)]
    public void Samples_are_made_no_further_ahead_than_there_are_arrays_for(int workers, int batchSize, int ahead)
    {
        var data = new Numbered(1000, _ => false);
        using var loader = Loader(data, batchSize, workers);
        for (var step = 0; step < 3; step++)
        {
            loader.Get(step);
            var expected = (step + 1) * batchSize + ahead;
            Assert.That(SpinWait.SpinUntil(() => data.Made >= expected, Patience), $"{data.Made}");
            Thread.Sleep(20);
            Assert.That(data.Made, Is.EqualTo(expected));
        }
    }

    [Test]
    public void Disposing_waits_for_the_samples_in_progress()
    {
        var held = 0;
        using var go = new ManualResetEventSlim();
        using var order = Loader(new Numbered(1000, _ => false), 4);
        var first = order.Order(0)[..4];
        var loader = Loader(new Numbered(1000, i =>
        {
            // By its number: which thread comes first is nobody's choice.
            if (!first.Contains(i))
            {
                Interlocked.Increment(ref held);
                go.Wait(Patience);
                Interlocked.Decrement(ref held);
            }
            return false;
        }), 4, workers: 3);
        loader.Get(0);
        Assert.That(SpinWait.SpinUntil(() => Volatile.Read(ref held) == 3, Patience), "each thread holds a sample");
        // How many samples more may begin until it is heard is no business of this test.
        var end = new Thread(loader.Dispose);
        end.Start();
        Assert.That(end.Join(20), Is.False, "three samples are still being made");
        go.Set();
        Assert.That(end.Join(Patience), "it ends with them");
        Assert.That(held, Is.Zero);
    }

    private static BatchLoader Loader(IRegionDataset dataset, int batchSize, int workers = 1) => new(dataset,
        WordPieceTokenizer.FromVocab(["[PAD]", "[UNK]", "[CLS]", "[MASK]"]), batchSize, 25, 3, workers: workers);

    /// <summary>Samples of two by two pixels whose masks hold their number.</summary>
    private sealed class Numbered(int count, Func<int, bool> isUnusable, Func<int, int>? delay = null) : IRegionDataset
    {
        private int _made;

        public int Count => count;

        public int ImageSize => 2;

        public int Made => Volatile.Read(ref _made);

        public RegionSample Get(int index, ulong seed, int epoch)
        {
            var sample = Make(index);
            if (delay?.Invoke(index) is > 0 and var ms)
                Thread.Sleep(ms);
            Interlocked.Increment(ref _made);
            return sample;
        }

        private RegionSample Make(int index) => isUnusable(index)
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
