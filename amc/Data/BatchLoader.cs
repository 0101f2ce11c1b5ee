using AmcEngine.DataTools;
using AmcEngine.Model.Tokenization;

namespace AmcEngine.Amc.Data;

/// <summary>
/// Makes the batch of any step. Order, augmentation and drawn regions come only from (seed, epoch, index), so a resumed
/// run sees the same batches, whatever the number of threads; these make samples ahead while the model computes. A
/// sample that cannot be used gives its place to one of a later batch of the epoch, which likewise depends on nothing
/// but the order and the data. Of several ranks each makes its own rows of every batch: together these are the batch of
/// one process.
/// </summary>
internal sealed class BatchLoader : IDisposable
{
    private const ulong OrderStream = 0x6F72646572UL;

    private readonly IRegionDataset _dataset;
    private readonly ITokenizer _tokenizer;
    private readonly int _batchSize, _maxTokens, _minTokens, _workers, _rows, _firstRow;
    private readonly ulong _seed;
    private readonly bool _paraphrases;

    // One batch is read while the next ones are written; so large arrays are made once in a run, and not every step.
    private readonly Buffers[] _buffers;
    private readonly EpochOrders _orders;
    private OrderedPrefetch<Row>? _ahead;
    private TimeSpan _waited;

    /// <summary>Creates a loader; the first samples are made when the first batch is asked for.</summary>
    /// <param name="dataset">The samples.</param>
    /// <param name="tokenizer">The tokenizer.</param>
    /// <param name="batchSize">Samples a batch, of all ranks; what is left of an epoch is dropped.</param>
    /// <param name="maxTokens">Longest text, [CLS] included.</param>
    /// <param name="seed">The run's seed.</param>
    /// <param name="minTokens">Length to which texts are padded at least.</param>
    /// <param name="paraphrases">Whether batches carry paraphrases.</param>
    /// <param name="workers">Threads that make samples.</param>
    /// <param name="rank">Whose rows of a batch are made.</param>
    /// <param name="ranks">Ranks that share a batch equally.</param>
    /// <exception cref="ArgumentException">The batch cannot be shared equally.</exception>
    public BatchLoader(IRegionDataset dataset, ITokenizer tokenizer, int batchSize, int maxTokens, ulong seed,
        int minTokens = 0, bool paraphrases = false, int workers = 1, int rank = 0, int ranks = 1)
    {
        if (batchSize % ranks != 0)
            throw new ArgumentException($"{batchSize} samples cannot be shared by {ranks} ranks", nameof(ranks));
        (_rows, _firstRow) = (batchSize / ranks, batchSize / ranks * rank);
        (_dataset, _tokenizer, _batchSize, _maxTokens) = (dataset, tokenizer, batchSize, maxTokens);
        (_seed, _minTokens, _paraphrases, _workers) = (seed, minTokens, paraphrases, workers);
        StepsPerEpoch = dataset.Count / batchSize;
        // A batch ahead, or as many of small ones as keep each thread in work while one sample is late.
        var ahead = (2 * workers + _rows - 1) / _rows;
        _buffers = [.. Enumerable.Range(0, ahead + 1).Select(_ => new Buffers(_rows, dataset.ImageSize))];
        _orders = new EpochOrders(Order, _buffers.Length);
    }

    /// <summary>Steps in an epoch.</summary>
    public int StepsPerEpoch { get; }

    /// <summary>How long <see cref="Get"/> has waited for samples in all.</summary>
    public TimeSpan Waited => _waited + (_ahead?.Waited ?? TimeSpan.Zero);

    /// <summary>
    /// The batch of a step, counted from 0 over all epochs, of one process alone. It is valid until the next call.
    /// </summary>
    /// <exception cref="DataException">Too many samples are unusable.</exception>
    public TrainingBatch Get(int step)
    {
        var draft = Begin(step);
        Replace(draft, [.. draft.Unusable.Keys]);
        Encode(draft);
        return Finish(draft, draft.Longest, draft.LongestParaphrase);
    }

    /// <summary>Makes this rank's rows of a batch, apart from those whose samples cannot be used.</summary>
    /// <param name="step">The step, counted from 0 over all epochs.</param>
    /// <exception cref="DataException">Too many samples are unusable.</exception>
    public BatchDraft Begin(int step)
    {
        if (_ahead?.Position != (long)step * _rows)
            StartAt(step);
        var draft = new BatchDraft(step, _rows);
        for (var i = 0; i < _rows; i++)
        {
            var row = _ahead!.Next();
            if (row.Problem is { } problem)
                draft.Unusable.Add(_firstRow + i, problem);
            else
                Put(draft, i, row);
        }
        return draft;
    }

    /// <summary>Puts other samples in the place of those that cannot be used.</summary>
    /// <param name="draft">The batch.</param>
    /// <param name="unusable">
    /// Their places in the whole batch, those of other ranks included, in ascending order: which sample takes a place
    /// depends on those that have taken others.
    /// </param>
    /// <exception cref="DataException">Too many samples are unusable.</exception>
    public void Replace(BatchDraft draft, IReadOnlyList<int> unusable)
    {
        if (unusable.Count == 0)
            return;
        var (epoch, first) = PlaceOf(draft.Step);
        var order = _orders[epoch];
        HashSet<int> taken = [.. order.AsSpan(first, _batchSize)];
        foreach (var place in unusable)
        {
            var own = draft.Unusable.TryGetValue(place, out var problem);
            var sample = Replacement(order, first + place, epoch, taken, problem);
            if (own)
                Put(draft, place - _firstRow, Write(sample, BuffersOf(draft.Step), place - _firstRow));
        }
    }

    /// <summary>Encodes the texts, which tells how long they are.</summary>
    public void Encode(BatchDraft draft)
    {
        draft.Text = _tokenizer.EncodeBatch(draft.Captions, _maxTokens, _minTokens);
        if (_paraphrases)
            draft.ParaphraseText = _tokenizer.EncodeBatch(draft.Paraphrases, _maxTokens, _minTokens);
    }

    /// <summary>The rows, which are valid until the next batch begins.</summary>
    /// <param name="draft">The batch.</param>
    /// <param name="longest">Tokens of the longest text of the whole batch, to which all are padded.</param>
    /// <param name="longestParaphrase">The same for the paraphrases.</param>
    public TrainingBatch Finish(BatchDraft draft, int longest, int longestParaphrase)
    {
        var buffers = BuffersOf(draft.Step);
        return new TrainingBatch(
            buffers.Images, buffers.Masks, Padded(draft.Text!, draft.Captions, longest), _dataset.ImageSize)
        {
            Paraphrases = draft.ParaphraseText is { } texts
                ? Padded(texts, draft.Paraphrases, longestParaphrase) : null,
            HasParaphrase = draft.HasParaphrase,
            Pictures = draft.Pictures,
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
        _ahead = new OrderedPrefetch<Row>(
            Make, _workers, (_buffers.Length - 1) * _rows, first: (long)step * _rows);
    }

    private void Stop()
    {
        _ahead?.Dispose();
        _waited = Waited;
        _ahead = null;
    }

    private (int Epoch, int First) PlaceOf(int step) =>
        (step / StepsPerEpoch, step % StepsPerEpoch * _batchSize);

    private Buffers BuffersOf(int step) => _buffers[step % _buffers.Length];

    // A sample of its own place in the order; this rank's rows are numbered over all epochs.
    private Row Make(long number)
    {
        int step = (int)(number / _rows), i = (int)(number % _rows);
        var (epoch, first) = PlaceOf(step);
        try
        {
            return Write(_dataset.Get(_orders[epoch][first + _firstRow + i], _seed, epoch), BuffersOf(step), i);
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

    private TokenBatch Padded(TokenBatch texts, string[] captions, int length) => texts.Length == length
        ? texts : _tokenizer.EncodeBatch(captions, _maxTokens, length);

    private static void Put(BatchDraft draft, int i, Row row)
    {
        draft.Captions[i] = row.Caption;
        draft.Paraphrases[i] = row.Paraphrase ?? row.Caption;
        draft.HasParaphrase[i] = row.Paraphrase is not null;
        draft.Pictures[i] = row.PictureNumber;
    }

    // The next usable sample from a batch further on, for one whose own place in the order holds none. One that is in
    // the batch already is the last choice: a pair would meet itself as a negative.
    private RegionSample Replacement(
        int[] order, int place, int epoch, HashSet<int> taken, UnusableSampleException? problem)
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
        var line = $"none of the {order.Length} training samples can be used";
        // Another rank has read the sample, and knows what is wrong with it.
        throw problem is null ? new DataException($"{line}; see the warnings")
            : new DataException($"{line}; the first problem: {problem.Message}", problem);
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
