using System.Numerics;
using System.Runtime.CompilerServices;
using AmcEngine.Backends.Gpu.DeviceMath;
using ILGPU;

namespace AmcEngine.Backends.Gpu.Kernels;

/// <summary>
/// What follows the sums of a matmul: C = activation(alpha·sum [+ C] + bias) + residual, and the value before the
/// activation. Fused into the store of each block, four elements of a row at a time.
/// </summary>
internal static class GemmEpilogue
{
    /// <summary>Stores a 4×4 block whose corner is (row, column), without what lies past M and N.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Store<T, R, TActivation>(GemmArgs<T> a, int offset, int row, int column, Block<T> block)
        where T : unmanaged, IFloatingPointIeee754<T> where R : struct, IReal<T> where TActivation : struct, IUnaryOp
    {
        // A loop over rotating registers: the epilogue's code is there once and not four times.
        for (var r = 0; r < 4; r++)
        {
            if (row + r < a.M & column < a.N)
                StoreQuad<T, R, TActivation>(a, offset + (row + r) * a.Ldc + column, column, block.R0);
            block.R0 = block.R1;
            block.R1 = block.R2;
            block.R2 = block.R3;
        }
    }

    /// <summary>Finishes and stores up to four sums of a row, without what lies past N.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void StoreQuad<T, R, TActivation>(GemmArgs<T> a, int index, int column, Quad<T> sum)
        where T : unmanaged, IFloatingPointIeee754<T> where R : struct, IReal<T> where TActivation : struct, IUnaryOp
    {
        var left = a.N - column;
        var v = Quad.Of(a.Alpha * sum.X, a.Alpha * sum.Y, a.Alpha * sum.Z, a.Alpha * sum.W);
        var vector = a.VectorC != 0 & left >= 4;
        if (a.Accumulate != 0) v = Quad.Add(v, GemmLoad.Masked(a.C, index, left));
        if (a.HasBias != 0) v = Quad.Add(v, GemmLoad.Masked(a.Bias, column, left));
        if (a.HasPreActivation != 0) Write(a.PreActivation, index, left, vector, v);
        v = Activate<T, R, TActivation>(v);
        if (a.HasResidual != 0) v = Quad.Add(v, GemmLoad.Masked(a.Residual, index, left));
        Write(a.C, index, left, vector, v);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Quad<T> Activate<T, R, TActivation>(Quad<T> v)
        where T : unmanaged, IFloatingPointIeee754<T>
        where R : struct, IReal<T> where TActivation : struct, IUnaryOp => Quad.Of(
        TActivation.Apply<T, R>(v.X, T.Zero, T.Zero), TActivation.Apply<T, R>(v.Y, T.Zero, T.Zero),
        TActivation.Apply<T, R>(v.Z, T.Zero, T.Zero), TActivation.Apply<T, R>(v.W, T.Zero, T.Zero));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Write<T>(ArrayView<T> y, int index, int left, bool vector, Quad<T> v)
        where T : unmanaged, IFloatingPointIeee754<T>
    {
        if (vector)
        {
            y.Cast<Quad<T>>()[index >> 2] = v;
            return;
        }
        y[index] = v.X;
        if (left > 1) y[index + 1] = v.Y;
        if (left > 2) y[index + 2] = v.Z;
        if (left > 3) y[index + 3] = v.W;
    }
}

/// <summary>Loads of four neighbours from global memory.</summary>
internal static class GemmLoad
{
    /// <summary>The first <paramref name="left"/> (at least one) of four neighbours, and zeros.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Quad<T> Masked<T>(ArrayView<T> x, int index, int left) where T : unmanaged, IFloatingPointIeee754<T>
    {
        var q = Quad.Zero<T>();
        q.X = x[index];
        if (left > 1) q.Y = x[index + 1];
        if (left > 2) q.Z = x[index + 2];
        if (left > 3) q.W = x[index + 3];
        return q;
    }

    /// <summary>Four neighbours; zeros outside, and for those past the first <paramref name="left"/>.</summary>
    /// <typeparam name="T">Element type.</typeparam>
    /// <typeparam name="TVector">
    /// Whole quads may be loaded at once: the index is a multiple of 4, the view 16-byte aligned.
    /// </typeparam>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Quad<T> Four<T, TVector>(ArrayView<T> x, int index, bool inside, int left)
        where T : unmanaged, IFloatingPointIeee754<T> where TVector : struct, IFlag
    {
        if (inside & left >= 4)
        {
            if (TVector.Value) return x.Cast<Quad<T>>()[index >> 2];
            return Kernels.Quad.Of(x[index], x[index + 1], x[index + 2], x[index + 3]);
        }
        return inside & left > 0 ? Masked(x, index, left) : Kernels.Quad.Zero<T>();
    }
}
