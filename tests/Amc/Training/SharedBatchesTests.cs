using AmcEngine.Amc.CommandLine;
using AmcEngine.Amc.Data;
using AmcEngine.Amc.Ranks;
using AmcEngine.Amc.Training;
using AmcEngine.DataTools;
using AmcEngine.Model.Tokenization;
using AmcEngine.Tests.Engine.Collectives;
using NUnit.Framework;

namespace AmcEngine.Tests.Amc.Training;

/// <summary>The rows of ranks, one after the other, are the batch of one process.</summary>
[TestFixture]
internal sealed class SharedBatchesTests
{
    private const int Batch = 6, Samples = 32, Steps = 12;

    // Without bad samples; some; so many that the places of one batch are taken from several batches further on, by
    // each rank for the others.
    [TestCase(2, 1, 1000)]
    [TestCase(2, 2, 5)]
    [TestCase(3, 1, 2)]
    [TestCase(3, 3, 3)]
    public void Ranks_share_the_batch_of_one_process(int ranks, int workers, int badEvery)
    {
        var expected = Rows(1, 1, badEvery);
        Assert.That(Rows(ranks, workers, badEvery), Is.EqualTo(expected));
        Assert.That(expected.Distinct().Count(), Is.GreaterThan(expected.Length / 2), "batches differ");
    }

    [Test]
    public void All_stop_before_the_same_step_where_one_asks_to()
    {
        var steps = ThreadCommunicator.Run(3, ranks =>
        {
            using var stop = new CancellationTokenSource();
            using var loader = Loader(new Texts(1000), ranks.Rank, ranks.Size, 1);
            var batches = new SharedBatches(loader, new Job(ranks, ErrorReporter.CodeOf));
            var step = 0;
            for (; batches.Next(step, stop.Token) is not null; step++)
            {
                if (ranks.Rank == 1 && step == 2)
                    stop.Cancel();
            }
            return step;
        });
        Assert.That(steps, Is.All.EqualTo(3));
    }

    [Test]
    public void A_rank_whose_data_cannot_be_read_ends_all_before_the_same_step()
    {
        var ends = ThreadCommunicator.Run(2, ranks =>
        {
            using var loader = Loader(new Texts(1000) { Broken = ranks.Rank == 1 ? 3 : -1 }, ranks.Rank, 2, 2);
            var batches = new SharedBatches(loader, new Job(ranks, ErrorReporter.CodeOf));
            var step = 0;
            var error = Assert.Catch<Exception>(() =>
            {
                for (; ; step++)
                    batches.Next(step, CancellationToken.None);
            })!;
            return (step, error.GetType(), error.Message);
        });
        Assert.That(ends[1].Item2, Is.EqualTo(typeof(DataException)));
        Assert.That(ends[0].Item2, Is.EqualTo(typeof(OtherRankException)));
        Assert.That(ends[0].step, Is.EqualTo(ends[1].step));
        Assert.That(ends[0].Message, Is.EqualTo("rank 1: 3.png: the disk fails"));
    }

    [Test]
    public void A_batch_that_cannot_be_shared_is_refused() =>
        Assert.That(() => Loader(new Texts(1000), 0, 4, 1), Throws.ArgumentException);

    // A text a row of the whole batch: pictures, masks, tokens with padding, names.
    private static string[] Rows(int ranks, int workers, int badEvery)
    {
        var all = ThreadCommunicator.Run(ranks, communicator =>
        {
            using var loader = Loader(new Texts(badEvery), communicator.Rank, ranks, workers);
            var batches = new SharedBatches(loader, new Job(communicator, ErrorReporter.CodeOf));
            List<string[]> steps = [];
            // Also a jump back, as after an evaluation that failed.
            for (var step = 0; step < Steps; step++)
                steps.Add(Describe(batches.Next(step < 9 ? step : step - 7, CancellationToken.None)!));
            return steps;
        });
        return [.. Enumerable.Range(0, Steps).SelectMany(step => all.SelectMany(rank => rank[step]))];
    }

    private static string[] Describe(TrainingBatch batch)
    {
        int rows = batch.Text.Count, pixels = batch.Side * batch.Side, length = batch.Text.Length,
            other = batch.Paraphrases!.Length;
        return [.. Enumerable.Range(0, rows).Select(i => string.Join(' ',
            [$"{batch.Pictures[i]} {batch.HasParaphrase[i]} images", .. batch.Images[(i * 3 * pixels)..][..pixels],
                "mask", .. batch.Masks[(i * pixels)..][..pixels], "ids", .. batch.Text.Ids[(i * length)..][..length],
                "other", .. batch.Paraphrases.Ids[(i * other)..][..other]]))];
    }

    private static BatchLoader Loader(IRegionDataset data, int rank, int ranks, int workers) => new(data,
        WordPieceTokenizer.FromVocab(["[PAD]", "[UNK]", "[CLS]", "[MASK]", "a"]), Batch, 25, 3, paraphrases: true,
        workers: workers, rank: rank, ranks: ranks);

    /// <summary>Samples whose texts have as many words as their number says: each rank's longest is another.</summary>
    private sealed class Texts(int badEvery) : IRegionDataset
    {
        public int Count => Samples;

        public int ImageSize => 2;

        public int Broken { get; init; } = -1;

        public RegionSample Get(int index, ulong seed, int epoch)
        {
            if (index == Broken)
                throw new DataException($"{index}.png: the disk fails");
            if (index % badEvery == badEvery - 1)
                throw new UnusableSampleException($"{index}.png: bad");
            return new RegionSample
            {
                Caption = string.Join(' ', Enumerable.Repeat("a", 1 + index % 11)),
                Paraphrase = index % 3 == 0 ? string.Join(' ', Enumerable.Repeat("a", 1 + index % 7)) : null,
                Mask = [(byte)index, (byte)epoch, 0, 0],
                Picture = new RgbImage(2, 2),
                PictureNumber = index + epoch * 100,
            };
        }
    }
}
