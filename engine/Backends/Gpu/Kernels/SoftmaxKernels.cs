using System.Numerics;
using System.Runtime.CompilerServices;
using AmcEngine.Backends.Gpu.DeviceMath;
using AmcEngine.Backends.Gpu.Host;
using AmcEngine.Backends.Kernels;
using AmcEngine.Tensors;
using ILGPU;

namespace AmcEngine.Backends.Gpu.Kernels;

// Softmax. Layout: lines [outer, length, inner] along the middle axis, a team a line (columns: a lane each, coalesced
// across inner).
// Fused: maximum and Σ exp in one pass over the line (each lane keeps its running maximum and rescales its sum when
// that rises; the pairs are combined by the team), then the result in a second pass that reads the line again, mostly
// from cache. The masked version adds scale and mask to the reads. Order of the additions: a lane's elements in turn,
// then the team's tree. Executes two exponentials an element. Traffic: x twice (once from memory where a row stays in
// cache), y once. Backward: one sum, then the gradient; y and g twice, dx once.

/// <summary>Softmax, with a mask or without.</summary>
internal sealed class SoftmaxKernels(GpuContext context) : GpuKernels(context), ISoftmaxKernels
{
    /// <inheritdoc/>
    public void Run(in SoftmaxArgs args)
    {
        if (args.Y.Count == 0) return;
        if (args.Y.DType == DType.F64) Softmax<double, F64>(args);
        else Softmax<float, F32>(args);
    }

    private void Softmax<T, R>(in SoftmaxArgs args)
        where T : unmanaged, IFloatingPointIeee754<T> where R : struct, IReal<T>
    {
        var (x, axis, log, y) = args;
        var call = new SoftmaxArgs<T>
        {
            X = View<T>(x),
            Y = View<T>(y),
            Length = axis.Length,
            Inner = axis.Inner,
            Lines = axis.Outer * axis.Inner,
            Log = log ? 1 : 0,
        };
        LaunchRows<SoftmaxArgs<T>, SoftmaxKernel<T, R, LaneTeam>, SoftmaxKernel<T, R, PartTeam>,
            SoftmaxKernel<T, R, GroupTeam>>(call.Lines, axis.Length, axis.Inner, call);
    }

    /// <inheritdoc/>
    /// <remarks>A row whose scores are all −∞ becomes 0.</remarks>
    public void Run(in MaskedSoftmaxArgs args)
    {
        if (args.X.Count == 0) return;
        if (args.X.DType == DType.F64) MaskedSoftmax<double, F64>(args);
        else MaskedSoftmax<float, F32>(args);
    }

    private void MaskedSoftmax<T, R>(in MaskedSoftmaxArgs args)
        where T : unmanaged, IFloatingPointIeee754<T> where R : struct, IReal<T>
    {
        var (x, scale, mask, maskBatch, maskHead, maskRow, y) = args;
        var call = new MaskedSoftmaxArgs<T>
        {
            X = View<T>(x),
            Mask = ViewOrEmpty<T>(mask),
            Y = View<T>(y),
            MaskBatch = maskBatch,
            MaskHead = maskHead,
            MaskRow = maskRow,
            HasMask = mask is null ? 0 : 1,
            Heads = x.Shape[1],
            RowsOfHead = x.Shape[2],
            Length = x.Shape[3],
            Rows = x.Count / x.Shape[3],
            Scale = T.CreateChecked(scale),
        };
        LaunchRows<MaskedSoftmaxArgs<T>, MaskedSoftmaxKernel<T, R, LaneTeam>, MaskedSoftmaxKernel<T, R, PartTeam>,
            MaskedSoftmaxKernel<T, R, GroupTeam>>(call.Rows, call.Length, 1, call);
    }

    /// <inheritdoc/>
    public void Run(in SoftmaxBackwardArgs args)
    {
        if (args.Y.Count == 0) return;
        if (args.Y.DType == DType.F64) SoftmaxBackward<double, F64>(args);
        else SoftmaxBackward<float, F32>(args);
    }

    private void SoftmaxBackward<T, R>(in SoftmaxBackwardArgs args)
        where T : unmanaged, IFloatingPointIeee754<T> where R : struct, IReal<T>
    {
        var (y, g, axis, log, dx) = args;
        var call = new SoftmaxBackwardArgs<T>
        {
            Y = View<T>(y),
            G = View<T>(g),
            Dx = View<T>(dx),
            Length = axis.Length,
            Inner = axis.Inner,
            Lines = axis.Outer * axis.Inner,
            Log = log ? 1 : 0,
        };
        LaunchRows<SoftmaxBackwardArgs<T>, SoftmaxBackwardKernel<T, R, LaneTeam>, SoftmaxBackwardKernel<T, R, PartTeam>,
            SoftmaxBackwardKernel<T, R, GroupTeam>>(
                call.Lines, axis.Length, axis.Inner, call);
    }
}

/// <summary>Largest element m of some, and Σ exp(x − m) over them.</summary>
internal struct ExpSum<T> where T : unmanaged, IFloatingPointIeee754<T>
{
    public T Max;
    public T Sum;
}

/// <summary>Sums of exponentials; elements are added one by one, or sets of them combined.</summary>
internal readonly struct ExpSumOp<T, R> : ICombine<ExpSum<T>>
    where T : unmanaged, IFloatingPointIeee754<T> where R : struct, IReal<T>
{
    /// <summary>The sum of no elements.</summary>
    public static ExpSum<T> None => new() { Max = T.NegativeInfinity, Sum = T.Zero };

    /// <summary>One more element. Equal ones differ by 0 even where both are infinite.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ExpSum<T> Add(ExpSum<T> s, T x)
    {
        var e = x == s.Max ? T.One : R.Exp(-R.Abs(x - s.Max));
        var higher = x > s.Max;
        return new() { Max = higher ? x : s.Max, Sum = higher ? R.Fma(s.Sum, e, T.One) : s.Sum + e };
    }

    public static ExpSum<T> Combine(ExpSum<T> a, ExpSum<T> b)
    {
        // A NaN is in a sum, never in a maximum.
        var max = a.Max > b.Max ? a.Max : b.Max;
        var first = a.Max == max ? T.One : R.Exp(a.Max - max);
        var second = b.Max == max ? T.One : R.Exp(b.Max - max);
        return new() { Max = max, Sum = R.Fma(a.Sum, first, b.Sum * second) };
    }
}

/// <summary>Arguments of <see cref="SoftmaxKernel{T, R, TTeam}"/>.</summary>
internal struct SoftmaxArgs<T> where T : unmanaged
{
    public ArrayView<T> X;
    public ArrayView<T> Y;
    public int Length;
    public int Inner;
    public int Lines;
    public int Log;
}

/// <summary>Softmax, or its logarithm, along an axis.</summary>
internal readonly struct SoftmaxKernel<T, R, TTeam> : IDeviceKernel<SoftmaxArgs<T>>
    where T : unmanaged, IFloatingPointIeee754<T> where R : struct, IReal<T> where TTeam : struct, ITeam
{
    public static void Run(SoftmaxArgs<T> a)
    {
        int line = Rows.Index<TTeam>(), lane = Rows.Lane<TTeam>();
        var start = line / a.Inner * a.Length * a.Inner + line % a.Inner;
        var count = line < a.Lines ? a.Length : 0;
        var s = ExpSumOp<T, R>.None;
        for (var i = lane; i < count; i += TTeam.Lanes) s = ExpSumOp<T, R>.Add(s, a.X[start + i * a.Inner]);
        s = TTeam.Reduce<ExpSum<T>, ExpSumOp<T, R>>(s);
        // What a shift by an infinite maximum gives: not a number.
        var sum = s.Sum + (s.Max - s.Max);
        if (a.Log != 0)
        {
            // In two steps: their sum would round away the small one.
            var log = R.Log(sum);
            for (var i = lane; i < count; i += TTeam.Lanes)
                a.Y[start + i * a.Inner] = a.X[start + i * a.Inner] - s.Max - log;
            return;
        }
        var factor = T.One / sum;
        for (var i = lane; i < count; i += TTeam.Lanes)
            a.Y[start + i * a.Inner] = R.Exp(a.X[start + i * a.Inner] - s.Max) * factor;
    }
}

/// <summary>Arguments of <see cref="MaskedSoftmaxKernel{T, R, TTeam}"/>.</summary>
internal struct MaskedSoftmaxArgs<T> where T : unmanaged
{
    public ArrayView<T> X;
    public ArrayView<T> Mask;
    public ArrayView<T> Y;
    public long MaskBatch;
    public long MaskHead;
    public int MaskRow;
    public int HasMask;
    public int Heads;
    public int RowsOfHead;
    public int Length;
    public int Rows;
    public T Scale;
}

/// <summary>y = softmax(scale·x + mask) of rows [B, H, Lq, Lk]; a row of nothing but −∞ becomes 0.</summary>
internal readonly struct MaskedSoftmaxKernel<T, R, TTeam> : IDeviceKernel<MaskedSoftmaxArgs<T>>
    where T : unmanaged, IFloatingPointIeee754<T> where R : struct, IReal<T> where TTeam : struct, ITeam
{
    public static void Run(MaskedSoftmaxArgs<T> a)
    {
        int row = Rows.Index<TTeam>(), lane = Rows.Lane<TTeam>(), head = row / a.RowsOfHead, start = row * a.Length;
        var count = row < a.Rows ? a.Length : 0;
        var mask = head / a.Heads * a.MaskBatch + head % a.Heads * a.MaskHead + (long)(row % a.RowsOfHead) * a.MaskRow;
        var s = ExpSumOp<T, R>.None;
        for (var i = lane; i < count; i += TTeam.Lanes) s = ExpSumOp<T, R>.Add(s, Score(a, start + i, mask + i));
        s = TTeam.Reduce<ExpSum<T>, ExpSumOp<T, R>>(s);
        // A maximum of −∞ has no finite shift; the sum is NaN if an element is.
        var empty = s.Max == T.NegativeInfinity;
        var shift = empty ? T.Zero : s.Max;
        var factor = empty ? s.Sum - s.Sum : T.One / s.Sum;
        for (var i = lane; i < count; i += TTeam.Lanes)
            a.Y[start + i] = R.Exp(Score(a, start + i, mask + i) - shift) * factor;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static T Score(MaskedSoftmaxArgs<T> a, int at, long mask) =>
        a.HasMask != 0 ? R.Fma(a.Scale, a.X[at], a.Mask[mask]) : a.Scale * a.X[at];
}

/// <summary>Arguments of <see cref="SoftmaxBackwardKernel{T, R, TTeam}"/>.</summary>
internal struct SoftmaxBackwardArgs<T> where T : unmanaged
{
    public ArrayView<T> Y;
    public ArrayView<T> G;
    public ArrayView<T> Dx;
    public int Length;
    public int Inner;
    public int Lines;
    public int Log;
}

/// <summary>dx = y∘(g − Σy∘g), or for the logarithm g − eʸ·Σg.</summary>
internal readonly struct SoftmaxBackwardKernel<T, R, TTeam> : IDeviceKernel<SoftmaxBackwardArgs<T>>
    where T : unmanaged, IFloatingPointIeee754<T> where R : struct, IReal<T> where TTeam : struct, ITeam
{
    public static void Run(SoftmaxBackwardArgs<T> a)
    {
        int line = Rows.Index<TTeam>(), lane = Rows.Lane<TTeam>();
        var start = line / a.Inner * a.Length * a.Inner + line % a.Inner;
        var count = line < a.Lines ? a.Length : 0;
        var sum = T.Zero;
        if (a.Log != 0)
        {
            for (var i = lane; i < count; i += TTeam.Lanes) sum += a.G[start + i * a.Inner];
        }
        else
        {
            for (var i = lane; i < count; i += TTeam.Lanes)
                sum = R.Fma(a.Y[start + i * a.Inner], a.G[start + i * a.Inner], sum);
        }
        sum = TTeam.Reduce<T, SumOp<T>>(sum);
        for (var i = lane; i < count; i += TTeam.Lanes)
        {
            var at = start + i * a.Inner;
            a.Dx[at] = a.Log != 0 ? a.G[at] - R.Exp(a.Y[at]) * sum : a.Y[at] * (a.G[at] - sum);
        }
    }
}
