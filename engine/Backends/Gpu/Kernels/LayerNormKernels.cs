using System.Numerics;
using AmcEngine.Backends.Gpu.DeviceMath;
using AmcEngine.Backends.Gpu.Host;
using ILGPU;

namespace AmcEngine.Backends.Gpu.Kernels;

// Layer norm of rows [rows, D]. Layout: a team a row. Forward: mean, then the variance about it, then the affine map; the row is
// read from memory once and from cache twice. Backward: two inner products of a row in one reduction, then dx. dgamma and
// dbeta: a lane sums a column over a block of rows in order (neighbouring lanes, neighbouring columns), a second kernel sums the
// blocks in order. Cost: 8 FLOP an element forward, 16 backward; every tensor once from memory.
// The second order is in LayerNormSecondKernels.cs.

/// <summary>Arguments of <see cref="LayerNormKernel{T, R, TTeam}"/>.</summary>
internal struct LayerNormArgs<T> where T : unmanaged
{
    public ArrayView<T> X;
    public ArrayView<T> Gamma;
    public ArrayView<T> Beta;
    public ArrayView<T> Y;
    public ArrayView<T> Mean;
    public ArrayView<T> Rstd;
    public T Eps;
    public int Width;
    public int Rows;
}

/// <summary>y = (x − mean)·rstd·gamma + beta.</summary>
internal readonly struct LayerNormKernel<T, R, TTeam> : IKernel<LayerNormArgs<T>>
    where T : unmanaged, IFloatingPointIeee754<T> where R : struct, IReal<T> where TTeam : struct, ITeam
{
    public static void Run(LayerNormArgs<T> a)
    {
        int row = Rows.Index<TTeam>(), lane = Rows.Lane<TTeam>(), start = row * a.Width;
        var count = row < a.Rows ? a.Width : 0;
        var width = R.FromInt(a.Width);
        var sum = T.Zero;
        for (var i = lane; i < count; i += TTeam.Lanes) sum += a.X[start + i];
        var mean = TTeam.Reduce<T, SumOp<T>>(sum) / width;
        var squares = T.Zero;
        for (var i = lane; i < count; i += TTeam.Lanes)
        {
            var d = a.X[start + i] - mean;
            squares = R.Fma(d, d, squares);
        }
        var rstd = T.One / R.Sqrt(TTeam.Reduce<T, SumOp<T>>(squares) / width + a.Eps);
        for (var i = lane; i < count; i += TTeam.Lanes) a.Y[start + i] = R.Fma((a.X[start + i] - mean) * rstd, a.Gamma[i], a.Beta[i]);
        if (!(row < a.Rows & lane == 0)) return;
        a.Mean[row] = mean;
        a.Rstd[row] = rstd;
    }
}

/// <summary>Arguments of <see cref="LayerNormBackwardKernel{T, R, TTeam}"/>.</summary>
internal struct LayerNormBackwardArgs<T> where T : unmanaged
{
    public ArrayView<T> X;
    public ArrayView<T> Gamma;
    public ArrayView<T> Mean;
    public ArrayView<T> Rstd;
    public ArrayView<T> G;
    public ArrayView<T> Dx;
    public int Width;
    public int Rows;
}

/// <summary>dx = rstd·(g·gamma − mean(g·gamma) − n·mean(g·gamma·n)), n the normalised row.</summary>
internal readonly struct LayerNormBackwardKernel<T, R, TTeam> : IKernel<LayerNormBackwardArgs<T>>
    where T : unmanaged, IFloatingPointIeee754<T> where R : struct, IReal<T> where TTeam : struct, ITeam
{
    public static void Run(LayerNormBackwardArgs<T> a)
    {
        int row = Rows.Index<TTeam>(), lane = Rows.Lane<TTeam>(), start = row * a.Width;
        var count = row < a.Rows ? a.Width : 0;
        T mean = T.Zero, rstd = T.Zero;
        if (row < a.Rows)
        {
            mean = a.Mean[row];
            rstd = a.Rstd[row];
        }
        var s = new Sums2<T> { A = T.Zero, B = T.Zero };
        for (var i = lane; i < count; i += TTeam.Lanes)
        {
            var u = a.G[start + i] * a.Gamma[i];
            s.A += u;
            s.B = R.Fma(u, (a.X[start + i] - mean) * rstd, s.B);
        }
        s = TTeam.Reduce<Sums2<T>, Sums2Op<T>>(s);
        T width = R.FromInt(a.Width), first = s.A / width, second = s.B / width;
        for (var i = lane; i < count; i += TTeam.Lanes)
        {
            var n = (a.X[start + i] - mean) * rstd;
            a.Dx[start + i] = rstd * (a.G[start + i] * a.Gamma[i] - first - n * second);
        }
    }
}

/// <summary>Partials [blocks, 2, D] of dgamma = Σ g·n and dbeta = Σ g over blocks of rows; a lane a column of a block.</summary>
internal readonly struct LayerNormParametersKernel<T, R> : IKernel<LayerNormParametersKernel<T, R>.Args>
    where T : unmanaged, IFloatingPointIeee754<T> where R : struct, IReal<T>
{
    /// <summary>Arguments.</summary>
    public struct Args
    {
        public ArrayView<T> X;
        public ArrayView<T> Mean;
        public ArrayView<T> Rstd;
        public ArrayView<T> G;
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
            T dgamma = T.Zero, dbeta = T.Zero;
            for (var r = from; r < end; r++)
            {
                var at = r * a.Width + column;
                var g = a.G[at];
                dgamma = R.Fma(g, (a.X[at] - a.Mean[r]) * a.Rstd[r], dgamma);
                dbeta += g;
            }
            a.Partials[2 * block * a.Width + column] = dgamma;
            a.Partials[(2 * block + 1) * a.Width + column] = dbeta;
        }
    }
}

/// <summary>Sums partials [blocks, parts, D] over the blocks: part 0 to dgamma, part 1 to dbeta; a lane a column.</summary>
internal readonly struct LayerNormCombineKernel<T> : IKernel<LayerNormCombineKernel<T>.Args> where T : unmanaged, IFloatingPointIeee754<T>
{
    /// <summary>Arguments.</summary>
    public struct Args
    {
        public ArrayView<T> Partials;
        public ArrayView<T> Dgamma;
        public ArrayView<T> Dbeta;
        public int HasGamma;
        public int HasBeta;
        public int Width;
        public int Blocks;
        public int Parts;
    }

    public static void Run(Args a)
    {
        var stride = a.Parts * a.Width;
        for (var item = Grid.IdxX * Group.DimX + Group.IdxX; item < stride; item += Grid.DimX * Group.DimX)
        {
            var sum = T.Zero;
            for (var b = 0; b < a.Blocks; b++) sum += a.Partials[b * stride + item];
            if (item < a.Width)
            {
                if (a.HasGamma != 0) a.Dgamma[item] = sum;
            }
            else if (a.HasBeta != 0)
            {
                a.Dbeta[item - a.Width] = sum;
            }
        }
    }
}
