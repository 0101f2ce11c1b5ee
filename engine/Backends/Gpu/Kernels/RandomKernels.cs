using System.Numerics;
using AmcEngine.Backends.Gpu.DeviceMath;
using AmcEngine.Backends.Gpu.Host;
using AmcEngine.Backends.Kernels;
using AmcEngine.Tensors;
using ILGPU;

namespace AmcEngine.Backends.Gpu.Kernels;

// Random numbers by element number, see RandomKey: the same words as on the CPU back end. Layout: flat; a lane takes
// the four elements of a Philox block, so that a mask never reaches memory. Cost: about 25 integer operations an
// element; x once, y once.

/// <summary>Random tensors and dropout.</summary>
internal sealed class RandomKernels(GpuContext context) : GpuKernels(context), IRandomKernels
{
    /// <inheritdoc/>
    public void Run(in DropoutArgs args)
    {
        if (args.Y.DType == DType.F64) Dropout<double>(args);
        else Dropout<float>(args);
    }

    private void Dropout<T>(in DropoutArgs args) where T : unmanaged, IFloatingPointIeee754<T>
    {
        var (x, p, key, y) = args;
        var call = new DropoutKernel<T>.Args
        {
            X = View<T>(x),
            Y = View<T>(y),
            Scale = T.CreateTruncating(1 / (1 - p)),
            Threshold = (uint)Math.Ceiling(p * (1 << 24)),
            SeedLow = (uint)key.Seed,
            SeedHigh = (uint)(key.Seed >> 32),
            Op = key.Op,
            Step = key.Step,
            First = key.First(y.Count),
            Count = y.Count,
        };
        if (Quads<T>(x, y)) LaunchOver<DropoutQuadsKernel<T>, DropoutKernel<T>.Args>(QuadsOf(y.Count), call);
        else LaunchOver<DropoutKernel<T>, DropoutKernel<T>.Args>(QuadsOf(y.Count), call);
    }

    /// <inheritdoc/>
    public void Run(in UniformArgs args)
    {
        if (args.Y.DType == DType.F64) Uniform<double, SameDouble>(args);
        else Uniform<float, DoubleToSingle>(args);
    }

    private void Uniform<T, C>(in UniformArgs args)
        where T : unmanaged, IFloatingPointIeee754<T> where C : struct, IConversion<double, T> =>
        LaunchOver<UniformKernel<T, double, F64, C>, UniformKernel<T, double, F64, C>.Args>(
            QuadsOf(args.Y.Count), new UniformKernel<T, double, F64, C>.Args
            {
                Y = View<T>(args.Y),
                Low = args.Low,
                Width = args.High - args.Low,
                Last = args.High <= args.Low ? T.PositiveInfinity : T.BitDecrement(T.CreateTruncating(args.High)),
                SeedLow = (uint)args.Key.Seed,
                SeedHigh = (uint)(args.Key.Seed >> 32),
                Op = args.Key.Op,
                Step = args.Key.Step,
                Count = args.Y.Count,
            });

    /// <inheritdoc/>
    public void Run(in NormalArgs args)
    {
        if (args.Y.DType == DType.F64) Normal<double, F64>(args);
        else Normal<float, F32>(args);
    }

    private void Normal<T, R>(in NormalArgs args)
        where T : unmanaged, IFloatingPointIeee754<T> where R : struct, IReal<T> =>
        LaunchOver<NormalKernel<T, R>, NormalKernel<T, R>.Args>(QuadsOf(args.Y.Count), new NormalKernel<T, R>.Args
        {
            Y = View<T>(args.Y),
            Mean = T.CreateTruncating(args.Mean),
            Std = T.CreateTruncating(args.Std),
            SeedLow = (uint)args.Key.Seed,
            SeedHigh = (uint)(args.Key.Seed >> 32),
            Op = args.Key.Op,
            Step = args.Key.Step,
            Count = args.Y.Count,
        });
}

/// <summary>y = x∘[word div 2⁸ ≥ Threshold]·Scale.</summary>
internal readonly struct DropoutKernel<T> : IDeviceKernel<DropoutKernel<T>.Args>
    where T : unmanaged, IFloatingPointIeee754<T>
{
    /// <summary>The kernel's operands.</summary>
    public struct Args
    {
        public ArrayView<T> X;
        public ArrayView<T> Y;
        public T Scale;
        public uint Threshold;
        public uint SeedLow;
        public uint SeedHigh;
        public uint Op;
        public uint Step;
        public long First;
        public int Count;
    }

    public static void Run(Args a)
    {
        var blocks = (int)(((long)a.Count + 3) / 4);
        for (var b = Grid.GlobalIndex.X; b < blocks; b += Grid.DimX * Group.DimX) Block(a, b);
    }

    /// <summary>One block, of which the last may be cut.</summary>
    public static void Block(Args a, int block)
    {
        var i = 4 * block;
        var words = DevicePhilox.Words(a.SeedLow, a.SeedHigh, a.Op, a.Step, a.First + i);
        a.Y[i] = Apply(a.X[i], words.X, a.Threshold, a.Scale);
        if (i + 1 < a.Count) a.Y[i + 1] = Apply(a.X[i + 1], words.Y, a.Threshold, a.Scale);
        if (i + 2 < a.Count) a.Y[i + 2] = Apply(a.X[i + 2], words.Z, a.Threshold, a.Scale);
        if (i + 3 < a.Count) a.Y[i + 3] = Apply(a.X[i + 3], words.W, a.Threshold, a.Scale);
    }

    /// <summary>One element.</summary>
    public static T Apply(T x, uint word, uint threshold, T scale) => word >> 8 >= threshold ? x * scale : T.Zero;
}

/// <summary>Dropout by quads: a block's elements are loaded and stored together.</summary>
internal readonly struct DropoutQuadsKernel<T> : IDeviceKernel<DropoutKernel<T>.Args>
    where T : unmanaged, IFloatingPointIeee754<T>
{
    public static void Run(DropoutKernel<T>.Args a)
    {
        var xs = a.X.Cast<Quad<T>>();
        var ys = a.Y.Cast<Quad<T>>();
        var first = Grid.GlobalIndex.X;
        var whole = a.Count / 4;
        for (var b = first; b < whole; b += Grid.DimX * Group.DimX)
        {
            var words = DevicePhilox.Words(a.SeedLow, a.SeedHigh, a.Op, a.Step, a.First + 4L * b);
            var x = xs[b];
            x.X = DropoutKernel<T>.Apply(x.X, words.X, a.Threshold, a.Scale);
            x.Y = DropoutKernel<T>.Apply(x.Y, words.Y, a.Threshold, a.Scale);
            x.Z = DropoutKernel<T>.Apply(x.Z, words.Z, a.Threshold, a.Scale);
            x.W = DropoutKernel<T>.Apply(x.W, words.W, a.Threshold, a.Scale);
            ys[b] = x;
        }
        if (first == 0 & 4 * whole < a.Count) DropoutKernel<T>.Block(a, whole);
    }
}

/// <summary>
/// y uniform in [low, high). Computed in A (f64) whatever T is, with every operation rounded for itself (the product is
/// a fused operation with zero, which no compiler merges with the sum), so that the values are the CPU back end's to
/// the bit.
/// </summary>
internal readonly struct UniformKernel<T, A, R, C> : IDeviceKernel<UniformKernel<T, A, R, C>.Args>
    where T : unmanaged, IFloatingPointIeee754<T>
    where A : unmanaged, IFloatingPointIeee754<A> where R : struct, IReal<A> where C : struct, IConversion<A, T>
{
    /// <summary>Arguments; Last is the largest value below high.</summary>
    public struct Args
    {
        public ArrayView<T> Y;
        public A Low;
        public A Width;
        public T Last;
        public uint SeedLow;
        public uint SeedHigh;
        public uint Op;
        public uint Step;
        public int Count;
    }

    public static void Run(Args a)
    {
        var blocks = (int)(((long)a.Count + 3) / 4);
        for (var b = Grid.GlobalIndex.X; b < blocks; b += Grid.DimX * Group.DimX)
        {
            var words = DevicePhilox.Block(a.SeedLow, a.SeedHigh, a.Op, a.Step, b);
            var i = 4 * b;
            a.Y[i] = Value(a, words.X);
            if (i + 1 < a.Count) a.Y[i + 1] = Value(a, words.Y);
            if (i + 2 < a.Count) a.Y[i + 2] = Value(a, words.Z);
            if (i + 3 < a.Count) a.Y[i + 3] = Value(a, words.W);
        }
    }

    private static T Value(Args a, uint word)
    {
        var u = R.FromInt((int)(word >> 8)) * R.From(DevicePhilox.Unit);
        var value = C.Convert(a.Low + R.Fma(u, a.Width, A.Zero));
        return value < a.Last ? value : a.Last;
    }
}

/// <summary>
/// y normal by Box-Muller: elements 2k and 2k + 1 are r·cos and r·sin with r = √(−2 ln(1 − u₂ₖ)) at angle 2π·u₂ₖ₊₁. 1 −
/// u is exact; about 60 FLOP a pair.
/// </summary>
internal readonly struct NormalKernel<T, R> : IDeviceKernel<NormalKernel<T, R>.Args>
    where T : unmanaged, IFloatingPointIeee754<T> where R : struct, IReal<T>
{
    /// <summary>The kernel's operands.</summary>
    public struct Args
    {
        public ArrayView<T> Y;
        public T Mean;
        public T Std;
        public uint SeedLow;
        public uint SeedHigh;
        public uint Op;
        public uint Step;
        public int Count;
    }

    public static void Run(Args a)
    {
        var blocks = (int)(((long)a.Count + 3) / 4);
        for (var b = Grid.GlobalIndex.X; b < blocks; b += Grid.DimX * Group.DimX)
        {
            var words = DevicePhilox.Block(a.SeedLow, a.SeedHigh, a.Op, a.Step, b);
            Pair(a, 4 * b, words.X, words.Y);
            Pair(a, 4 * b + 2, words.Z, words.W);
        }
    }

    private static void Pair(Args a, int at, uint first, uint second)
    {
        var unit = R.From(DevicePhilox.Unit);
        var rest = T.One - R.FromInt((int)(first >> 8)) * unit;
        var turns = R.FromInt((int)(second >> 8)) * unit;
        var radius = a.Std * R.Sqrt(R.From(-2) * R.Log(rest));
        if (at < a.Count) a.Y[at] = R.Fma(radius, R.CosTurns(turns), a.Mean);
        if (at + 1 < a.Count) a.Y[at + 1] = R.Fma(radius, R.SinTurns(turns), a.Mean);
    }
}
