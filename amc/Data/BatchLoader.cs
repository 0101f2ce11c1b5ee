using AmcEngine.DataTools;
using AmcEngine.Model.Tokenization;

namespace AmcEngine.Amc.Data;

/// <summary>
/// Makes the batch of any step. Order, augmentation and drawn regions come only from (seed, epoch, index), so a resumed
/// run sees the same batches; the next batch is made in the background while the model computes. A sample that cannot
/// be used gives its place to one of a later batch of the epoch, which likewise depends on nothing but the order and
/// the data.
/// </summary>
/// <param name="dataset">The samples.</param>
/// <param name="tokenizer">The tokenizer.</param>
/// <param name="batchSize">Samples a batch; what is left of an epoch is dropped.</param>
/// <param name="maxTokens">Longest text, [CLS] included.</param>
/// <param name="seed">The run's seed.</param>
/// <param name="minTokens">Length to which texts are padded at least.</param>
/// <param name="paraphrases">Whether batches carry paraphrases.</param>
internal sealed class BatchLoader(IRegionDataset dataset, ITokenizer tokenizer, int batchSize, int maxTokens,
    ulong seed, int minTokens = 0, bool paraphrases = false)
{
    private const ulong OrderStream = 0x6F72646572UL;

    // One batch is read while the other is written; so large arrays are made twice in a run, and not every step.
    private readonly Buffers[] _buffers = [new(batchSize, dataset.ImageSize), new(batchSize, dataset.ImageSize)];

    private (int Epoch, int[] Order)? _order;
    private (int Step, Task<TrainingBatch> Batch)? _next;
    private int _started;

    /// <summary>Steps in an epoch.</summary>
    public int StepsPerEpoch { get; } = dataset.Count / batchSize;

    /// <summary>The batch of a step, counted from 0 over all epochs. It is valid until the next call.</summary>
    /// <exception cref="DataException">Too many samples are unusable.</exception>
    public TrainingBatch Get(int step)
    {
        if (_next is { } other && other.Step != step)
        {
            // Not the batch that was prepared: nobody may still be writing when its arrays are used again.
            Task.WaitAny(other.Batch);
            _next = null;
        }
        var batch = _next?.Batch ?? Start(step);
        // Awaiting the awaiter, not Result: an unusable picture then shows as what it is, not wrapped.
        var result = batch.GetAwaiter().GetResult();
        _next = (step + 1, Start(step + 1));
        return result;
    }

    /// <summary>The order in which an epoch visits the samples.</summary>
    internal int[] Order(int epoch)
    {
        int[] order = [.. Enumerable.Range(0, dataset.Count)];
        new SeededRandom(seed, OrderStream, (ulong)epoch).Shuffle(order.AsSpan());
        return order;
    }

    private Task<TrainingBatch> Start(int step)
    {
        var epoch = step / StepsPerEpoch;
        if (_order is not { } known || known.Epoch != epoch)
            _order = known = (epoch, Order(epoch));
        var first = step % StepsPerEpoch * batchSize;
        var buffers = _buffers[_started++ % 2];
        return Task.Run(() => Build(known.Order, first, epoch, buffers));
    }

    private TrainingBatch Build(int[] order, int first, int epoch, Buffers buffers)
    {
        int side = dataset.ImageSize, pixels = side * side;
        HashSet<int> taken = [.. order.AsSpan(first, batchSize)];
        var has = new bool[batchSize];
        var pictures = new long[batchSize];
        for (var i = 0; i < batchSize; i++)
        {
            var sample = Sample(order, first + i, epoch, taken);
            sample.WriteImage(buffers.Images.AsSpan(i * 3 * pixels, 3 * pixels));
            sample.Mask.CopyTo(buffers.Masks.AsSpan(i * pixels, pixels));
            buffers.Captions[i] = sample.Caption;
            buffers.Paraphrases[i] = sample.Paraphrase ?? sample.Caption;
            has[i] = sample.Paraphrase is not null;
            pictures[i] = sample.PictureNumber;
        }
        return new TrainingBatch(
            buffers.Images, buffers.Masks, tokenizer.EncodeBatch(buffers.Captions, maxTokens, minTokens), side)
        {
            Paraphrases = paraphrases ? tokenizer.EncodeBatch(buffers.Paraphrases, maxTokens, minTokens) : null,
            HasParaphrase = has,
            Pictures = pictures,
        };
    }

    // The sample of a place in the epoch's order, or the next usable one from a batch further on. One that is in the
    // batch already is the last choice: a pair would meet itself as a negative.
    private RegionSample Sample(int[] order, int place, int epoch, HashSet<int> taken)
    {
        if (TryGet(order[place], epoch, taken, out var problem) is { } own)
            return own;
        // Once round the epoch for those that are not in the batch, once for those that were when it began. Nothing is
        // listed: an epoch may have millions.
        HashSet<int> before = [.. taken];
        for (var i = 0; i < 2 * order.Length; i++)
        {
            var index = order[(place + batchSize + i) % order.Length];
            if (before.Contains(index) == (i >= order.Length) && TryGet(index, epoch, taken, out _) is { } sample)
                return sample;
        }
        throw new DataException(
            $"none of the {order.Length} training samples can be used; the first problem: {problem!.Message}", problem);
    }

    private RegionSample? TryGet(int index, int epoch, HashSet<int> taken, out UnusableSampleException? problem)
    {
        try
        {
            var sample = dataset.Get(index, seed, epoch);
            taken.Add(index);
            problem = null;
            return sample;
        }
        catch (UnusableSampleException e)
        {
            problem = e;
            return null;
        }
    }

    private sealed class Buffers(int count, int side)
    {
        public float[] Images { get; } = new float[count * 3 * side * side];

        public float[] Masks { get; } = new float[count * side * side];

        public string[] Captions { get; } = new string[count];

        public string[] Paraphrases { get; } = new string[count];
    }
}
