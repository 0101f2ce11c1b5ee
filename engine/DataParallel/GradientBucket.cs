using AmcEngine.Autograd;
using AmcEngine.Backends.Kernels;
using AmcEngine.Collectives;
using AmcEngine.Memory;
using AmcEngine.Ops;
using AmcEngine.Tensors;

namespace AmcEngine.DataParallel;

/// <summary>
/// Gradients of some weights in one piece of memory, which the ranks sum in one exchange. Behind them stands a number a
/// rank, 0 or NaN: which ranks brought gradients that are not finite.
/// </summary>
internal sealed class GradientBucket : IDisposable
{
    // Each gradient begins where vectors do.
    private const int Alignment = 16;

    private readonly Tensor[] _weights;
    private readonly int[] _starts;
    private readonly Tensor _values;
    private readonly int _length;
    private readonly ICommunicator _ranks;
    private readonly bool[] _isPacked;
    private CollectiveWork? _work;
    private int _missing;

    /// <summary>A bucket for the gradients of some weights of one element type.</summary>
    public GradientBucket(IReadOnlyList<Tensor> weights, ICommunicator ranks)
    {
        (_weights, _ranks, _isPacked) = ([.. weights], ranks, new bool[weights.Count]);
        _starts = new int[_weights.Length];
        for (var i = 0; i < _weights.Length; i++)
        {
            _starts[i] = _length;
            _length += (_weights[i].Count + Alignment - 1) / Alignment * Alignment;
        }
        using (MemoryScope.Suspend())
            _values = Tensor.Zeros([_length + ranks.Size], _weights[0].DType, _weights[0].Backend);
        Begin();
    }

    /// <summary>Whether all gradients are in.</summary>
    public bool IsFull => _missing == 0;

    /// <summary>The weights.</summary>
    public IReadOnlyList<Tensor> Weights => _weights;

    /// <summary>Begins a step.</summary>
    public void Begin()
    {
        (_missing, _work) = (_weights.Length, null);
        Array.Clear(_isPacked);
    }

    /// <summary>
    /// Moves a weight's gradient in here, zeros where there is none; <see cref="Tensor.Grad"/> is a part of the bucket
    /// then.
    /// </summary>
    public void Pack(int index)
    {
        if (_isPacked[index]) return;
        var weight = _weights[index];
        var place = MemoryScope.Detach(_values.Share(weight.Shape, default, _starts[index]));
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
        for (var i = 0; i < _weights.Length; i++) Pack(i);
    }

    /// <summary>Begins the exchange.</summary>
    public void Send()
    {
        using (NoGrad.Begin())
        using (MemoryScope.Begin())
        {
            var flags = _values.Slice(0, _length, _length + _ranks.Size);
            flags.Backend.Run(new FillArgs(flags, 0));
            // 0·x is 0 for every finite x, and NaN for all others: found without reading anything back.
            var sum = _values.Slice(0, 0, _length).Sum().Scale(0).Reshape(1);
            flags.Backend.Run(new CopyArgs(sum, flags.Slice(0, _ranks.Rank, _ranks.Rank + 1)));
        }
        _work = _ranks.AllReduce(_values);
    }

    /// <summary>Waits for the exchange; the gradients are the mean of the ranks' then.</summary>
    public void Receive()
    {
        _work!.Wait();
        _work = null;
        _values.Backend.Run(new UnaryArgs(UnaryKind.Affine, _values, _values, 1.0 / _ranks.Size, 0));
    }

    /// <summary>For each rank whether its gradients were finite; reads them from the device.</summary>
    public bool[] IsFinite()
    {
        var flags = new double[_ranks.Size];
        using (NoGrad.Begin())
        using (MemoryScope.Begin())
            _values.Slice(0, _length, _length + _ranks.Size).ToDoubles().CopyTo(flags, 0);
        return Array.ConvertAll(flags, double.IsFinite);
    }

    /// <inheritdoc/>
    public void Dispose() => _values.Dispose();
}
