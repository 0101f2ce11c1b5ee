using AmcEngine.Autograd;
using AmcEngine.Backends.Kernels;
using AmcEngine.Collectives;
using AmcEngine.Memory;
using AmcEngine.Ops;
using AmcEngine.Tensors;

namespace AmcEngine.DataParallel;

/// <summary>
/// Gradients of some weights in one piece of memory, which the ranks sum in one exchange, for all of them or for the
/// one rank that needs them. Behind them stands a number a rank, 0 or NaN: which ranks brought gradients that are not
/// finite.
/// </summary>
internal sealed class GradientBucket : IDisposable
{
    private readonly Packing _packing;
    private readonly Tensor _values;
    private readonly ICommunicator _ranks;
    private readonly int? _owner;
    private readonly bool[] _isPacked;
    private CollectiveWork? _work;
    private int _missing;

    /// <summary>A bucket for the gradients of some weights of one element type.</summary>
    /// <param name="weights">The weights.</param>
    /// <param name="ranks">The ranks.</param>
    /// <param name="owner">The one rank that gets the gradients; null for all.</param>
    public GradientBucket(IReadOnlyList<Tensor> weights, ICommunicator ranks, int? owner)
    {
        (_packing, _ranks, _owner, _isPacked) = (new Packing(weights), ranks, owner, new bool[weights.Count]);
        using (MemoryScope.Suspend())
            _values = Tensor.Zeros([_packing.Length + ranks.Size], weights[0].DType, weights[0].Backend);
        Begin();
    }

    /// <summary>Whether all gradients are in.</summary>
    public bool IsFull => _missing == 0;

    /// <summary>Whether this rank gets the gradients.</summary>
    public bool IsOwn => _owner is null || _owner == _ranks.Rank;

    /// <summary>Begins a step.</summary>
    public void Begin()
    {
        (_missing, _work) = (_isPacked.Length, null);
        Array.Clear(_isPacked);
    }

    /// <summary>
    /// Moves a weight's gradient in here, zeros where there is none; <see cref="Tensor.Grad"/> is a part of the bucket
    /// then.
    /// </summary>
    public void Pack(int index)
    {
        if (_isPacked[index]) return;
        var weight = _packing.Tensors[index];
        var place = _packing.Place(_values, index);
        if (weight.Grad is { } gradient)
        {
            place.Backend.Run(new CopyArgs(gradient, place));
            gradient.Dispose();
        }
        else
        {
            place.Backend.Run(new FillArgs(place, 0));
        }
        weight.Grad = place;
        (_isPacked[index], _missing) = (true, _missing - 1);
    }

    /// <summary>Moves in what is missing.</summary>
    public void PackRest()
    {
        for (var i = 0; i < _isPacked.Length; i++) Pack(i);
    }

    /// <summary>Begins the exchange.</summary>
    public void Send()
    {
        using (NoGrad.Begin())
        using (MemoryScope.Begin())
        {
            var flags = Flags();
            flags.Backend.Run(new FillArgs(flags, 0));
            // 0·x is 0 for every finite x, and NaN for all others: found without reading anything back.
            var sum = _values.Slice(0, 0, _packing.Length).Sum().Scale(0).Reshape(1);
            flags.Backend.Run(new CopyArgs(sum, flags.Slice(0, _ranks.Rank, _ranks.Rank + 1)));
        }
        using (CollectiveUse.Begin("gradients"))
            _work = _owner is { } root ? _ranks.Reduce(_values, root) : _ranks.AllReduce(_values);
    }

    /// <summary>
    /// Waits for the exchange; the gradients are the mean of the ranks' then, and gone where they are another rank's.
    /// </summary>
    public void Receive()
    {
        _work!.Wait();
        _work = null;
        if (IsOwn)
        {
            _values.Backend.Run(new UnaryArgs(UnaryKind.Affine, _values, _values, 1.0 / _ranks.Size, 0));
            return;
        }
        foreach (var weight in _packing.Tensors)
        {
            weight.Grad!.Dispose();
            weight.Grad = null;
        }
        // What a library leaves on other ranks than the root's is not said, and gaps count in the next step's flag.
        _packing.ClearGaps(_values);
    }

    /// <summary>
    /// For each rank whether its gradients were finite, where this rank gets them; reads that from the device.
    /// </summary>
    public bool[] IsFinite()
    {
        using (NoGrad.Begin())
        using (MemoryScope.Begin())
            return Array.ConvertAll(Flags().ToDoubles(), double.IsFinite);
    }

    /// <inheritdoc/>
    public void Dispose() => _values.Dispose();

    private Tensor Flags() => _values.Slice(0, _packing.Length, _packing.Length + _ranks.Size);
}
