using AmcEngine.Collectives;
using AmcEngine.Memory;
using AmcEngine.Tensors;

namespace AmcEngine.Optim;

/// <summary>
/// The moments of all parameters on one rank, where each rank keeps a part: a tensor at a time comes from its owner
/// when it is asked for, so that no more memory is taken than the largest one has. Meanwhile the other ranks are in
/// <see cref="AdamW.ServeMoments"/>.
/// </summary>
public sealed class GatheredMoments : IDisposable
{
    private readonly int _count;
    private readonly Func<int, Tensor?> _own;
    private readonly Func<int, Tensor> _like;
    private readonly Action<int, Tensor> _fetch;
    private int _at = -1;
    private Tensor? _current, _scratch;

    /// <param name="count">How many there are.</param>
    /// <param name="own">A moment of this rank; null where it is another one's.</param>
    /// <param name="like">A tensor of the moment's shape.</param>
    /// <param name="fetch">Brings a moment to all ranks.</param>
    internal GatheredMoments(
        int count, Func<int, Tensor?> own, Func<int, Tensor> like, Action<int, Tensor> fetch) =>
        (_count, _own, _like, _fetch) = (count, own, like, fetch);

    /// <summary>
    /// A moment; 2·i and 2·i + 1 are the first and the second of parameter i. They are asked for in order, each as
    /// often as wanted, and stay until the next one is asked for.
    /// </summary>
    /// <param name="number">Its number.</param>
    /// <exception cref="InvalidOperationException">It is neither the present one nor the next.</exception>
    /// <exception cref="CollectiveException">A rank has failed.</exception>
    public Tensor this[int number]
    {
        get
        {
            if (number == _at + 1) Advance();
            else if (number != _at || number < 0)
                throw new InvalidOperationException($"moment {number} is asked for at {_at}");
            return _current!;
        }
    }

    /// <summary>
    /// Fetches what nobody has asked for, since the other ranks wait until all are fetched, and gives the memory back.
    /// </summary>
    public void Dispose()
    {
        try
        {
            while (_at + 1 < _count) Advance();
        }
        catch (CollectiveException)
        {
            // Nobody waits any more.
        }
        _scratch?.Dispose();
    }

    private void Advance()
    {
        _at++;
        _scratch?.Dispose();
        _scratch = null;
        _current = _own(_at) ?? (_scratch = Empty(_like(_at)));
        _fetch(_at, _current);
    }

    private static Tensor Empty(Tensor like)
    {
        using (MemoryScope.Suspend()) return Tensor.Empty(like.Shape, like.DType, like.Backend);
    }
}
