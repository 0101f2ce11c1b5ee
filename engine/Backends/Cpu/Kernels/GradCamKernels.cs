using System.Numerics;
using System.Runtime.CompilerServices;
using AmcEngine.Backends.Cpu.Host;
using AmcEngine.Backends.Cpu.Simd;
using AmcEngine.Backends.Kernels;
using AmcEngine.Tensors;

namespace AmcEngine.Backends.Cpu.Kernels;

// GradCAM maps and the sums over their regions. Layout: attention [B, H, L, 1 + P] with the class token's column first,
// maps [B, P]. Fused: rectified gradient, attention, squared token mask and the mean over heads and tokens. A map is
// summed over (h, i) in order by one thread. Traffic: every tensor once.

/// <summary>GradCAM and region sums.</summary>
internal sealed class GradCamKernels(CpuHost host) : CpuKernels(host), IGradCamKernels
{
    /// <inheritdoc/>
    public void Run(in GradCamArgs args)
    {
        if (args.A.DType == DType.F64) GradCam<double>(args);
        else GradCam<float>(args);
    }

    private unsafe void GradCam<T>(in GradCamArgs args) where T : unmanaged, IFloatingPointIeee754<T>
    {
        var (a, g, m, cam) = args;
        int heads = a.Shape[1], tokens = a.Shape[2], width = a.Shape[3] - 1;
        Run<T, GradCamKernel<T>>(
            new GradCamKernel<T>(Ptr<T>(a), Ptr<T>(g), Ptr<T>(m), heads, tokens, width, Ptr<T>(cam)), a.Shape[0],
            RowTile(CheapTile / 2, (long)heads * tokens * width));
    }

    /// <inheritdoc/>
    public void Run(in GradCamBackwardArgs args)
    {
        if (args.A.DType == DType.F64) GradCamBackward<double>(args);
        else GradCamBackward<float>(args);
    }

    private unsafe void GradCamBackward<T>(in GradCamBackwardArgs args) where T : unmanaged, IFloatingPointIeee754<T>
    {
        var (a, g, m, c, da, dg) = args;
        int heads = a.Shape[1], tokens = a.Shape[2], width = a.Shape[3] - 1;
        var kernel = new GradCamBackwardKernel<T>(
            Ptr<T>(a), Ptr<T>(g), Ptr<T>(m), Ptr<T>(c), heads, tokens, width, Ptr<T>(da), Ptr<T>(dg));
        Run<T, GradCamBackwardKernel<T>>(kernel, a.Shape[0] * heads * tokens, RowTile(CheapTile / 2, width));
    }

    /// <inheritdoc/>
    public unsafe void Run(in RegionStatsArgs args)
    {
        var (map, mask, stats, where) = args;
        if (map.Count == 0) return;
        int rows = map.Shape[0], width = map.Count / rows, tile = RowTile(DearTile, width);
        if (map.DType == DType.F64) Run(new RegionStatsKernel<double>(
            Ptr<double>(map), Ptr<double>(mask), width, Ptr<double>(stats), Ptr<int>(where)), rows, tile);
        else Run(new RegionStatsKernel<float>(
            Ptr<float>(map), Ptr<float>(mask), width, Ptr<float>(stats), Ptr<int>(where)), rows, tile);
    }

    /// <inheritdoc/>
    public unsafe void Run(in RegionStatsBackwardArgs args)
    {
        var (mask, where, g, dmap) = args;
        if (mask.Count == 0) return;
        int rows = mask.Shape[0], width = mask.Count / rows, tile = RowTile(DearTile, width);
        if (mask.DType == DType.F64) Run(new RegionStatsBackwardKernel<double>(
            Ptr<double>(mask), Ptr<int>(where), Ptr<double>(g), width, Ptr<double>(dmap)), rows, tile);
        else Run(new RegionStatsBackwardKernel<float>(
            Ptr<float>(mask), Ptr<int>(where), Ptr<float>(g), width, Ptr<float>(dmap)), rows, tile);
    }
}

/// <summary>cam[b, j] = Σ a·max(g, 0)·m² / (H·L); the range counts samples.</summary>
internal readonly unsafe struct GradCamKernel<T>(T* a, T* g, T* m, int heads, int tokens, int width, T* cam)
    : ISimdKernel<T>
    where T : unmanaged, IFloatingPointIeee754<T>
{
    private readonly T* _a = a;
    private readonly T* _g = g;
    private readonly T* _m = m;
    private readonly T* _cam = cam;
    private readonly int _heads = heads;
    private readonly int _tokens = tokens;
    private readonly int _width = width;

    public void Run<S, V>(int from, int to) where S : ISimd<V, T> where V : unmanaged
    {
        var scale = T.One / T.CreateTruncating(_heads * _tokens);
        for (var b = from; b < to; b++)
        {
            var cam = _cam + (long)b * _width;
            new Span<T>(cam, _width).Clear();
            for (var r = 0; r < _heads * _tokens; r++)
            {
                var m = _m[b * _tokens + r % _tokens];
                var at = ((long)b * _heads * _tokens + r) * (_width + 1) + 1;
                Row<S, V>(_a + at, _g + at, m * m * scale, cam, _width);
            }
        }
    }

    [MethodImpl(MethodImplOptions.NoInlining | MethodImplOptions.AggressiveOptimization)]
    private static void Row<S, V>(T* a, T* g, T weight, T* cam, int n) where S : ISimd<V, T> where V : unmanaged
    {
        V w = S.Set(weight), zero = default;
        var i = 0;
        for (; i <= n - S.Count; i += S.Count)
            S.Store(S.Fma(S.Mul(S.Load(a + i), S.Max(S.Load(g + i), zero)), w, S.Load(cam + i)), cam + i);
        if (i == n) return;
        var rest = S.Mul(S.LoadPartial(a + i, n - i, default), S.Max(S.LoadPartial(g + i, n - i, default), zero));
        S.StorePartial(S.Fma(rest, w, S.LoadPartial(cam + i, n - i, default)), cam + i, n - i);
    }
}

/// <summary>da = c·m²·max(g, 0)/(H·L), dg = c·m²·a·[g ≥ 0]/(H·L); the range counts rows (b, h, i).</summary>
internal readonly unsafe struct GradCamBackwardKernel<T>(
    T* a, T* g, T* m, T* c, int heads, int tokens, int width, T* da, T* dg) : ISimdKernel<T>
    where T : unmanaged, IFloatingPointIeee754<T>
{
    private readonly T* _a = a;
    private readonly T* _g = g;
    private readonly T* _m = m;
    private readonly T* _c = c;
    private readonly T* _da = da;
    private readonly T* _dg = dg;
    private readonly int _heads = heads;
    private readonly int _tokens = tokens;
    private readonly int _width = width;

    public void Run<S, V>(int from, int to) where S : ISimd<V, T> where V : unmanaged
    {
        var scale = T.One / T.CreateTruncating(_heads * _tokens);
        for (var r = from; r < to; r++)
        {
            var b = r / (_heads * _tokens);
            var m = _m[b * _tokens + r % _tokens];
            Row<S, V>((long)r * (_width + 1), _c + (long)b * _width, m * m * scale);
        }
    }

    [MethodImpl(MethodImplOptions.NoInlining | MethodImplOptions.AggressiveOptimization)]
    private void Row<S, V>(long at, T* c, T weight) where S : ISimd<V, T> where V : unmanaged
    {
        T* a = _a + at + 1, g = _g + at + 1, da = _da + at + 1, dg = _dg + at + 1;
        da[-1] = dg[-1] = T.Zero;
        V w = S.Set(weight), zero = default;
        int n = _width, i = 0;
        for (; i <= n - S.Count; i += S.Count)
        {
            V k = S.Mul(S.Load(c + i), w), slope = S.Load(g + i);
            S.Store(S.Mul(k, S.Max(slope, zero)), da + i);
            S.Store(S.And(S.LessEqual(zero, slope), S.Mul(k, S.Load(a + i))), dg + i);
        }
        if (i == n) return;
        V last = S.Mul(S.LoadPartial(c + i, n - i, default), w), lastSlope = S.LoadPartial(g + i, n - i, default);
        S.StorePartial(S.Mul(last, S.Max(lastSlope, zero)), da + i, n - i);
        S.StorePartial(
            S.And(S.LessEqual(zero, lastSlope), S.Mul(last, S.LoadPartial(a + i, n - i, default))), dg + i, n - i);
    }
}

/// <summary>
/// Sums and maxima of a map inside and outside a region; the range counts samples. Maps are short: no vectors.
/// </summary>
internal readonly unsafe struct RegionStatsKernel<T>(T* map, T* mask, int width, T* stats, int* where) : IRange
    where T : unmanaged, IFloatingPointIeee754<T>
{
    private readonly T* _map = map;
    private readonly T* _mask = mask;
    private readonly T* _stats = stats;
    private readonly int* _where = where;
    private readonly int _width = width;

    public void Run(int from, int to)
    {
        for (var b = from; b < to; b++)
        {
            T* map = _map + (long)b * _width, mask = _mask + (long)b * _width, stats = _stats + 4L * b;
            T sumIn = T.Zero, sumOut = T.Zero, maxIn = T.NegativeInfinity, maxOut = T.NegativeInfinity;
            int atIn = 0, atOut = 0;
            for (var j = 0; j < _width; j++)
            {
                T inside = map[j] * mask[j], outside = map[j] * (T.One - mask[j]);
                sumIn += inside;
                sumOut += outside;
                Keep(inside, j, ref maxIn, ref atIn);
                Keep(outside, j, ref maxOut, ref atOut);
            }
            (stats[0], stats[1], stats[2], stats[3]) = (sumIn, sumOut, maxIn, maxOut);
            (_where[2 * b], _where[2 * b + 1]) = (atIn, atOut);
        }
    }

    private static void Keep(T value, int j, ref T max, ref int at)
    {
        if (!(value > max) && !(T.IsNaN(value) && !T.IsNaN(max))) return;
        max = value;
        at = j;
    }
}

/// <summary>dmap = g₀·mask + g₁·(1 − mask), plus g₂·mask and g₃·(1 − mask) at the places of the maxima.</summary>
internal readonly unsafe struct RegionStatsBackwardKernel<T>(T* mask, int* where, T* g, int width, T* dmap) : IRange
    where T : unmanaged, IFloatingPointIeee754<T>
{
    private readonly T* _mask = mask;
    private readonly T* _g = g;
    private readonly T* _dmap = dmap;
    private readonly int* _where = where;
    private readonly int _width = width;

    public void Run(int from, int to)
    {
        for (var b = from; b < to; b++)
        {
            T* mask = _mask + (long)b * _width, dmap = _dmap + (long)b * _width, g = _g + 4L * b;
            for (var j = 0; j < _width; j++) dmap[j] = g[0] * mask[j] + g[1] * (T.One - mask[j]);
            int atIn = _where[2 * b], atOut = _where[2 * b + 1];
            dmap[atIn] += g[2] * mask[atIn];
            dmap[atOut] += g[3] * (T.One - mask[atOut]);
        }
    }
}
