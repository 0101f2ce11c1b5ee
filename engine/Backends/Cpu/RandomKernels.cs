using System.Numerics;
using System.Runtime.CompilerServices;

namespace AmcEngine.Backends.Cpu;

// Random numbers by element number, see RandomKey. Layout: flat; a chunk of words or uniform numbers is made on the stack and used
// at once, so that a mask never reaches memory. Cost: about 25 integer operations an element; x once, y once.

/// <summary>Uniform numbers of either element type.</summary>
internal static unsafe class UniformNumbers
{
    /// <summary>Elements a chunk: 4 KB of f64.</summary>
    public const int Chunk = 512;

    /// <summary>The numbers of elements [start, start + n).</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Fill<T>(in RandomKey key, long start, T* values, int n) where T : unmanaged
    {
        if (typeof(T) == typeof(double)) Philox.FillUniform(key, start, (double*)values, n);
        else Philox.FillUniform(key, start, (float*)values, n);
    }
}

/// <summary>y = x∘[u ≥ p]/(1 − p), decided on the random words themselves, without making numbers of them.</summary>
internal readonly unsafe struct DropoutKernel<T>(T* x, double p, RandomKey key, T* y) : IKernel<T> where T : unmanaged, IFloatingPointIeee754<T>
{
    private readonly T* _x = x;
    private readonly T* _y = y;
    private readonly RandomKey _key = key;
    private readonly T _scale = T.CreateTruncating(1 / (1 - p));
    private readonly ulong _threshold = Philox.KeepThreshold(p);

    public void Run<S, V>(int from, int to) where S : ISimd<V, T> where V : unmanaged
    {
        if (_threshold > uint.MaxValue)
        {
            new Span<T>(_y + from, to - from).Clear();
            return;
        }
        var words = stackalloc uint[UniformNumbers.Chunk + Philox.Padding];
        for (var i = from; i < to; i += UniformNumbers.Chunk)
        {
            var n = Math.Min(UniformNumbers.Chunk, to - i);
            Apply<S, V>(_x + i, Philox.FillPadded(_key, i, words, n), (uint)_threshold, S.Set(_scale), _y + i, n);
        }
    }

    [MethodImpl(MethodImplOptions.NoInlining | MethodImplOptions.AggressiveOptimization)]
    private static void Apply<S, V>(T* x, uint* words, uint threshold, V scale, T* y, int n) where S : ISimd<V, T> where V : unmanaged
    {
        var i = 0;
        for (; i <= n - S.Count; i += S.Count) S.Store(S.Keep(S.Mul(S.Load(x + i), scale), words + i, threshold), y + i);
        if (i < n) S.StorePartial(S.Keep(S.Mul(S.LoadPartial(x + i, n - i, default), scale), words + i, threshold), y + i, n - i);
    }
}

/// <summary>y uniform in [low, high).</summary>
internal readonly unsafe struct UniformKernel<T>(T* y, double low, double high, RandomKey key) : IRange where T : unmanaged, IFloatingPointIeee754<T>
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

/// <summary>y normal by Box-Muller: elements 2k and 2k + 1 are r·cos and r·sin with r = √(−2 ln(1 − u₂ₖ)) at angle 2π·u₂ₖ₊₁.</summary>
internal readonly unsafe struct NormalKernel<T>(T* y, int count, double mean, double std, RandomKey key) : IRange where T : unmanaged, IFloatingPointIeee754<T>
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
            Philox.FillUniform(_key, 2L * k, uniform, 2 * n);
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
