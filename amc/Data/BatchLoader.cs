using AmcEngine.DataTools;
using AmcEngine.Model.Tokenization;

namespace AmcEngine.Amc.Data;

/// <summary>
/// Makes the batch of any step. Order, augmentation and drawn regions come only from (seed, epoch, index), so a resumed
/// run sees the same batches, whatever the number of threads; these make samples ahead while the model computes. A
/// sample that cannot be used gives its place to one of a later batch of the epoch, which likewise depends on nothing
/// but the order and the data.
/// </summary>
internal sealed class BatchLoader : IDisposable
{
    private const ulong OrderStream = 0x6F72646572UL;

    private readonly IRegionDataset _dataset;
    private readonly ITokenizer _tokenizer;
    private readonly int _batchSize, _maxTokens, _minTokens, _workers;
    private readonly ulong _seed;
    private readonly bool _paraphrases;

    // One batch is read while the next ones are written; so large arrays are made once in a run, and not every step.
    private readonly Buffers[] _buffers;
    private readonly EpochOrders _orders;
    private OrderedPrefetch<Row>? _rows;
    private TimeSpan _waited;

    /// <summary>Creates a loader; the first samples are made when the first batch is asked for.</summary>
    /// <param name="dataset">The samples.</param>
    /// <param name="tokenizer">The tokenizer.</param>
    /// <param name="batchSize">Samples a batch; what is left of an epoch is dropped.</param>
    /// <param name="maxTokens">Longest text, [CLS] included.</param>
    /// <param name="seed">The run's seed.</param>
    /// <param name="minTokens">Length to which texts are padded at least.</param>
    /// <param name="paraphrases">Whether batches carry paraphrases.</param>
    /// <param name="workers">Threads that make samples.</param>
    public BatchLoader(IRegionDataset dataset, ITokenizer tokenizer, int batchSize, int maxTokens, ulong seed,
        int minTokens = 0, bool paraphrases = false, int workers = 1)
    {
        (_dataset, _tokenizer, _batchSize, _maxTokens) = (dataset, tokenizer, batchSize, maxTokens);
        (_seed, _minTokens, _paraphrases, _workers) = (seed, minTokens, paraphrases, workers);
        StepsPerEpoch = dataset.Count / batchSize;
        // A batch ahead, or as many of small ones as keep each thread in work while one sample is late.
        var ahead = (2 * workers + batchSize - 1) / batchSize;
        _buffers = [.. Enumerable.Range(0, ahead + 1).Select(_ => new Buffers(batchSize, dataset.ImageSize))];
        _orders = new EpochOrders(Order, _buffers.Length);
    }

    /// <summary>Steps in an epoch.</summary>
    public int StepsPerEpoch { get; }

    /// <summary>How long <see cref="Get"/> has waited for samples in all.</summary>
    public TimeSpan Waited => _waited + (_rows?.Waited ?? TimeSpan.Zero);

    /// <summary>The batch of a step, counted from 0 over all epochs. It is valid until the next call.</summary>
    /// <exception cref="DataException">Too many samples are unusable.</exception>
    public TrainingBatch Get(int step)
    {
        if (_rows?.Position != (long)step * _batchSize)
            StartAt(step);
        var (epoch, first) = PlaceOf(step);
        var order = _orders[epoch];
        var buffers = BuffersOf(step);
        HashSet<int>? taken = null;
        var has = new bool[_batchSize];
        var pictures = new long[_batchSize];
        for (var i = 0; i < _batchSize; i++)
        {
            var row = _rows!.Next();
            if (row.Problem is { } problem)
            {
                taken ??= [.. order.AsSpan(first, _batchSize)];
                row = Write(Replacement(order, first + i, epoch, taken, problem), buffers, i);
            }
            buffers.Captions[i] = row.Caption;
            buffers.Paraphrases[i] = row.Paraphrase ?? row.Caption;
            has[i] = row.Paraphrase is not null;
            pictures[i] = row.PictureNumber;
        }
        return new TrainingBatch(buffers.Images, buffers.Masks,
            _tokenizer.EncodeBatch(buffers.Captions, _maxTokens, _minTokens), _dataset.ImageSize)
        {
            Paraphrases = _paraphrases ? _tokenizer.EncodeBatch(buffers.Paraphrases, _maxTokens, _minTokens) : null,
            HasParaphrase = has,
            Pictures = pictures,
        };
    }

    /// <summary>Ends the threads; it returns when the samples in progress are made.</summary>
    public void Dispose() => Stop();

    /// <summary>The order in which an epoch visits the samples.</summary>
    internal int[] Order(int epoch)
    {
        int[] order = [.. Enumerable.Range(0, _dataset.Count)];
        new SeededRandom(_seed, OrderStream, (ulong)epoch).Shuffle(order.AsSpan());
        return order;
    }

    // Not the batch that is being made: nobody may still be writing when its arrays are used again.
    private void StartAt(int step)
    {
        Stop();
        _rows = new OrderedPrefetch<Row>(
            Make, _workers, (_buffers.Length - 1) * _batchSize, first: (long)step * _batchSize);
    }

    private void Stop()
    {
        _rows?.Dispose();
        _waited = Waited;
        _rows = null;
    }

    private (int Epoch, int First) PlaceOf(int step) =>
        (step / StepsPerEpoch, step % StepsPerEpoch * _batchSize);

    private Buffers BuffersOf(int step) => _buffers[step % _buffers.Length];

    // A sample of its own place in the order; rows are numbered over all epochs.
    private Row Make(long number)
    {
        int step = (int)(number / _batchSize), i = (int)(number % _batchSize);
        var (epoch, first) = PlaceOf(step);
        try
        {
            return Write(_dataset.Get(_orders[epoch][first + i], _seed, epoch), BuffersOf(step), i);
        }
        catch (UnusableSampleException e)
        {
            return new Row("", null, 0, e);
        }
    }

    private static Row Write(RegionSample sample, Buffers buffers, int i)
    {
        sample.WriteImage(buffers.ImageOf(i));
        sample.Mask.CopyTo(buffers.MaskOf(i));
        return new Row(sample.Caption, sample.Paraphrase, sample.PictureNumber, null);
    }

    // The next usable sample from a batch further on, for one whose own place in the order holds none. One that is in
    // the batch already is the last choice: a pair would meet itself as a negative.
    private RegionSample Replacement(
        int[] order, int place, int epoch, HashSet<int> taken, UnusableSampleException problem)
    {
        // Once round the epoch for those that are not in the batch, once for those that were when it began. Nothing is
        // listed: an epoch may have millions.
        HashSet<int> before = [.. taken];
        for (var i = 0; i < 2 * order.Length; i++)
        {
            var index = order[(place + _batchSize + i) % order.Length];
            if (before.Contains(index) == (i >= order.Length) && TryGet(index, epoch) is { } sample)
            {
                taken.Add(index);
                return sample;
            }
        }
        throw new DataException(
            $"none of the {order.Length} training samples can be used; the first problem: {problem.Message}", problem);
    }

    private RegionSample? TryGet(int index, int epoch)
    {
        try
        {
            return _dataset.Get(index, _seed, epoch);
        }
        catch (UnusableSampleException)
        {
            return null;
        }
    }

    /// <summary>What is known of a row beside its picture and mask, which are written; or why it has none.</summary>
    private readonly record struct Row(
        string Caption, string? Paraphrase, long PictureNumber, UnusableSampleException? Problem);

    private sealed class Buffers(int count, int side)
    {
        private readonly int _pixels = side * side;

        public float[] Images { get; } = new float[count * 3 * side * side];

        public float[] Masks { get; } = new float[count * side * side];

        public string[] Captions { get; } = new string[count];

        public string[] Paraphrases { get; } = new string[count];

        public Span<float> ImageOf(int row) => Images.AsSpan(row * 3 * _pixels, 3 * _pixels);

        public Span<float> MaskOf(int row) => Masks.AsSpan(row * _pixels, _pixels);
    }

    // Made once an epoch, by whichever thread comes there first, and kept while batches of it may be in progress.
    private sealed class EpochOrders(Func<int, int[]> make, int kept)
    {
        private readonly (int Epoch, int[]? Order)[] _orders = new (int, int[]?)[kept];

        public int[] this[int epoch]
        {
            get
            {
                lock (_orders)
                {
                    ref var order = ref _orders[epoch % kept];
                    if (order.Order is null || order.Epoch != epoch)
                        order = (epoch, make(epoch));
                    return order.Order!;
                }
            }
        }
    }
}
