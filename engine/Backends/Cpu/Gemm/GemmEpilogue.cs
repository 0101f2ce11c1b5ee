using System.Runtime.CompilerServices;
using AmcEngine.Backends.Cpu.Simd;
using AmcEngine.Backends.Kernels;
using AmcEngine.Tensors;

namespace AmcEngine.Backends.Cpu.Gemm;

/// <summary>
/// What follows a finished product, row by row while it is in the cache: bias, the copy before the activation, the
/// activation, the residual. One read and one write of C (and a write of the copy, a read of the residual). The range
/// counts rows, of which it takes columns [j0, j1).
/// </summary>
internal readonly unsafe struct GemmEpilogue<T>(in GemmProblem<T> g, int j0, int j1) : ISimdKernel<T>
    where T : unmanaged
{
    private readonly T* _c = g.C + j0;
    private readonly T* _bias = g.Bias is null ? null : g.Bias + j0;
    private readonly T* _pre = g.PreActivation is null ? null : g.PreActivation + j0;
    private readonly T* _residual = g.Residual is null ? null : g.Residual + j0;
    private readonly nint _ldc = g.Ldc;
    private readonly Activation _activation = g.Activation;
    private readonly int _columns = j1 - j0;

    public void Run<S, V>(int from, int to) where S : ISimd<V, T> where V : unmanaged
    {
        switch (_activation)
        {
            case Activation.None: Rows<S, V, NoActivation>(from, to); break;
            case Activation.Gelu: Rows<S, V, GeluActivation>(from, to); break;
            case Activation.QuickGelu: Rows<S, V, QuickGeluActivation>(from, to); break;
            default: throw new EngineException("matmul", $"the CPU back end cannot apply {_activation}");
        }
    }

    private void Rows<S, V, A>(int from, int to) where S : ISimd<V, T> where V : unmanaged where A : struct, IActivation
    {
        for (var i = from; i < to; i++)
        {
            var row = i * _ldc;
            Row<S, V, A>(_c + row, _bias, _pre is null ? null : _pre + row,
                _residual is null ? null : _residual + row, _columns);
        }
    }

    [MethodImpl(MethodImplOptions.NoInlining | MethodImplOptions.AggressiveOptimization)]
    private static void Row<S, V, A>(T* c, T* bias, T* pre, T* residual, int n)
        where S : ISimd<V, T> where V : unmanaged where A : struct, IActivation
    {
        var i = 0;
        for (; i <= n - S.Count; i += S.Count)
        {
            var v = S.Load(c + i);
            if (bias is not null) v = S.Add(v, S.Load(bias + i));
            if (pre is not null) S.Store(v, pre + i);
            v = A.Value<S, V, T>(v);
            if (residual is not null) v = S.Add(v, S.Load(residual + i));
            S.Store(v, c + i);
        }
        if (i == n) return;
        var rest = S.LoadPartial(c + i, n - i, default);
        if (bias is not null) rest = S.Add(rest, S.LoadPartial(bias + i, n - i, default));
        if (pre is not null) S.StorePartial(rest, pre + i, n - i);
        rest = A.Value<S, V, T>(rest);
        if (residual is not null) rest = S.Add(rest, S.LoadPartial(residual + i, n - i, default));
        S.StorePartial(rest, c + i, n - i);
    }
}
