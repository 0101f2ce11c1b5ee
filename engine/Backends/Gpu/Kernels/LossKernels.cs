using System.Numerics;
using AmcEngine.Backends.Gpu.DeviceMath;
using AmcEngine.Backends.Gpu.Host;
using AmcEngine.Backends.Kernels;
using AmcEngine.Tensors;
using ILGPU;

namespace AmcEngine.Backends.Gpu.Kernels;

// Cross-entropy with integer labels. Layout: rows [rows, classes], a team a row. Fused: maximum, Σ exp (in one pass, as
// in SoftmaxKernels.cs) and the label's logit forward; softmax, one-hot and cotangent backward, elementwise, so that
// probabilities are never stored. Order of the additions: a lane's elements in turn, then the team's tree. Traffic:
// logits once forward, once backward, the gradient once.

/// <summary>Cross-entropy. A label that is no class gives a loss of NaN.</summary>
internal sealed class LossKernels(GpuContext context) : GpuKernels(context), ILossKernels
{
    /// <inheritdoc/>
    /// <remarks>A label that is no class gives a loss of NaN.</remarks>
    public void Run(in CrossEntropyArgs args)
    {
        if (args.Labels.Count == 0) return;
        if (args.X.DType == DType.F64) CrossEntropy<double, F64>(args);
        else CrossEntropy<float, F32>(args);
    }

    private void CrossEntropy<T, R>(in CrossEntropyArgs args)
        where T : unmanaged, IFloatingPointIeee754<T> where R : struct, IReal<T>
    {
        var (x, labels, ignore, losses, lse) = args;
        var call = new CrossEntropyArgs<T>
        {
            X = View<T>(x),
            Labels = View<int>(labels),
            Losses = View<T>(losses),
            Lse = View<T>(lse),
            Classes = x.Count / labels.Count,
            Rows = labels.Count,
            Ignore = ignore,
        };
        LaunchRows<CrossEntropyArgs<T>, CrossEntropyKernel<T, R, LaneTeam>, CrossEntropyKernel<T, R, PartTeam>,
            CrossEntropyKernel<T, R, GroupTeam>>(call.Rows, call.Classes, 1, call);
    }

    /// <inheritdoc/>
    public void Run(in CrossEntropyBackwardArgs args)
    {
        if (args.X.Count == 0) return;
        if (args.X.DType == DType.F64) CrossEntropyBackward<double, F64>(args);
        else CrossEntropyBackward<float, F32>(args);
    }

    private void CrossEntropyBackward<T, R>(in CrossEntropyBackwardArgs args)
        where T : unmanaged, IFloatingPointIeee754<T> where R : struct, IReal<T> =>
        LaunchOver<CrossEntropyBackwardKernel<T, R>, CrossEntropyBackwardKernel<T, R>.Args>(
            args.X.Count, new CrossEntropyBackwardKernel<T, R>.Args
            {
                X = View<T>(args.X),
                Lse = View<T>(args.Lse),
                Labels = View<int>(args.Labels),
                G = View<T>(args.G),
                Dx = View<T>(args.Dx),
                Classes = args.X.Count / args.Labels.Count,
                Ignore = args.Ignore,
                Count = args.X.Count,
            });
}

/// <summary>Arguments of <see cref="CrossEntropyKernel{T, R, TTeam}"/>.</summary>
internal struct CrossEntropyArgs<T> where T : unmanaged
{
    public ArrayView<T> X;
    public ArrayView<int> Labels;
    public ArrayView<T> Losses;
    public ArrayView<T> Lse;
    public int Classes;
    public int Rows;
    public int Ignore;
}

/// <summary>
/// losses[r] = lse[r] − x[r, label[r]], 0 where the label is to be ignored; NaN where it is no class, since a kernel
/// cannot throw.
/// </summary>
internal readonly struct CrossEntropyKernel<T, R, TTeam> : IDeviceKernel<CrossEntropyArgs<T>>
    where T : unmanaged, IFloatingPointIeee754<T> where R : struct, IReal<T> where TTeam : struct, ITeam
{
    public static void Run(CrossEntropyArgs<T> a)
    {
        int row = Rows.Index<TTeam>(), lane = Rows.Lane<TTeam>(), start = row * a.Classes;
        var count = row < a.Rows ? a.Classes : 0;
        var s = ExpSumOp<T, R>.None;
        for (var c = lane; c < count; c += TTeam.Lanes) s = ExpSumOp<T, R>.Add(s, a.X[start + c]);
        s = TTeam.Reduce<ExpSum<T>, ExpSumOp<T, R>>(s);
        if (!(row < a.Rows & lane == 0)) return;
        // An infinite maximum gives NaN, as a shift by it would.
        var lse = s.Max + R.Log(s.Sum + (s.Max - s.Max));
        a.Lse[row] = lse;
        var label = a.Labels[row];
        var loss = T.Zero;
        if (label != a.Ignore)
            loss = label >= 0 & label < a.Classes ? lse - a.X[start + label] : T.NegativeInfinity - T.NegativeInfinity;
        a.Losses[row] = loss;
    }
}

/// <summary>dx[r, c] = g[r]·(exp(x[r, c] − lse[r]) − [c = label[r]]), 0 where the label is to be ignored.</summary>
internal readonly struct CrossEntropyBackwardKernel<T, R> : IDeviceKernel<CrossEntropyBackwardKernel<T, R>.Args>
    where T : unmanaged, IFloatingPointIeee754<T> where R : struct, IReal<T>
{
    /// <summary>The kernel's operands.</summary>
    public struct Args
    {
        public ArrayView<T> X;
        public ArrayView<T> Lse;
        public ArrayView<int> Labels;
        public ArrayView<T> G;
        public ArrayView<T> Dx;
        public int Classes;
        public int Ignore;
        public int Count;
    }

    public static void Run(Args a)
    {
        for (long i = Grid.IdxX * Group.DimX + Group.IdxX; i < a.Count; i += Grid.DimX * Group.DimX)
        {
            int at = (int)i, row = at / a.Classes, label = a.Labels[row];
            var p = R.Exp(a.X[at] - a.Lse[row]);
            var dx = a.G[row] * (at - row * a.Classes == label ? p - T.One : p);
            a.Dx[at] = label == a.Ignore ? T.Zero : dx;
        }
    }
}
