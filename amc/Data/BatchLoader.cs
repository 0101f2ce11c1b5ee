using AmcEngine.DataTools;
using AmcEngine.Model.Tokenization;

namespace AmcEngine.Amc.Data;

/// <summary>
/// Makes the batch of any step. Order, augmentation and drawn boxes come only from (seed, epoch, index), so a resumed
/// run sees the same batches; the next batch is made in the background while the model computes.
/// </summary>
/// <param name="dataset">The samples.</param>
/// <param name="tokenizer">The tokenizer.</param>
/// <param name="batchSize">Samples a batch; what is left of an epoch is dropped.</param>
/// <param name="maxTokens">Longest text, [CLS] included.</param>
/// <param name="seed">The run's seed.</param>
/// <param name="minTokens">Length to which texts are padded at least.</param>
internal sealed class BatchLoader(IRegionDataset dataset, WordPieceTokenizer tokenizer, int batchSize, int maxTokens, ulong seed, int minTokens = 0)
{
    private const ulong OrderStream = 0x6F72646572UL;

    private (int Epoch, int[] Order)? _order;
    private (int Step, Task<TrainingBatch> Batch)? _next;

    /// <summary>Steps in an epoch.</summary>
    public int StepsPerEpoch { get; } = dataset.Count / batchSize;

    /// <summary>The batch of a step, counted from 0 over all epochs.</summary>
    /// <exception cref="DataException">A sample is unusable.</exception>
    public TrainingBatch Get(int step)
    {
        Task<TrainingBatch> batch = _next is { } next && next.Step == step ? next.Batch : Start(step);
        // Awaiting the awaiter, not Result: an unusable picture then shows as what it is, not wrapped.
        TrainingBatch result = batch.GetAwaiter().GetResult();
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
        int epoch = step / StepsPerEpoch;
        if (_order is not { } known || known.Epoch != epoch)
            _order = known = (epoch, Order(epoch));
        int[] indices = known.Order.AsSpan(step % StepsPerEpoch * batchSize, batchSize).ToArray();
        return Task.Run(() => Build(indices, epoch));
    }

    private TrainingBatch Build(int[] indices, int epoch)
    {
        int side = dataset.ImageSize, pixels = side * side;
        var images = new float[indices.Length * 3 * pixels];
        var masks = new float[indices.Length * pixels];
        var captions = new string[indices.Length];
        for (int i = 0; i < indices.Length; i++)
        {
            RegionSample sample = dataset.Get(indices[i], seed, epoch);
            sample.Image.CopyTo(images, i * 3 * pixels);
            for (int p = 0; p < pixels; p++)
                masks[i * pixels + p] = sample.Mask[p];
            captions[i] = sample.Caption;
        }
        return new TrainingBatch(images, masks, tokenizer.EncodeBatch(captions, maxTokens, minTokens), side);
    }
}
