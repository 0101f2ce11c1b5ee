using System.Numerics;
using System.Runtime.CompilerServices;

namespace AmcEngine.Backends.Cpu;

// Cross-entropy with integer labels. Layout: rows [rows, classes]. Fused: maximum, Σ exp and the label's logit forward;
// softmax, one-hot and cotangent backward, so that probabilities are never stored. Sums in the fixed order of a row.
// Cost: about 18 FLOP a logit; logits once (twice when a row leaves the cache) and the gradient once.

/// <summary>losses[r] = lse[r] − x[r, label[r]].</summary>
internal readonly unsafe struct CrossEntropyKernel<T>(T* x, int classes, int* labels, int ignore, T* losses, T* lse) : IKernel<T>
    where T : unmanaged, IFloatingPointIeee754<T>
{
    private readonly T* _x = x;
    private readonly T* _losses = losses;
    private readonly T* _lse = lse;
    private readonly int* _labels = labels;
    private readonly int _classes = classes;
    private readonly int _ignore = ignore;

    public void Run<S, V>(int from, int to) where S : ISimd<V, T> where V : unmanaged
    {
        for (var r = from; r < to; r++)
        {
            var x = _x + (long)r * _classes;
            var max = Rows.Reduce<S, V, T, FastMaxOp>(x, _classes);
            _lse[r] = max + T.Log(SoftmaxRows.SumExp<S, V, T>(x, max, _classes));
            _losses[r] = _labels[r] == _ignore ? T.Zero : _lse[r] - x[_labels[r]];
        }
    }
}

/// <summary>dx[r, c] = g[r]·(exp(x[r, c] − lse[r]) − [c = label[r]]).</summary>
internal readonly unsafe struct CrossEntropyBackwardKernel<T>(T* x, T* lse, int classes, int* labels, int ignore, T* g, T* dx) : IKernel<T>
    where T : unmanaged, IFloatingPointIeee754<T>
{
    private readonly T* _x = x;
    private readonly T* _lse = lse;
    private readonly T* _g = g;
    private readonly T* _dx = dx;
    private readonly int* _labels = labels;
    private readonly int _classes = classes;
    private readonly int _ignore = ignore;

    public void Run<S, V>(int from, int to) where S : ISimd<V, T> where V : unmanaged
    {
        for (var r = from; r < to; r++)
        {
            T* x = _x + (long)r * _classes, dx = _dx + (long)r * _classes;
            var label = _labels[r];
            if (label == _ignore)
            {
                new Span<T>(dx, _classes).Clear();
                continue;
            }
            Row<S, V>(x, _lse[r], _g[r], dx, _classes);
            dx[label] -= _g[r];
        }
    }

    [MethodImpl(MethodImplOptions.NoInlining | MethodImplOptions.AggressiveOptimization)]
    private static void Row<S, V>(T* x, T lse, T g, T* dx, int n) where S : ISimd<V, T> where V : unmanaged
    {
        V shift = S.Set(lse), scale = S.Set(g);
        var i = 0;
        for (; i <= n - S.Count; i += S.Count) S.Store(S.Mul(scale, VectorMath.Exp<S, V, T>(S.Sub(S.Load(x + i), shift))), dx + i);
        if (i < n) S.StorePartial(S.Mul(scale, VectorMath.Exp<S, V, T>(S.Sub(S.LoadPartial(x + i, n - i, default), shift))), dx + i, n - i);
    }
}
