using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace AmcEngine.Backends.Cpu;

/// <summary>
/// What follows a finished product, row by row while it is in the cache: bias, the copy before the activation, the
/// activation. One read and one write of C (and a write of the copy); GELU costs about 30 FLOP an element.
/// </summary>
internal static unsafe class GemmEpilogue<T> where T : unmanaged, IFloatingPoint<T>
{
    /// <summary>Columns [j0, j1) of a row.</summary>
    public static void Apply(in GemmProblem<T> g, int row, int j0, int j1)
    {
        var c = g.C + row * g.Ldc + j0;
        var bias = g.Bias is null ? null : g.Bias + j0;
        var pre = g.PreActivation is null ? null : g.PreActivation + row * g.Ldc + j0;
        var gelu = g.Activation == Activation.Gelu;
        var n = j1 - j0;
        var i = 0;
        if (typeof(T) == typeof(float))
        {
            if (Vector512.IsHardwareAccelerated) i = Apply512((float*)c, (float*)bias, (float*)pre, gelu, n);
            else if (Vector256.IsHardwareAccelerated) i = Apply256((float*)c, (float*)bias, (float*)pre, gelu, n);
        }
        for (; i < n; i++)
        {
            var v = bias is null ? c[i] : c[i] + bias[i];
            if (pre is not null) pre[i] = v;
            c[i] = gelu ? T.CreateTruncating(GemmMath.Gelu(double.CreateTruncating(v))) : v;
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static int Apply512(float* c, float* bias, float* pre, bool gelu, int n)
    {
        var i = 0;
        for (; i <= n - Vector512<float>.Count; i += Vector512<float>.Count)
        {
            var v = Vector512.Load(c + i);
            if (bias is not null) v += Vector512.Load(bias + i);
            if (pre is not null) v.Store(pre + i);
            if (gelu) v = GemmMath.Gelu(v);
            v.Store(c + i);
        }
        return i;
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static int Apply256(float* c, float* bias, float* pre, bool gelu, int n)
    {
        var i = 0;
        for (; i <= n - Vector256<float>.Count; i += Vector256<float>.Count)
        {
            var v = Vector256.Load(c + i);
            if (bias is not null) v += Vector256.Load(bias + i);
            if (pre is not null) v.Store(pre + i);
            if (gelu) v = GemmMath.Gelu(v);
            v.Store(c + i);
        }
        return i;
    }
}
