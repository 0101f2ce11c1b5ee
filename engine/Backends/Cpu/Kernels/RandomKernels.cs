using System.Numerics;
using System.Runtime.CompilerServices;
using AmcEngine.Backends.Cpu.Host;
using AmcEngine.Backends.Cpu.Simd;
using AmcEngine.Backends.Kernels;
using AmcEngine.Tensors;

namespace AmcEngine.Backends.Cpu.Kernels;

// Random numbers by element number, see RandomKey. Layout: flat; a chunk of words or uniform numbers is made on the
// stack and used at once, so that a mask never reaches memory. Cost: about 25 integer operations an element; x once, y
// once.

/// <summary>Random tensors and dropout. Tiles are whole blocks of four words.</summary>
internal sealed class RandomKernels(CpuHost host) : CpuKernels(host), IRandomKernels
{
    /// <inheritdoc/>
    public unsafe void Run(in DropoutArgs args)
    {
        var (x, p, key, y) = args;
        if (y.DType == DType.F64) Run<double, DropoutKernel<double>>(
            new DropoutKernel<double>(Ptr<double>(x), p, key, key.First(y.Count), Ptr<double>(y)), y.Count, DearTile);
        else Run<float, DropoutKernel<float>>(
            new DropoutKernel<float>(Ptr<float>(x), p, key, key.First(y.Count), Ptr<float>(y)), y.Count, DearTile);
    }

    /// <inheritdoc/>
    public unsafe void Run(in UniformArgs args)
    {
        var (y, low, high, key) = args;
        if (y.DType == DType.F64) Run(new UniformKernel<double>(Ptr<double>(y), low, high, key), y.Count, DearTile);
        else Run(new UniformKernel<float>(Ptr<float>(y), low, high, key), y.Count, DearTile);
    }

    /// <inheritdoc/>
    public unsafe void Run(in NormalArgs args)
    {
        var (y, mean, std, key) = args;
        var pairs = (y.Count + 1) / 2;
        if (y.DType == DType.F64)
            Run(new NormalKernel<double>(Ptr<double>(y), y.Count, mean, std, key), pairs, DearTile / 2);
        else Run(new NormalKernel<float>(Ptr<float>(y), y.Count, mean, std, key), pairs, DearTile / 2);
    }
}

/// <summary>Uniform numbers of either element type.</summary>
internal static unsafe class UniformNumbers
{
    /// <summary>Elements a chunk: 4 KB of f64.</summary>
    public const int Chunk = 512;

    /// <summary>The numbers of elements [start, start + n).</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Fill<T>(in RandomKey key, long start, T* values, int n) where T : unmanaged
    {
        if (typeof(T) == typeof(double)) PhiloxVectors.FillUniform(key, start, (double*)values, n);
        else PhiloxVectors.FillUniform(key, start, (float*)values, n);
    }
}

/// <summary>y = x∘[u ≥ p]/(1 − p), decided on the random words themselves, without making numbers of them.</summary>
internal readonly unsafe struct DropoutKernel<T>(T* x, double p, RandomKey key, long first, T* y) : ISimdKernel<T>
    where T : unmanaged, IFloatingPointIeee754<T>
{
    private readonly T* _x = x;
    private readonly T* _y = y;
    private readonly RandomKey _key = key;
    private readonly long _first = first;
    private readonly T _scale = T.CreateTruncating(1 / (1 - p));
    private readonly ulong _threshold = Philox.KeepThreshold(p);

    public void Run<S, V>(int from, int to) where S : ISimd<V, T> where V : unmanaged
    {
        if (_threshold > uint.MaxValue)
        {
            new Span<T>(_y + from, to - from).Clear();
            return;
        }
        var words = stackalloc uint[UniformNumbers.Chunk + PhiloxVectors.Padding];
        for (var i = from; i < to; i += UniformNumbers.Chunk)
        {
            var n = Math.Min(UniformNumbers.Chunk, to - i);
            var drawn = PhiloxVectors.FillPadded(_key, _first + i, words, n);
            Apply<S, V>(_x + i, drawn, (uint)_threshold, S.Set(_scale), _y + i, n);
        }
    }

    [MethodImpl(MethodImplOptions.NoInlining | MethodImplOptions.AggressiveOptimization)]
    private static void Apply<S, V>(T* x, uint* words, uint threshold, V scale, T* y, int n)
        where S : ISimd<V, T> where V : unmanaged
    {
        var i = 0;
        for (; i <= n - S.Count; i += S.Count)
            S.Store(S.Keep(S.Mul(S.Load(x + i), scale), words + i, threshold), y + i);
        if (i < n) S.StorePartial(
            S.Keep(S.Mul(S.LoadPartial(x + i, n - i, default), scale), words + i, threshold), y + i, n - i);
    }
}

/// <summary>y uniform in [low, high).</summary>
internal readonly unsafe struct UniformKernel<T>(T* y, double low, double high, RandomKey key) : IRange
    where T : unmanaged, IFloatingPointIeee754<T>
{
    private readonly T* _y = y;
    private readonly double _low = low;
    private readonly double _high = high;
    private readonly RandomKey _key = key;

    public void Run(int from, int to)
    {
        UniformNumbers.Fill(_key, from, _y + from, to - from);
        var last = T.BitDecrement(T.CreateTruncating(_high));
        var empty = _high <= _low;
        for (var i = from; i < to; i++)
        {
            // In f64, so that both types agree; rounding to T may reach high, which is outside.
            var v = T.CreateTruncating(_low + double.CreateTruncating(_y[i]) * (_high - _low));
            _y[i] = empty ? v : T.Min(v, last);
        }
    }
}

/// <summary>
/// y normal by Box-Muller: elements 2k and 2k + 1 are r·cos and r·sin with r = √(−2 ln(1 − u₂ₖ)) at angle 2π·u₂ₖ₊₁.
/// </summary>
internal readonly unsafe struct NormalKernel<T>(T* y, int count, double mean, double std, RandomKey key) : IRange
    where T : unmanaged, IFloatingPointIeee754<T>
{
    private readonly T* _y = y;
    private readonly int _count = count;
    private readonly double _mean = mean;
    private readonly double _std = std;
    private readonly RandomKey _key = key;

    /// <summary>The range counts pairs.</summary>
    public void Run(int from, int to)
    {
        var uniform = stackalloc double[UniformNumbers.Chunk];
        const int pairs = UniformNumbers.Chunk / 2;
        for (var k = from; k < to; k += pairs)
        {
            var n = Math.Min(pairs, to - k);
            PhiloxVectors.FillUniform(_key, 2L * k, uniform, 2 * n);
            for (var i = 0; i < n; i++)
            {
                var r = _std * Math.Sqrt(-2 * Math.Log(1 - uniform[2 * i]));
                var (sin, cos) = Math.SinCos(2 * Math.PI * uniform[2 * i + 1]);
                var at = 2 * (k + i);
                _y[at] = T.CreateTruncating(_mean + r * cos);
                if (at + 1 < _count) _y[at + 1] = T.CreateTruncating(_mean + r * sin);
            }
        }
    }
}
