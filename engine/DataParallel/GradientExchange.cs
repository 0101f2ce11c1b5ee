using System.Runtime.InteropServices;
using AmcEngine.Autograd;
using AmcEngine.Collectives;
using AmcEngine.Tensors;

namespace AmcEngine.DataParallel;

/// <summary>
/// Backward passes whose gradients are the mean over ranks (Li et al. 2020, "PyTorch Distributed: Experiences on
/// Accelerating Data Parallel Training"). Weights are put into buckets in the order in which a first pass completes
/// their gradients, as rank 0 has seen it; from then on each bucket is sent as soon as it is full and those before it
/// are sent, while the pass goes on. So all ranks send the same buckets in the same order, whatever their data reaches:
/// a weight without a gradient counts as zeros where another rank has one, and stays without where none has.
/// </summary>
public sealed class GradientExchange : IDisposable
{
    /// <summary>Bytes of a bucket: large enough for the network's rate, small enough to begin early.</summary>
    public const long DefaultBucketBytes = 25L << 20;

    private readonly ICommunicator _ranks;
    private readonly Tensor[] _weights;
    private readonly long _bucketBytes;
    private readonly List<GradientBucket> _buckets = [];
    private readonly List<int> _order = [];
    private readonly Dictionary<Tensor, int> _numbers = new(ReferenceEqualityComparer.Instance);
    private readonly (GradientBucket Bucket, int Index)[] _places;
    private int _sent;

    /// <summary>An exchange for some weights.</summary>
    /// <param name="ranks">The ranks, two at least.</param>
    /// <param name="weights">What is trained, alike on all ranks, of one element type.</param>
    /// <param name="bucketBytes">Most bytes of a bucket that holds more than one weight.</param>
    public GradientExchange(
        ICommunicator ranks, IEnumerable<Tensor> weights, long bucketBytes = DefaultBucketBytes)
    {
        (_ranks, _weights, _bucketBytes) = (ranks, [.. weights], bucketBytes);
        _places = new (GradientBucket, int)[_weights.Length];
        for (var i = 0; i < _weights.Length; i++) _numbers.Add(_weights[i], i);
    }

    /// <summary>The ranks.</summary>
    public ICommunicator Ranks => _ranks;

    /// <summary>Exchanges that began before the backward pass of the last step was over.</summary>
    public int SentEarly { get; private set; }

    /// <summary>Buckets; none before the first step.</summary>
    public int Buckets => _buckets.Count;

    /// <summary>
    /// The gradient of a loss, averaged over ranks, in <see cref="Tensor.Grad"/> of each weight; null where no rank has
    /// one. All ranks call it.
    /// </summary>
    /// <param name="loss">A one-element tensor.</param>
    /// <param name="rest">
    /// Completes the gradients where the loss alone does not; null where it does, and only then is sent early.
    /// </param>
    /// <param name="holds">
    /// Whether ranks have still to exchange something else in this backward pass, so that nothing may come between.
    /// </param>
    /// <exception cref="CollectiveException">The ranks could not exchange.</exception>
    public void Backward(Tensor loss, Action? rest = null, Func<bool>? holds = null)
    {
        List<int> seen = [];
        _sent = 0;
        foreach (var bucket in _buckets) bucket.Begin();
        if (rest is null)
        {
            loss.Backward(leaf =>
            {
                if (!_numbers.TryGetValue(leaf, out var number)) return;
                seen.Add(number);
                if (_buckets.Count == 0) return;
                var (bucket, index) = _places[number];
                bucket.Pack(index);
                if (holds?.Invoke() != true) SendFull();
            });
        }
        else
        {
            loss.Backward();
            rest();
        }
        SentEarly = _sent;
        if (_buckets.Count == 0) MakeBuckets(seen);
        Finish();
    }

    /// <summary>
    /// The first rank that brought gradients to the last exchange that are not finite; null where all were.
    /// </summary>
    public int? FirstNotFinite()
    {
        bool[][] finite = [.. _buckets.Select(b => b.IsFinite())];
        int[] ranks = [.. Enumerable.Range(0, _ranks.Size).Where(r => finite.Any(f => !f[r]))];
        return ranks.Length == 0 ? null : ranks[0];
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (var bucket in _buckets) bucket.Dispose();
        _buckets.Clear();
    }

    private void SendFull()
    {
        while (_sent < _buckets.Count && _buckets[_sent].IsFull) _buckets[_sent++].Send();
    }

    private void Finish()
    {
        // Which weights have a gradient here, before zeros stand in for those that have none.
        var has = Array.ConvertAll(_weights, w => w.Grad is null ? 0.0 : 1.0);
        foreach (var bucket in _buckets)
        {
            bucket.PackRest();
            SendFull();
        }
        foreach (var bucket in _buckets) bucket.Receive();
        _ranks.AllReduce(has, Reduction.Max);
        for (var i = 0; i < _weights.Length; i++)
        {
            if (has[i] > 0) continue;
            _weights[i].Grad!.Dispose();
            _weights[i].Grad = null;
        }
    }

    private void MakeBuckets(List<int> seen)
    {
        // What the pass has not reached, and all where it says nothing of the order: the last layers come first.
        int[] own = [.. seen, .. Enumerable.Range(0, _weights.Length).Reverse().Except(seen)];
        _order.AddRange(MemoryMarshal.Cast<byte, int>(_ranks.AllGather(MemoryMarshal.AsBytes(own.AsSpan()))[0]));
        List<int> members = [];
        long bytes = 0;
        foreach (var number in _order)
        {
            var size = (long)_weights[number].Count * _weights[number].DType.Size();
            if (members.Count > 0 && bytes + size > _bucketBytes) Close();
            members.Add(number);
            bytes += size;
        }
        Close();

        void Close()
        {
            var bucket = new GradientBucket([.. members.Select(m => _weights[m])], _ranks);
            for (var i = 0; i < members.Count; i++) _places[members[i]] = (bucket, i);
            _buckets.Add(bucket);
            members.Clear();
            bytes = 0;
        }
    }
}
