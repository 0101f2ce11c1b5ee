using System.Numerics;
using System.Runtime.CompilerServices;
using AmcEngine.Backends.Gpu.DeviceMath;
using AmcEngine.Backends.Gpu.Host;
using ILGPU;

namespace AmcEngine.Backends.Gpu.Kernels;

// Second order of layer norm. With n = (x − mean)·r the normalised row, J(v) = r·(v − mean v − n·mean(n∘v)), u =
// gamma∘g and the cotangents X, a, b of dx = J(u), dgamma = Σ_rows g∘n, dbeta = Σ_rows g:
//   to g:     gamma∘J(X) + a∘n + b
//   to gamma: Σ_rows g∘J(X)
//   to x:     −r·(mean(n∘X)·J(u) + mean(n∘u)·J(X)) − r·mean(u∘J(X))·n + J(a∘g)
// (J is symmetric and linear, so that J(v) of the row's four vectors need two means each.) Layout: a team a row; six
// sums in one reduction, a second for mean(u∘J(X)), then dx and dg. gamma as in LayerNormKernels.cs: partials over
// blocks of rows, from the two means of X that the row kernel leaves. Traffic: x, g, X once from memory, dx and dg
// once; x, g and X again for gamma.

/// <summary>Six sums at a time.</summary>
internal struct Sums6<T> where T : unmanaged, IFloatingPointIeee754<T>
{
    public T X;
    public T Nx;
    public T U;
    public T Nu;
    public T Ag;
    public T Nag;
}

/// <summary>Adds six sums at a time.</summary>
internal readonly struct Sums6Op<T> : ICombine<Sums6<T>> where T : unmanaged, IFloatingPointIeee754<T>
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Sums6<T> Combine(Sums6<T> a, Sums6<T> b) => new()
    {
        X = a.X + b.X,
        Nx = a.Nx + b.Nx,
        U = a.U + b.U,
        Nu = a.Nu + b.Nu,
        Ag = a.Ag + b.Ag,
        Nag = a.Nag + b.Nag,
    };
}

/// <summary>
/// Arguments of <see cref="LayerNormDoubleBackwardKernel{T, R, TTeam}"/>; an absent cotangent is zero.
/// </summary>
internal struct LayerNormDoubleBackwardArgs<T> where T : unmanaged
{
    public ArrayView<T> X;
    public ArrayView<T> Gamma;
    public ArrayView<T> Mean;
    public ArrayView<T> Rstd;
    public ArrayView<T> G;
    public ArrayView<T> Ddx;
    public ArrayView<T> Ddgamma;
    public ArrayView<T> Ddbeta;
    public ArrayView<T> Dx;
    public ArrayView<T> Dg;
    public ArrayView<T> Means;
    public int HasX;
    public int HasGamma;
    public int HasBeta;
    public int Width;
    public int Rows;
}

/// <summary>dx and dg of the second order, and the means [rows, 2] of X and n∘X.</summary>
internal readonly struct LayerNormDoubleBackwardKernel<T, R, TTeam> : IDeviceKernel<LayerNormDoubleBackwardArgs<T>>
    where T : unmanaged, IFloatingPointIeee754<T> where R : struct, IReal<T> where TTeam : struct, ITeam
{
    public static void Run(LayerNormDoubleBackwardArgs<T> a)
    {
        int row = Rows.Index<TTeam>(), lane = Rows.Lane<TTeam>(), start = row * a.Width;
        var count = row < a.Rows ? a.Width : 0;
        T mean = T.Zero, r = T.Zero, width = R.FromInt(a.Width);
        if (row < a.Rows)
        {
            mean = a.Mean[row];
            r = a.Rstd[row];
        }
        var s = new Sums6<T> { X = T.Zero, Nx = T.Zero, U = T.Zero, Nu = T.Zero, Ag = T.Zero, Nag = T.Zero };
        for (var i = lane; i < count; i += TTeam.Lanes)
        {
            T n = (a.X[start + i] - mean) * r, g = a.G[start + i], u = g * a.Gamma[i];
            T x = InputCotangent(a, start + i), ag = ScaleCotangent(a, i) * g;
            s.X += x;
            s.Nx = R.Fma(n, x, s.Nx);
            s.U += u;
            s.Nu = R.Fma(n, u, s.Nu);
            s.Ag += ag;
            s.Nag = R.Fma(n, ag, s.Nag);
        }
        s = TTeam.Reduce<Sums6<T>, Sums6Op<T>>(s);
        T meanX = s.X / width, meanNx = s.Nx / width, meanU = s.U / width, meanNu = s.Nu / width, meanAg = s.Ag / width,
            meanNag = s.Nag / width;
        var product = T.Zero;
        for (var i = lane; i < count; i += TTeam.Lanes)
        {
            var n = (a.X[start + i] - mean) * r;
            product = R.Fma(
                a.G[start + i] * a.Gamma[i], r * (InputCotangent(a, start + i) - meanX - n * meanNx), product);
        }
        product = TTeam.Reduce<T, SumOp<T>>(product) / width;
        for (var i = lane; i < count; i += TTeam.Lanes)
        {
            T n = (a.X[start + i] - mean) * r, g = a.G[start + i], gamma = a.Gamma[i], scale = ScaleCotangent(a, i);
            var jx = r * (InputCotangent(a, start + i) - meanX - n * meanNx);
            var ju = r * (g * gamma - meanU - n * meanNu);
            var jag = r * (scale * g - meanAg - n * meanNag);
            a.Dx[start + i] = jag - r * (meanNx * ju + meanNu * jx + product * n);
            a.Dg[start + i] = R.Fma(gamma, jx, R.Fma(scale, n, ShiftCotangent(a, i)));
        }
        if (!(row < a.Rows & lane == 0)) return;
        a.Means[2 * row] = meanX;
        a.Means[2 * row + 1] = meanNx;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static T InputCotangent(LayerNormDoubleBackwardArgs<T> a, int at) => a.HasX != 0 ? a.Ddx[at] : T.Zero;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static T ScaleCotangent(LayerNormDoubleBackwardArgs<T> a, int at) =>
        a.HasGamma != 0 ? a.Ddgamma[at] : T.Zero;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static T ShiftCotangent(LayerNormDoubleBackwardArgs<T> a, int at) => a.HasBeta != 0 ? a.Ddbeta[at] : T.Zero;
}

/// <summary>Partials [blocks, D] of Σ_rows g∘J(X); a lane a column of a block of rows.</summary>
internal readonly struct LayerNormDoubleBackwardScaleKernel<T, R>
    : IDeviceKernel<LayerNormDoubleBackwardScaleKernel<T, R>.Args>
    where T : unmanaged, IFloatingPointIeee754<T> where R : struct, IReal<T>
{
    /// <summary>The kernel's operands.</summary>
    public struct Args
    {
        public ArrayView<T> X;
        public ArrayView<T> Mean;
        public ArrayView<T> Rstd;
        public ArrayView<T> G;
        public ArrayView<T> Ddx;
        public ArrayView<T> Means;
        public ArrayView<T> Partials;
        public int Width;
        public int Rows;
        public int Block;
        public int Items;
    }

    public static void Run(Args a)
    {
        for (var item = Grid.IdxX * Group.DimX + Group.IdxX; item < a.Items; item += Grid.DimX * Group.DimX)
        {
            int block = item / a.Width, column = item % a.Width, from = block * a.Block;
            var end = from + a.Block < a.Rows ? from + a.Block : a.Rows;
            var sum = T.Zero;
            for (var row = from; row < end; row++)
            {
                var at = row * a.Width + column;
                T r = a.Rstd[row], n = (a.X[at] - a.Mean[row]) * r;
                sum = R.Fma(a.G[at], r * (a.Ddx[at] - a.Means[2 * row] - n * a.Means[2 * row + 1]), sum);
            }
            a.Partials[item] = sum;
        }
    }
}
