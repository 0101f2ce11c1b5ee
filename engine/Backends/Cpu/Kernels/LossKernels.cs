using System.Numerics;
using System.Runtime.CompilerServices;
using AmcEngine.Backends.Cpu.Host;
using AmcEngine.Backends.Cpu.Simd;
using AmcEngine.Backends.Kernels;
using AmcEngine.Tensors;

namespace AmcEngine.Backends.Cpu.Kernels;

// Cross-entropy with integer labels. Layout: rows [rows, classes]. Fused: maximum, Σ exp and the label's logit forward;
// softmax, one-hot and cotangent backward, so that probabilities are never stored. Sums in the fixed order of a row.
// Forward in blocks that stay in L1, with a running maximum and sum; while a block is summed, the next is fetched.
// Traffic: logits once and the gradient once.

/// <summary>Cross-entropy.</summary>
internal sealed class LossKernels(CpuHost host) : CpuKernels(host), ILossKernels
{
    /// <inheritdoc/>
    public void Run(in CrossEntropyArgs args)
    {
        if (args.Labels.Count == 0) return;
        IndexingKernels.CheckIndices("cross_entropy", args.Labels, args.X.Count / args.Labels.Count, args.Ignore);
        if (args.X.DType == DType.F64) CrossEntropy<double>(args);
        else CrossEntropy<float>(args);
    }

    private unsafe void CrossEntropy<T>(in CrossEntropyArgs args) where T : unmanaged, IFloatingPointIeee754<T>
    {
        var (x, labels, ignore, losses, lse) = args;
        int rows = labels.Count, classes = x.Count / rows;
        Run<T, CrossEntropyKernel<T>>(
            new CrossEntropyKernel<T>(Ptr<T>(x), classes, Ptr<int>(labels), ignore, Ptr<T>(losses), Ptr<T>(lse)), rows,
            RowTile(DearTile, classes));
    }

    /// <inheritdoc/>
    public void Run(in CrossEntropyBackwardArgs args)
    {
        if (args.Labels.Count == 0) return;
        IndexingKernels.CheckIndices(
            "cross_entropy_backward", args.Labels, args.X.Count / args.Labels.Count, args.Ignore);
        if (args.X.DType == DType.F64) CrossEntropyBackward<double>(args);
        else CrossEntropyBackward<float>(args);
    }

    private unsafe void CrossEntropyBackward<T>(in CrossEntropyBackwardArgs args)
        where T : unmanaged, IFloatingPointIeee754<T>
    {
        var (x, lse, labels, ignore, g, dx) = args;
        int rows = labels.Count, classes = x.Count / rows;
        var kernel = new CrossEntropyBackwardKernel<T>(
            Ptr<T>(x), Ptr<T>(lse), classes, Ptr<int>(labels), ignore, Ptr<T>(g), Ptr<T>(dx));
        Run<T, CrossEntropyBackwardKernel<T>>(kernel, rows, RowTile(DearTile, classes));
    }
}

/// <summary>losses[r] = lse[r] − x[r, label[r]].</summary>
internal readonly unsafe struct CrossEntropyKernel<T>(T* x, int classes, int* labels, int ignore, T* losses, T* lse)
    : ISimdKernel<T>
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
internal readonly unsafe struct CrossEntropyBackwardKernel<T>(
    T* x, T* lse, int classes, int* labels, int ignore, T* g, T* dx) : ISimdKernel<T>
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
        for (; i <= n - S.Count; i += S.Count)
            S.Store(S.Mul(scale, VectorMath.ExpBelow<S, V, T>(S.Sub(S.Load(x + i), shift))), dx + i);
        if (i < n) S.StorePartial(S.Mul(
            scale, VectorMath.ExpBelow<S, V, T>(S.Sub(S.LoadPartial(x + i, n - i, default), shift))), dx + i, n - i);
    }
}
