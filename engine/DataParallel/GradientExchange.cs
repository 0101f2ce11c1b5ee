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
/// Where each weight is updated by one rank alone, only that one gets its gradient (Rajbhandari et al. 2020): a
/// reduce-scatter, a bucket of one owner at a time.
/// </summary>
public sealed class GradientExchange : IDisposable
{
    /// <summary>Bytes of a bucket: large enough for the network's rate, small enough to begin early.</summary>
    public const long DefaultBucketBytes = 25L << 20;

    private readonly ICommunicator _ranks;
    private readonly IEnumerable<Tensor> _named;
    private readonly long _bucketBytes;
    private readonly Func<Tensor, int?>? _owner;
    private readonly List<GradientBucket> _buckets = [];
    private readonly Dictionary<Tensor, int> _numbers = new(ReferenceEqualityComparer.Instance);
    private Tensor[] _weights = [];
    private (GradientBucket Bucket, int Index)[] _places = [];
    private int _sent;

    /// <summary>An exchange for some weights.</summary>
    /// <param name="ranks">The ranks, two at least.</param>
    /// <param name="weights">
    /// What is trained, alike on all ranks, of one element type; asked for at the first step and not before.
    /// </param>
    /// <param name="bucketBytes">Most bytes of a bucket that holds more than one weight.</param>
    /// <param name="owner">
    /// The one rank that needs a weight's gradient, null where all do; null itself where all need all.
    /// </param>
    public GradientExchange(ICommunicator ranks, IEnumerable<Tensor> weights, long bucketBytes = DefaultBucketBytes,
        Func<Tensor, int?>? owner = null) =>
        (_ranks, _named, _bucketBytes, _owner) = (ranks, weights, bucketBytes, owner);

    /// <summary>The ranks.</summary>
    public ICommunicator Ranks => _ranks;

    /// <summary>Whether a rank gets the gradients of a part of the weights only.</summary>
    public bool IsSharded => _owner is not null;

    /// <summary>Exchanges that began before the backward pass of the last step was over.</summary>
    public int SentEarly { get; private set; }

    /// <summary>Buckets; none before the first step.</summary>
    public int Buckets => _buckets.Count;

    /// <summary>
    /// The gradient of a loss, averaged over ranks, in <see cref="Tensor.Grad"/> of each weight; null where no rank has
    /// one, and where another rank alone needs it. All ranks call it.
    /// </summary>
    /// <param name="loss">A one-element tensor.</param>
    /// <param name="holds">
    /// Whether ranks have still to exchange something else in this backward pass, so that nothing may come between.
    /// </param>
    /// <exception cref="CollectiveException">The ranks could not exchange.</exception>
    public void Backward(Tensor loss, Func<bool>? holds = null) => Backward(loss.Backward, holds);

    /// <summary>The same for gradients that come by several passes.</summary>
    /// <param name="differentiate">
    /// Brings all gradients; tells of each weight when nothing more will be added to its gradient, or not at all.
    /// </param>
    /// <param name="holds">As above.</param>
    /// <exception cref="CollectiveException">The ranks could not exchange.</exception>
    public void Backward(Action<Action<Tensor>> differentiate, Func<bool>? holds = null)
    {
        if (_weights.Length == 0) Number();
        OrderedDictionary<int, bool> seen = [];
        _sent = 0;
        foreach (var bucket in _buckets) bucket.Begin();
        differentiate(leaf =>
        {
            if (leaf.Grad is null || !_numbers.TryGetValue(leaf, out var number)) return;
            seen.TryAdd(number, true);
            if (_buckets.Count == 0) return;
            var (bucket, index) = _places[number];
            bucket.Pack(index);
            if (holds?.Invoke() != true) SendFull();
        });
        SentEarly = _sent;
        if (_buckets.Count == 0) MakeBuckets([.. seen.Keys]);
        Finish();
    }

    /// <summary>
    /// The first rank that brought gradients to the last exchange that are not finite; null where all were. All ranks
    /// call it.
    /// </summary>
    /// <exception cref="CollectiveException">The ranks could not exchange.</exception>
    public int? FirstNotFinite()
    {
        var broken = new double[_ranks.Size];
        foreach (var bucket in _buckets.Where(b => b.IsOwn))
            foreach (var (rank, isFinite) in bucket.IsFinite().Index())
                if (!isFinite) broken[rank] = 1;
        _ranks.AllReduce(broken, Reduction.Max);
        return Array.IndexOf(broken, 1) is var first and >= 0 ? first : null;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (var bucket in _buckets) bucket.Dispose();
        _buckets.Clear();
    }

    private void Number()
    {
        _weights = [.. _named];
        _places = new (GradientBucket, int)[_weights.Length];
        for (var i = 0; i < _weights.Length; i++) _numbers.Add(_weights[i], i);
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
            _weights[i].Grad?.Dispose();
            _weights[i].Grad = null;
        }
    }

    private void MakeBuckets(int[] seen)
    {
        // What no pass has told of: the last layers come first.
        int[] own = [.. seen, .. Enumerable.Range(0, _weights.Length).Reverse().Except(seen)];
        int[] order = [.. MemoryMarshal.Cast<byte, int>(_ranks.AllGather(MemoryMarshal.AsBytes(own.AsSpan()))[0])];
        var sizes = Array.ConvertAll(_weights, w => (long)w.Count * w.DType.Size());
        var owners = Array.ConvertAll(_weights, w => _owner?.Invoke(w));
        foreach (var (owner, members) in BucketPlan.Of(order, sizes, owners, _bucketBytes))
        {
            var bucket = new GradientBucket([.. members.Select(m => _weights[m])], _ranks, owner);
            for (var i = 0; i < members.Length; i++) _places[members[i]] = (bucket, i);
            _buckets.Add(bucket);
        }
    }
}
