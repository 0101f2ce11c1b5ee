using System.Numerics;
using AmcEngine.Tensors;

namespace AmcEngine.Backends.Cpu;

/// <summary>Attention forward; the range counts query blocks (sample, head, block), blocks of a head next to each other.</summary>
internal readonly struct AttentionForwardKernel<T>(AttentionProblem<T> problem, int blocks) : IKernel<T> where T : unmanaged, IFloatingPointIeee754<T>
{
    private readonly AttentionProblem<T> _problem = problem;
    private readonly int _blocks = blocks;

    public void Run<S, V>(int from, int to) where S : ISimd<V, T> where V : unmanaged
    {
        int h = _problem.Args.H, lq = _problem.Args.Lq;
        for (var t = from; t < to; t++)
        {
            int head = t / _blocks, block = t % _blocks;
            AttentionKernel<T, V, S>.Forward(_problem, head / h, head % h, (int)((long)lq * block / _blocks), (int)((long)lq * (block + 1) / _blocks));
        }
    }
}

/// <summary>Attention backward in blocks of so many query rows; the range counts heads (sample, head).</summary>
internal readonly struct AttentionBackwardKernel<T>(AttentionProblem<T> problem, int queryBlock) : IKernel<T> where T : unmanaged, IFloatingPointIeee754<T>
{
    private readonly AttentionProblem<T> _problem = problem;
    private readonly int _queryBlock = queryBlock;

    public void Run<S, V>(int from, int to) where S : ISimd<V, T> where V : unmanaged
    {
        var h = _problem.Args.H;
        for (var t = from; t < to; t++) AttentionKernel<T, V, S>.Backward(_problem, t / h, t % h, _queryBlock);
    }
}

/// <summary>Gradient of attention's gradient in blocks of so many query rows; the range counts heads (sample, head).</summary>
internal readonly struct AttentionDoubleBackwardKernel<T>(AttentionProblem<T> problem, int queryBlock) : IKernel<T> where T : unmanaged, IFloatingPointIeee754<T>
{
    private readonly AttentionProblem<T> _problem = problem;
    private readonly int _queryBlock = queryBlock;

    public void Run<S, V>(int from, int to) where S : ISimd<V, T> where V : unmanaged
    {
        var h = _problem.Args.H;
        for (var t = from; t < to; t++) AttentionKernel<T, V, S>.DoubleBackward(_problem, t / h, t % h, _queryBlock);
    }
}

/// <summary>y = softmax(scale·x + mask) of rows [B, H, rows, n]; the range counts heads (sample, head).</summary>
internal readonly unsafe struct MaskedSoftmaxKernel<T>(T* x, T scale, Shape shape, T* mask, long maskBatch, long maskHead, int maskRow, T* y) : IKernel<T>
    where T : unmanaged, IFloatingPointIeee754<T>
{
    private readonly T* _x = x;
    private readonly T* _mask = mask;
    private readonly T* _y = y;
    private readonly T _scale = scale;
    private readonly long _maskBatch = maskBatch;
    private readonly long _maskHead = maskHead;
    private readonly int _maskRow = maskRow;
    private readonly int _heads = shape[1];
    private readonly int _rows = shape[2];
    private readonly int _length = shape[3];

    public void Run<S, V>(int from, int to) where S : ISimd<V, T> where V : unmanaged
    {
        for (var t = from; t < to; t++)
        {
            int b = t / _heads, h = t % _heads;
            for (var i = 0; i < _rows; i++)
            {
                var at = ((nint)t * _rows + i) * _length;
                var row = _mask is null ? null : _mask + b * _maskBatch + h * _maskHead + (nint)i * _maskRow;
                AttentionKernel<T, V, S>.SoftmaxRow(_x + at, _scale, row, _length, _y + at);
            }
        }
    }
}
