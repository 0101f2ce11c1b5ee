using System.Numerics;
using System.Runtime.CompilerServices;

namespace AmcEngine.Backends.Cpu;

// Cross-entropy with integer labels. Layout: rows [rows, classes]. Fused: maximum, Σ exp and the label's logit forward;
// softmax, one-hot and cotangent backward, so that probabilities are never stored. Sums in the fixed order of a row.
// Forward in blocks that stay in L1, with a running maximum and sum; while a block is summed, the next is fetched.
// Cost: about 15 FLOP a logit; logits once and the gradient once.

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

    // 8 KB of f32: this block and the next in L1.
    private const int Block = 2048;

    public void Run<S, V>(int from, int to) where S : ISimd<V, T> where V : unmanaged
    {
        for (var r = from; r < to; r++)
        {
            var x = _x + (long)r * _classes;
            _lse[r] = LogSumExp<S, V>(x);
            _losses[r] = _labels[r] == _ignore ? T.Zero : _lse[r] - x[_labels[r]];
        }
    }

    private T LogSumExp<S, V>(T* x) where S : ISimd<V, T> where V : unmanaged
    {
        T max = T.NegativeInfinity, sum = T.Zero;
        for (var at = 0; at < _classes; at += Block)
        {
            var n = Math.Min(Block, _classes - at);
            var top = Rows.Reduce<S, V, T, FastMaxOp>(x + at, n);
            if (top > max)
            {
                sum *= T.Exp(max - top);
                max = top;
            }
            // Logits of −∞ (and NaN) alone so far add nothing (and NaN).
            sum += Sum<S, V>(x + at, T.IsNegativeInfinity(max) ? T.Zero : max, n);
        }
        return max + T.Log(sum);
    }

    // Σ exp(x − max), in two sums; asks for what lies a block further.
    [MethodImpl(MethodImplOptions.NoInlining | MethodImplOptions.AggressiveOptimization)]
    private static T Sum<S, V>(T* x, T max, int n) where S : ISimd<V, T> where V : unmanaged
    {
        V top = S.Set(max), a = default, b = default;
        var i = 0;
        for (; i <= n - 2 * S.Count; i += 2 * S.Count)
        {
            Prefetch.Nearest(x + i + Block);
            if (sizeof(V) > 32) Prefetch.Nearest(x + i + Block + S.Count);
            a = S.Add(a, VectorMath.ExpBelow<S, V, T>(S.Sub(S.Load(x + i), top)));
            b = S.Add(b, VectorMath.ExpBelow<S, V, T>(S.Sub(S.Load(x + i + S.Count), top)));
        }
        for (; i < n; i += S.Count)
        {
            var v = i <= n - S.Count ? S.Load(x + i) : S.LoadPartial(x + i, n - i, S.Set(T.NegativeInfinity));
            a = S.Add(a, VectorMath.ExpBelow<S, V, T>(S.Sub(v, top)));
        }
        return S.Sum(S.Add(a, b));
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
        for (; i <= n - S.Count; i += S.Count) S.Store(S.Mul(scale, VectorMath.ExpBelow<S, V, T>(S.Sub(S.Load(x + i), shift))), dx + i);
        if (i < n) S.StorePartial(S.Mul(scale, VectorMath.ExpBelow<S, V, T>(S.Sub(S.LoadPartial(x + i, n - i, default), shift))), dx + i, n - i);
    }
}
