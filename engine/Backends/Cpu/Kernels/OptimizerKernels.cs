using System.Numerics;
using System.Runtime.CompilerServices;
using AmcEngine.Backends.Cpu.Host;
using AmcEngine.Backends.Cpu.Simd;
using AmcEngine.Backends.Kernels;
using AmcEngine.Tensors;

namespace AmcEngine.Backends.Cpu.Kernels;

// The optimizer's step. Layout: flat. Fused: decay, both moments, bias corrections and the update, in one pass.
// Traffic: p, m, v read and written once, g read once. With a moving average in the same pass only the average is read
// and written more, the new p is at hand.

/// <summary>What a step does to all weights.</summary>
internal sealed class OptimizerKernels(CpuHost host) : CpuKernels(host), IOptimizerKernels
{
    /// <inheritdoc/>
    public void Run(in AdamWArgs args)
    {
        foreach (var t in args.Tensors)
            if (t.P.DType == DType.F64) AdamW<double>(t, args.Step);
            else AdamW<float>(t, args.Step);
    }

    private unsafe void AdamW<T>(AdamWTensors t, in AdamWStep step) where T : unmanaged, IFloatingPointIeee754<T>
    {
        var average = t.Average is { } y ? Ptr<T>(y) : null;
        Run<T, AdamWKernel<T>>(new AdamWKernel<T>(Ptr<T>(t.P), Ptr<T>(t.G), Ptr<T>(t.M), Ptr<T>(t.V), average, step),
            t.P.Count, CheapTile / 2);
    }

    /// <inheritdoc/>
    public void Run(in LerpArgs args)
    {
        foreach (var (x, y) in args.Pairs) Lerp(x, args.Weight, y);
    }

    private unsafe void Lerp(Tensor x, double weight, Tensor y)
    {
        if (y.DType == DType.F64) Run<double, LerpKernel<double>>(
            new LerpKernel<double>(Ptr<double>(x), weight, Ptr<double>(y)), y.Count, CheapTile);
        else Run<float, LerpKernel<float>>(
            new LerpKernel<float>(Ptr<float>(x), (float)weight, Ptr<float>(y)), y.Count, CheapTile);
    }
}

/// <summary>
/// One step of AdamW; where there is a moving average y of the parameter, y += weight·(p − y) after it. What depends on
/// the step alone is computed in f64.
/// </summary>
internal readonly unsafe struct AdamWKernel<T>(T* p, T* g, T* m, T* v, T* y, in AdamWStep options) : ISimdKernel<T>
    where T : unmanaged, IFloatingPointIeee754<T>
{
    private readonly T* _p = p;
    private readonly T* _g = g;
    private readonly T* _m = m;
    private readonly T* _v = v;
    private readonly T* _y = y;
    private readonly T _keep = T.CreateTruncating(1 - options.LearningRate * options.WeightDecay);
    private readonly T _first = T.CreateTruncating(1 - options.Beta1);
    private readonly T _beta2 = T.CreateTruncating(options.Beta2);
    private readonly T _second = T.CreateTruncating(1 - options.Beta2);
    private readonly T _rate = T.CreateTruncating(-options.LearningRate / (1 - Math.Pow(options.Beta1, options.Step)));
    private readonly T _root = T.CreateTruncating(1 / Math.Sqrt(1 - Math.Pow(options.Beta2, options.Step)));
    private readonly T _eps = T.CreateTruncating(options.Eps);
    private readonly T _move = T.CreateTruncating(options.AverageWeight);

    [MethodImpl(MethodImplOptions.NoInlining | MethodImplOptions.AggressiveOptimization)]
    public void Run<S, V>(int from, int to) where S : ISimd<V, T> where V : unmanaged
    {
        T* p = _p, g = _g, m = _m, v = _v, y = _y;
        V keep = S.Set(_keep), first = S.Set(_first), beta2 = S.Set(_beta2), second = S.Set(_second),
            rate = S.Set(_rate), root = S.Set(_root), eps = S.Set(_eps), move = S.Set(_move);
        for (var i = from; i < to; i += S.Count)
        {
            var n = to - i;
            var whole = n >= S.Count;
            var grad = whole ? S.Load(g + i) : S.LoadPartial(g + i, n, default);
            var mean = whole ? S.Load(m + i) : S.LoadPartial(m + i, n, default);
            var square = whole ? S.Load(v + i) : S.LoadPartial(v + i, n, default);
            var weight = whole ? S.Load(p + i) : S.LoadPartial(p + i, n, default);
            mean = S.Fma(first, S.Sub(grad, mean), mean);
            square = S.Fma(S.Mul(second, grad), grad, S.Mul(beta2, square));
            var step = S.Div(mean, S.Fma(S.Sqrt(square), root, eps));
            weight = S.Fma(rate, step, S.Mul(weight, keep));
            if (whole)
            {
                S.Store(mean, m + i);
                S.Store(square, v + i);
                S.Store(weight, p + i);
                if (y is null) continue;
                var average = S.Load(y + i);
                S.Store(S.Fma(move, S.Sub(weight, average), average), y + i);
                continue;
            }
            S.StorePartial(mean, m + i, n);
            S.StorePartial(square, v + i, n);
            S.StorePartial(weight, p + i, n);
            if (y is null) continue;
            var rest = S.LoadPartial(y + i, n, default);
            S.StorePartial(S.Fma(move, S.Sub(weight, rest), rest), y + i, n);
        }
    }
}

/// <summary>y += weight·(x − y).</summary>
internal readonly unsafe struct LerpKernel<T>(T* x, T weight, T* y) : ISimdKernel<T> where T : unmanaged
{
    private readonly T* _x = x;
    private readonly T* _y = y;
    private readonly T _weight = weight;

    [MethodImpl(MethodImplOptions.NoInlining | MethodImplOptions.AggressiveOptimization)]
    public void Run<S, V>(int from, int to) where S : ISimd<V, T> where V : unmanaged
    {
        T* x = _x, y = _y;
        var weight = S.Set(_weight);
        var i = from;
        for (; i <= to - S.Count; i += S.Count)
        {
            var old = S.Load(y + i);
            S.Store(S.Fma(weight, S.Sub(S.Load(x + i), old), old), y + i);
        }
        if (i < to)
        {
            var old = S.LoadPartial(y + i, to - i, default);
            S.StorePartial(S.Fma(weight, S.Sub(S.LoadPartial(x + i, to - i, default), old), old), y + i, to - i);
        }
    }
}
