using System.Runtime.CompilerServices;
using AmcEngine.Backends.Cpu.Simd;
using AmcEngine.Backends.Kernels;

namespace AmcEngine.Backends.Cpu.Gemm;

/// <summary>
/// What follows a finished product, row by row while it is in the cache: bias, the copy before the activation, the
/// activation, the residual. One read and one write of C (and a write of the copy, a read of the residual). The range
/// counts rows, of which it takes columns [j0, j1).
/// </summary>
internal readonly unsafe struct GemmEpilogue<T>(in GemmProblem<T> g, int j0, int j1) : ISimdKernel<T> where T : unmanaged
{
    private readonly T* _c = g.C + j0;
    private readonly T* _bias = g.Bias is null ? null : g.Bias + j0;
    private readonly T* _pre = g.PreActivation is null ? null : g.PreActivation + j0;
    private readonly T* _residual = g.Residual is null ? null : g.Residual + j0;
    private readonly nint _ldc = g.Ldc;
    private readonly bool _gelu = g.Activation == Activation.Gelu;
    private readonly int _columns = j1 - j0;

    public void Run<S, V>(int from, int to) where S : ISimd<V, T> where V : unmanaged
    {
        for (var i = from; i < to; i++) Row<S, V>(_c + i * _ldc, _bias, _pre is null ? null : _pre + i * _ldc, _gelu, _residual is null ? null : _residual + i * _ldc, _columns);
    }

    [MethodImpl(MethodImplOptions.NoInlining | MethodImplOptions.AggressiveOptimization)]
    private static void Row<S, V>(T* c, T* bias, T* pre, bool gelu, T* residual, int n) where S : ISimd<V, T> where V : unmanaged
    {
        var i = 0;
        for (; i <= n - S.Count; i += S.Count)
        {
            var v = S.Load(c + i);
            if (bias is not null) v = S.Add(v, S.Load(bias + i));
            if (pre is not null) S.Store(v, pre + i);
            if (gelu) v = VectorMath.Gelu<S, V, T>(v);
            if (residual is not null) v = S.Add(v, S.Load(residual + i));
            S.Store(v, c + i);
        }
        if (i == n) return;
        var rest = S.LoadPartial(c + i, n - i, default);
        if (bias is not null) rest = S.Add(rest, S.LoadPartial(bias + i, n - i, default));
        if (pre is not null) S.StorePartial(rest, pre + i, n - i);
        if (gelu) rest = VectorMath.Gelu<S, V, T>(rest);
        if (residual is not null) rest = S.Add(rest, S.LoadPartial(residual + i, n - i, default));
        S.StorePartial(rest, c + i, n - i);
    }
}
